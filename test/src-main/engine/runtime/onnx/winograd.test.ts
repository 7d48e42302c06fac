import { describe, expect, it } from 'vitest';
import * as g from '../../../../../src-main/engine/graph/index.ts';
import { referenceExecutor } from '../../../../../src-main/engine/runtime/index.ts';
import { isConvolution } from '../../../../../src-main/engine/runtime/onnx/algorithms.ts';
import {
  inputPrefix,
  lowerProgram,
  outputPrefix,
} from '../../../../../src-main/engine/runtime/onnx/lowering.ts';
import {
  lowerInTiles,
  tileRule,
  tileSizes,
  transforms,
} from '../../../../../src-main/engine/runtime/onnx/winograd.ts';
import { loadRuntime } from '../../../../../src-main/engine/runtime/onnx/executor.ts';
import { randomNumbers, relativeError } from '../../graph/finite-differences.ts';

const times = (matrix: readonly (readonly number[])[], vector: readonly number[]): number[] =>
  matrix.map((row) => row.reduce((sum, value, i) => sum + value * vector[i], 0));

describe('the small matrices', () => {
  it('of points 0, 1 and -1 are those of the paper', () => {
    // Lavin & Gray 2016, equation 7, up to signs: a coefficient of filters and pixels both negated is the same product.
    expect(transforms([0, 1, -1])).toEqual({
      t: 4,
      results: [
        [1, 1, 1, 0],
        [0, 1, -1, 1],
      ],
      filters: [
        [-1, -0, -0],
        [0.5, 0.5, 0.5],
        [0.5, -0.5, 0.5],
        [0, 0, 1],
      ],
      pixels: [
        [-1, 0, 1, 0],
        [0, 1, 1, 0],
        [0, -1, 1, 0],
        [0, -1, 0, 1],
      ],
    });
  });

  it.each([[[0, 1, -1]], [[0, 1, -1, 1 / 2, -2]], [[0, 1, -1, 2, -2, 1 / 2, -1 / 2]]])(
    'of points %j make the sums of products of three neighbours',
    (points) => {
      const random = randomNumbers(7);
      const { t, results, filters, pixels } = transforms(points);
      for (let trial = 0; trial < 20; trial++) {
        const [x, w] = [t, 3].map((count) => Array.from({ length: count }, () => 2 * random() - 1));
        const products = times(pixels, x).map((value, i) => value * times(filters, w)[i]);
        const actual = times(results, products);
        expect(actual).toHaveLength(t - 2);
        actual.forEach((value, i) =>
          expect(value).toBeCloseTo(w[0] * x[i] + w[1] * x[i + 1] + w[2] * x[i + 2], 12),
        );
      }
    },
  );
});

it.each([
  ['batch', [5, 6, 8, 11]],
  ['filters', [1, 6, 8, 11]],
])('tiles in parts of the %s make what the float64 reference does', async (_, shape) => {
  const random = randomNumbers(5);
  const images = g.input('images', shape);
  const filters = g.input('filters', [7, 6, 3, 3]);
  const y = g.conv(images, filters, { padding: 1 });
  const grads = g.input('grads', y.shape);
  const [imageGrad, filterGrad] = g.gradient(g.sum(g.mul(y, grads)), [images, filters]);
  const program = { inputs: [images, filters, grads], outputs: { y, imageGrad, filterGrad } };
  const feeds = Object.fromEntries(
    Object.entries({ images, filters, grads }).map(([name, { shape }]) => [
      name,
      Float32Array.from({ length: g.sizeOf(shape) }, () => 2 * random() - 1),
    ]),
  );
  const expected = await (await referenceExecutor().compile(program)).run(feeds);
  const runtime = await loadRuntime();
  const counts: number[] = [];
  for (const tiles of tileSizes)
    for (const most of [1e6, 4000, 400, 1]) {
      const { model, usedInputs } = lowerProgram(program, (writer, tensor, [a, b]) => {
        if (!isConvolution(tensor)) return undefined;
        const before = writer.nodes.length;
        const value = lowerInTiles(writer, tensor, a, b, tiles, most);
        if (tensor.op === 'conv') counts.push(writer.nodes.length - before);
        return value;
      });
      const session = await runtime.InferenceSession.create(model, { graphOptimizationLevel: 'disabled' });
      const actual = await session.run(
        Object.fromEntries(
          usedInputs.map(({ name, shape }) => [
            inputPrefix + name,
            new runtime.Tensor('float32', feeds[name], shape),
          ]),
        ),
      );
      for (const [name, values] of Object.entries(expected))
        expect(relativeError(actual[outputPrefix + name].data as Float32Array, values)).toBeLessThan(1e-5);
      await session.release();
    }
  for (const first of [0, 4]) expect(counts[first + 3]).toBeGreaterThan(2 * counts[first]); // it was in parts
});

it('tiles are taken by wide convolutions that have enough of them', () => {
  const ruleOf = (batch: number, channels: number, side: number) => {
    const [x, w] = [g.input('x', [batch, channels, side, side]), g.input('w', [channels, channels, 3, 3])];
    const y = g.conv(x, w, { padding: 1 });
    const grads = g.gradient(g.sum(g.mul(y, g.input('s', y.shape))), [x, w]);
    return [y, ...grads].map((tensor) => isConvolution(tensor) && tileRule(tensor));
  };
  expect(ruleOf(32, 512, 8)).toEqual([4, 4, 4]);
  expect(ruleOf(8, 512, 7)).toEqual([2, 2, 2]); // 32 tiles of 4, 128 of 2
  expect(ruleOf(2, 512, 8)).toEqual([undefined, undefined, undefined]);
  expect(ruleOf(32, 64, 64)).toEqual([undefined, undefined, 4]);
  expect(ruleOf(32, 64, 16)).toEqual([undefined, undefined, undefined]);
});
