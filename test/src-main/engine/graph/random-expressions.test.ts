import { describe, expect, it } from 'vitest';
import * as g from '../../../../src-main/engine/graph/index.ts';
import type { Shape, Tensor } from '../../../../src-main/engine/graph/index.ts';
import { broadcastShapes, makeTensor } from '../../../../src-main/engine/graph/tensor.ts';
import { onnxExecutor } from '../../../../src-main/engine/runtime/index.ts';
import { evaluate, gradientError, randomNumbers, relativeError, type Feeds } from './finite-differences.ts';

/** The same expression twice: as the constructors fold it, and node by node as it was asked for. */
interface Pair {
  folded: Tensor;
  plain: Tensor;
}

const shapes: readonly Shape[] = [[], [4], [3, 1], [3, 4], [2, 1, 1], [2, 3, 4], [2, 3, 1], [1, 1, 4]];

function randomExpression(seed: number): { last: Pair; inputs: Tensor[]; feeds: Feeds } {
  const random = randomNumbers(seed);
  const below = (count: number): number => Math.floor(random() * count);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)];
  const feeds: Feeds = {};
  const inputs: Tensor[] = [];
  const pairs: Pair[] = [];
  for (let index = 0; index < 4; index++) {
    const shape = index === 0 ? [2, 3, 4] : pick(shapes);
    feeds[`x${index}`] = Float64Array.from({ length: g.sizeOf(shape) }, () => 2 * random() - 1);
    const tensor = g.input(`x${index}`, shape);
    inputs.push(tensor);
    pairs.push({ folded: tensor, plain: tensor });
  }
  for (const value of [0, 1, -1, 3]) {
    const tensor = g.scalar(value);
    pairs.push({ folded: tensor, plain: tensor });
  }
  const plainUnary = (op: 'neg' | 'tanh' | 'sigmoid', { plain }: Pair): Tensor =>
    makeTensor(op, [plain], plain.shape, {});
  const plainBinary = (op: 'add' | 'sub' | 'mul' | 'div' | 'maximum', a: Pair, b: Pair): Tensor =>
    makeTensor(op, [a.plain, b.plain], broadcastShapes(op, a.plain.shape, b.plain.shape), {});
  for (let count = 0; count < 14; count++) {
    // Recent values more often than old ones, so that expressions become deep.
    const a = random() < 0.6 ? pairs[pairs.length - 1 - below(Math.min(3, pairs.length))] : pick(pairs);
    const b = pick(pairs);
    const { shape } = a.folded;
    const makers: (() => Pair)[] = [
      () => ({ folded: g.neg(a.folded), plain: plainUnary('neg', a) }),
      () => ({ folded: g.tanh(a.folded), plain: plainUnary('tanh', a) }),
      () => ({ folded: g.add(a.folded, b.folded), plain: plainBinary('add', a, b) }),
      () => ({ folded: g.sub(a.folded, b.folded), plain: plainBinary('sub', a, b) }),
      () => ({ folded: g.mul(a.folded, b.folded), plain: plainBinary('mul', a, b) }),
      () => ({ folded: g.mul(b.folded, a.folded), plain: plainBinary('mul', b, a) }),
      () => {
        const positive = { folded: g.sigmoid(b.folded), plain: plainUnary('sigmoid', b) };
        return { folded: g.div(a.folded, positive.folded), plain: plainBinary('div', a, positive) };
      },
      () => {
        const axes = shape.map((_, axis) => axis).filter(() => random() < 0.5);
        const ones = shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
        const plain = axes.length === 0 ? a.plain : makeTensor('sum', [a.plain], ones, { axes });
        return { folded: g.sum(a.folded, axes, true), plain };
      },
      () => {
        const wide = broadcastShapes(
          'test',
          shape,
          pick(shapes.filter((other) => other.length <= shape.length)),
        );
        return {
          folded: g.broadcastTo(a.folded, wide),
          plain: makeTensor('broadcastTo', [a.plain], wide, {}),
        };
      },
      () => {
        const permutation = shape.map((_, axis) => axis).reverse();
        const turned = permutation.map((axis) => shape[axis]);
        return {
          folded: g.transpose(g.transpose(a.folded, permutation), permutation),
          plain: makeTensor(
            'transpose',
            [makeTensor('transpose', [a.plain], turned, { permutation })],
            shape,
            { permutation },
          ),
        };
      },
      () => {
        const flat = [g.sizeOf(shape)];
        return {
          folded: g.reshape(g.reshape(a.folded, flat), shape),
          plain: makeTensor('reshape', [makeTensor('reshape', [a.plain], flat, {})], shape, {}),
        };
      },
    ];
    try {
      pairs.push(pick(makers)());
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes('do not fit together')) throw error;
    }
  }
  const last = pairs.at(-1)!;
  return { last, inputs, feeds };
}

