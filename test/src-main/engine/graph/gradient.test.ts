import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as g from '../../../../src-main/engine/graph/index.ts';
import type { Op, Tensor } from '../../../../src-main/engine/graph/index.ts';
import {
  evaluate,
  randomNumbers,
  relativeError,
  directionalError,
  type Feeds,
} from './finite-differences.ts';
import { operationCases, operationFamilies, operationNames, type OperationCase } from './operation-cases.ts';

/** A scalar that sees every element of y with a weight of its own. */
function probe(y: Tensor, name: string, feeds: Feeds, random: () => number): Tensor {
  feeds[name] = Float64Array.from({ length: g.sizeOf(y.shape) }, () => 2 * random() - 1);
  return g.sum(g.mul(y, g.input(name, y.shape)));
}

function makeCase({ shapes, build, value = (x) => x }: OperationCase, seed: number) {
  const random = randomNumbers(seed);
  const feeds: Feeds = {};
  const operands = shapes.map((shape, index) => {
    feeds[`x${index}`] = Float64Array.from({ length: g.sizeOf(shape) }, () => value(2 * random() - 1));
    return g.input(`x${index}`, shape);
  });
  return { random, feeds, operands, first: probe(build(...operands), 'r', feeds, random) };
}

describe('the gradient of every operation agrees with finite differences over random shapes and attributes', () => {
  for (const [name, cases] of operationFamilies) {
    it(`${name}, to third order`, () => {
      fc.assert(
        fc.property(cases, fc.nat(), (operation, seed) => {
          const { random, feeds, operands, first } = makeCase(operation, seed);
          let y = first;
          for (let order = 1; order <= 3; order++) {
            expect(
              directionalError(y, operands, feeds, random),
              `${operation.title}, order ${order}`,
            ).toBeLessThan(1e-7);
            y = g
              .gradient(y, operands)
              .map((grad, index) => probe(grad, `s${order} ${index}`, feeds, random))
              .reduce(g.add);
          }
        }),
        { seed: 11, numRuns: 50 },
      );
    });
  }
});

describe('the table of operations', () => {
  it('has every operation that the graph offers', () => {
    expect(operationFamilies.map(([name]) => name).sort()).toEqual([...operationNames].sort());
  });

  it('meets every kind of node, forward and in derivatives', () => {
    const seen = new Set<string>();
    for (const operation of operationCases) {
      const { operands, first } = makeCase(operation, 1);
      for (const tensor of g.topologicalOrder([first, ...g.gradient(first, operands)])) seen.add(tensor.op);
    }
    // A new kind of node that is missing here does not compile.
    const every: Record<Op, true> = {
      input: true,
      constant: true,
      identity: true,
      stopGradient: true,
      neg: true,
      exp: true,
      log: true,
      sqrt: true,
      abs: true,
      sign: true,
      step: true,
      relu: true,
      sigmoid: true,
      tanh: true,
      softplus: true,
      erf: true,
      add: true,
      sub: true,
      mul: true,
      div: true,
      maximum: true,
      minimum: true,
      greater: true,
      equal: true,
      select: true,
      topKMask: true,
      sum: true,
      max: true,
      reshape: true,
      broadcastTo: true,
      transpose: true,
      concat: true,
      slice: true,
      pad: true,
      matmul: true,
      conv: true,
      convInputGrad: true,
      convFilterGrad: true,
      maxPool: true,
      maxPoolScatter: true,
      maxPoolGather: true,
    };
    expect([...seen].sort()).toEqual(Object.keys(every).sort());
  });
});

