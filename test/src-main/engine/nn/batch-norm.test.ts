import { describe, expect, it } from 'vitest';
import { input } from '../../../../src-main/engine/graph/index.ts';
import { batchNorm } from '../../../../src-main/engine/nn/index.ts';
import { onnxExecutor } from '../../../../src-main/engine/runtime/index.ts';
import { evaluate, wave } from '../training/tiny-network.ts';

const shape = [3, 2, 2, 4];
const x = input('x', shape);
const weights = Object.fromEntries(
  ['scale', 'shift', 'mean', 'variance'].map((name) => [name, input(name, [2])]),
) as Record<'scale' | 'shift' | 'mean' | 'variance', typeof x>;
const feeds = {
  x: Array.from(wave(48, 0.2), (v) => 3 + 2 * v),
  scale: [1.5, -2],
  shift: [0.1, 0.2],
  mean: [1, 2],
  variance: [4, 0.25],
};
const channelOf = (values: ArrayLike<number>, c: number): number[] =>
  Array.from(values).filter((_, i) => Math.floor(i / 8) % 2 === c);
const average = (values: number[]): number => values.reduce((a, b) => a + b) / values.length;

describe('batch normalisation', () => {
  it('in train mode gives each channel the shift as mean and the scale as deviation', () => {
    const { output } = evaluate({ output: batchNorm(x, weights, 'train').output }, feeds);
    for (const c of [0, 1]) {
      const values = channelOf(output, c);
      const mean = average(values);
      expect(mean).toBeCloseTo(feeds.shift[c], 6);
      expect(Math.sqrt(average(values.map((v) => (v - mean) ** 2)))).toBeCloseTo(Math.abs(feeds.scale[c]), 4);
    }
  });

  it('in train mode moves the running statistics a tenth of the way, to the unbiased variance', () => {
    const { running } = batchNorm(x, weights, 'train');
    const { mean, variance } = evaluate({ mean: running!.mean, variance: running!.variance }, feeds);
    for (const c of [0, 1]) {
      const values = channelOf(feeds.x, c);
      const unbiased = (average(values.map((v) => (v - average(values)) ** 2)) * 24) / 23;
      expect(mean[c]).toBeCloseTo(0.9 * feeds.mean[c] + 0.1 * average(values), 6);
      expect(variance[c]).toBeCloseTo(0.9 * feeds.variance[c] + 0.1 * unbiased, 6);
    }
  });

  it('in eval mode uses the running statistics and changes none', () => {
    const result = batchNorm(x, weights, 'eval');
    const { output } = evaluate({ output: result.output }, feeds);
    output.forEach((value, i) => {
      const c = Math.floor(i / 8) % 2;
      const expected =
        ((feeds.x[i] - feeds.mean[c]) / Math.sqrt(feeds.variance[c] + 1e-5)) * feeds.scale[c] +
        feeds.shift[c];
      expect(value).toBeCloseTo(expected, 6);
    });
    expect(result.running).toBeUndefined();
  });

  it('keeps its digits in single precision on flat images, whose mean is far above their deviation', async () => {
    const many = input('many', [8, 2, 16, 16]);
    const outputs = { output: batchNorm(many, weights, 'train').output };
    // Channel 0 lies 0.001 about 3, channel 1 0.01 about -20.
    const flat = Float32Array.from(wave(4096, 0.2), (v, i) =>
      Math.floor(i / 256) % 2 === 0 ? 3 + 0.001 * v : 0.01 * v - 20,
    );
    const fed = { many: flat, scale: Float32Array.from(feeds.scale), shift: Float32Array.from(feeds.shift) };
    const exact = evaluate(outputs, fed).output;
    const { scale, shift } = weights;
    const session = await onnxExecutor({ threads: 1 }).compile({ inputs: [many, scale, shift], outputs });
    const { output } = await session.run(fed);
    await session.dispose();
    exact.forEach((value, i) => expect(Math.abs(output[i] - value)).toBeLessThan(5e-3));
    expect(Math.max(...exact)).toBeGreaterThan(1);
  });

  it('stays finite on a channel that is constant', () => {
    const { output } = evaluate(
      { output: batchNorm(x, weights, 'train').output },
      { ...feeds, x: Array(48).fill(0.1) },
    );
    for (const value of output) expect(Number.isFinite(value)).toBe(true);
  });
});