const seeds = Array.from({ length: 400 }, (_, seed) => seed);

describe('random expressions', () => {
  it('mean the same folded as they do plain, and keep their shape', () => {
    for (const seed of seeds) {
      const { last, feeds } = randomExpression(seed);
      expect(last.folded.shape, `seed ${seed}`).toEqual(last.plain.shape);
      const [folded, plain, simplified] = evaluate(
        [last.folded, last.plain, ...g.simplify([last.plain])],
        feeds,
      );
      // Folded constants are rounded to float32.
      expect(relativeError(folded, plain), `seed ${seed}`).toBeLessThan(1e-5);
      expect(simplified, `seed ${seed}`).toEqual(plain);
    }
  });

  it('have the gradients that finite differences give, first and second', () => {
    for (const seed of seeds.slice(0, 120)) {
      const { last, inputs, feeds } = randomExpression(seed);
      const first = g.sum(g.tanh(g.mul(last.folded, g.scalar(0.3))));
      expect(gradientError(first, inputs, feeds), `seed ${seed}`).toBeLessThan(1e-6);
      const grads = g.gradient(first, inputs).map((grad) => g.sum(g.square(grad)));
      expect(gradientError(grads.reduce(g.add), inputs, feeds), `seed ${seed}`).toBeLessThan(1e-6);
    }
  });

  it('are the same on ONNX Runtime', async () => {
    const executor = onnxExecutor({ threads: 1 });
    for (const seed of seeds.slice(0, 60)) {
      const { last, inputs, feeds } = randomExpression(seed);
      const grads = g.gradient(g.sum(g.tanh(last.folded)), inputs);
      const outputs = Object.fromEntries(
        [last.folded, ...grads].map((tensor, index) => [`y${index}`, tensor]),
      );
      const session = await executor.compile({ inputs, outputs });
      const singles = Object.entries(feeds).map(([name, values]) => [name, Float32Array.from(values)]);
      const actual = await session.run(Object.fromEntries(singles));
      await session.dispose();
      const expected = evaluate(Object.values(outputs), feeds);
      expected.forEach((values, index) =>
        expect(relativeError(actual[`y${index}`], values), `seed ${seed}`).toBeLessThan(1e-4),
      );
    }
  });
});

describe('operations on large arguments', () => {
  it('neither overflow nor lose their gradient, on both executors', async () => {
    const x = g.input('x', [4]);
    const feeds = { x: Float32Array.of(-200, 0, 90, 1000) };
    const softplus = g.softplus(x);
    const logSoftmax = g.logSoftmax(x);
    const outputs = {
      softplus,
      grad: g.gradient(g.sum(softplus), [x])[0],
      logSoftmax,
      loss: g.gradient(g.sum(g.slice(logSoftmax, [0], [2])), [x])[0],
    };
    const session = await onnxExecutor({ threads: 1 }).compile({ inputs: [x], outputs });
    const onnx = await session.run(feeds);
    await session.dispose();
    const doubles = { x: Float64Array.from(feeds.x) };
    const reference = evaluate(Object.values(outputs), doubles);
    for (const [softplusValues, grad, logs, loss] of [Object.values(onnx), reference]) {
      [0, Math.LN2, 90, 1000].forEach((value, index) => expect(softplusValues[index]).toBeCloseTo(value, 3));
      [0, 0.5, 1, 1].forEach((value, index) => expect(grad[index]).toBeCloseTo(value, 6));
      [-1200, -1000, -910, 0].forEach((value, index) => expect(logs[index]).toBeCloseTo(value, 3));
      [1, 1, 0, -2].forEach((value, index) => expect(loss[index]).toBeCloseTo(value, 6));
    }
  });
});