describe('gradient', () => {
  it('gives the second derivatives that TensorFlow.js gets wrong', () => {
    const x = g.input('x', []);
    const at = (value: number) => ({ x: Float64Array.of(value) });
    const [first] = g.gradient(g.mul(x, g.exp(x)), [x]);
    const [second] = g.gradient(first, [x]);
    expect(evaluate([second], at(0.5))[0][0]).toBeCloseTo(2.5 * Math.exp(0.5), 12);
  });

  it('is zero for what the scalar does not depend on, and behind stopGradient', () => {
    const x = g.input('x', [2]);
    const y = g.input('y', [2]);
    const feeds = { x: Float64Array.of(3, 4), y: Float64Array.of(5, 6) };
    const [dx, dy] = g.gradient(g.sum(g.mul(x, g.stopGradient(g.exp(x)))), [x, y]);
    expect([...evaluate([dy], feeds)[0]]).toEqual([0, 0]);
    expect([...evaluate([dx], feeds)[0]]).toEqual([Math.exp(3), Math.exp(4)]);
  });

  it('can be taken in a node that is not an input', () => {
    const x = g.input('x', [3]);
    const middle = g.square(x);
    const [derivative] = g.gradient(g.sum(g.mul(middle, middle)), [middle]);
    expect([...evaluate([derivative], { x: Float64Array.of(1, 2, 3) })[0]]).toEqual([2, 8, 18]);
  });

  it('finds a sum that constructors would see through when it is an identity, and refuses it otherwise', () => {
    const x = g.input('x', [2, 3]);
    const shift = g.input('shift', [3]);
    const bare = g.add(x, shift);
    expect(() => g.gradient(g.sum(bare), [bare])).toThrow(
      'gradient: the scalar was not computed from this add',
    );
    const kept = g.identity(bare);
    const [grad] = g.gradient(g.sum(g.mul(kept, g.square(shift))), [kept]);
    const feeds = { x: new Float64Array(6), shift: Float64Array.of(1, 2, 3) };
    expect([...evaluate([grad], feeds)[0]]).toEqual([1, 4, 9, 1, 4, 9]);
  });

  it('gives the whole gradient of a max-pool tie to the first element, and shares that of a maximum', () => {
    const x = g.input('x', [1, 1, 2, 2]);
    const feeds = { x: Float64Array.of(0, 7, 7, 7) };
    const [pooled] = g.gradient(g.sum(g.maxPool(x, { window: 2 })), [x]);
    expect([...evaluate([pooled], feeds)[0]]).toEqual([0, 1, 0, 0]);
    const [shared] = g.gradient(g.sum(g.globalMaxPool(x)), [x]);
    expect([...evaluate([shared], feeds)[0]]).toEqual(
      [0, 1 / 3, 1 / 3, 1 / 3].map((v) => expect.closeTo(v, 6)),
    );
  });

  it('takes a rule for an operation for one call only, such as that of guided backpropagation', () => {
    const x = g.input('x', [4]);
    const feeds = { x: Float64Array.of(-1, 2, 3, 4), r: Float64Array.of(1, 1, -1, 2) };
    const weights = g.input('r', [4]);
    const y = g.sum(g.mul(weights, g.square(g.relu(x))));
    const [guided] = g.gradient(y, [x], {
      rules: { relu: (_, grad, usual) => usual().map((d) => d && g.mul(d, g.step(grad))) },
    });
    const [usual] = g.gradient(y, [x]);
    const [second] = g.gradient(g.sum(guided), [x]);
    const results = evaluate([guided, usual, second], feeds);
    [
      [0, 4, 0, 16],
      [0, 4, -6, 16],
      [0, 2, 0, 4],
    ].forEach((expected, index) => expect(relativeError(results[index], expected)).toBe(0));
  });

  it('lets a rule pass a slope through an operation that has none, and refuses one of the wrong shape', () => {
    const x = g.input('x', [2, 2]);
    const y = g.sum(g.mul(g.step(x), g.constant([1, 2, 3, 4], [2, 2])));
    const feeds = { x: Float64Array.of(-1, 1, -1, 1) };
    const [through] = g.gradient(y, [x], { rules: { step: (_, grad) => [grad] } });
    expect([...evaluate([through], feeds)[0]]).toEqual([1, 2, 3, 4]);
    expect(() => g.gradient(y, [x], { rules: { step: (_, grad) => [g.sum(grad)] } })).toThrow(
      'gradient: a rule for step gave [] for an input of [2, 2]',
    );
  });

  it('refuses a tensor of several elements', () => {
    const x = g.input('x', [2]);
    expect(() => g.gradient(x, [x])).toThrow('gradient: needs a scalar, not [2]');
  });
});
