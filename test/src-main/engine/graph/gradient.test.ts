import { describe, expect, it } from 'vitest';
import * as g from '../../../../src-main/engine/graph/index.ts';
import type { Tensor } from '../../../../src-main/engine/graph/index.ts';
import { evaluate, gradientError, randomNumbers, type Feeds } from './finite-differences.ts';
import { operationCases, type OperationCase } from './operation-cases.ts';

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

describe('the gradient of every operation agrees with finite differences', () => {
  for (const operation of operationCases) {
    it(`${operation.title}, to first and second order`, () => {
      for (const seed of [1, 2, 3]) {
        const { random, feeds, operands, first } = makeCase(operation, seed);
        expect(gradientError(first, operands, feeds)).toBeLessThan(1e-7);
        const second = g
          .gradient(first, operands)
          .map((derivative, index) => probe(derivative, `s${index}`, feeds, random))
          .reduce(g.add);
        expect(gradientError(second, operands, feeds)).toBeLessThan(1e-7);
      }
    });
  }

  it('and no operation is missing from the list', () => {
    const seen = new Set<string>();
    for (const operation of operationCases) {
      const { operands, first } = makeCase(operation, 1);
      for (const tensor of g.topologicalOrder([first, ...g.gradient(first, operands)])) seen.add(tensor.op);
    }
    expect([...seen].sort()).toEqual(
      [
        ...[
          'abs',
          'add',
          'broadcastTo',
          'concat',
          'constant',
          'conv',
          'convFilterGrad',
          'convInputGrad',
          'div',
        ],
        ...[
          'equal',
          'exp',
          'greater',
          'identity',
          'input',
          'log',
          'matmul',
          'max',
          'maxPool',
          'maxPoolGather',
        ],
        ...[
          'maxPoolScatter',
          'maximum',
          'minimum',
          'mul',
          'neg',
          'pad',
          'relu',
          'reshape',
          'select',
          'sigmoid',
        ],
        ...['sign', 'slice', 'softplus', 'sqrt', 'step', 'stopGradient', 'sub', 'sum', 'tanh', 'transpose'],
      ].sort(),
    );
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
    const [slope] = g.gradient(g.sum(g.mul(kept, g.square(shift))), [kept]);
    const feeds = { x: new Float64Array(6), shift: Float64Array.of(1, 2, 3) };
    expect([...evaluate([slope], feeds)[0]]).toEqual([1, 4, 9, 1, 4, 9]);
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

  it('refuses a tensor of several elements', () => {
    const x = g.input('x', [2]);
    expect(() => g.gradient(x, [x])).toThrow('gradient: needs a scalar, not [2]');
  });
});
