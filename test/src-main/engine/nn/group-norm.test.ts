import { describe, expect, it } from 'vitest';
import * as g from '../../../../src-main/engine/graph/index.ts';
import { groupNorm, layerNorm } from '../../../../src-main/engine/nn/group-norm.ts';
import { evaluate, randomNumbers, directionalError, type Feeds } from '../graph/finite-differences.ts';

const random = randomNumbers(1);
const numbers = (size: number, mean = 0): Float64Array =>
  Float64Array.from({ length: size }, () => mean + 2 * random() - 1);

describe('group-norm and layer-norm', () => {
  const x = g.input('x', [2, 6, 3, 4]);
  const channels = { scale: g.input('scale', [6]), shift: g.input('shift', [6]) };
  const planes = { scale: g.input('scale', [3, 4]), shift: g.input('shift', [3, 4]) };
  const standard = (size: number, mean: number): Feeds => ({
    x: numbers(144, mean),
    scale: new Float64Array(size).fill(1),
    shift: new Float64Array(size),
  });
  const moments = (values: Float64Array) => {
    const mean = values.reduce((a, b) => a + b) / values.length;
    return [mean, values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length];
  };

  it('give every group of a picture, and every row of last axes, zero mean and unit variance, far from 0 too', () => {
    for (const [y, size, of] of [
      [groupNorm(x, channels, 3), 6, 24],
      [groupNorm(x, channels, 1), 6, 72],
      [layerNorm(x, planes), 12, 12],
    ] as const) {
      const [values] = evaluate([y], standard(size, 1000));
      for (let start = 0; start < values.length; start += of) {
        const [mean, variance] = moments(values.slice(start, start + of));
        expect(mean).toBeCloseTo(0, 3);
        expect(variance).toBeCloseTo(1, 3);
      }
    }
  });

  it('have the derivatives that finite differences give, to second order', () => {
    const scalars = [groupNorm(x, channels, 2), layerNorm(x, planes)];
    scalars.forEach((y, index) => {
      const { scale, shift } = index === 0 ? channels : planes;
      const size = g.sizeOf(scale.shape);
      const feeds: Feeds = { x: numbers(144), scale: numbers(size), shift: numbers(size), r: numbers(144) };
      const wrt = [x, scale, shift];
      const first = g.sum(g.mul(y, g.tanh(g.mul(y, g.input('r', y.shape)))));
      expect(directionalError(first, wrt, feeds, random)).toBeLessThan(1e-7);
      const second = g.gradient(first, wrt).map((grad) => g.sum(g.square(grad)));
      expect(directionalError(second.reduce(g.add), wrt, feeds, random)).toBeLessThan(1e-7);
    });
  });

  it('refuse groups and scales that do not fit', () => {
    expect(() => groupNorm(x, channels, 4)).toThrow('6 channels do not fall into 4 equal groups');
    const four = g.input('scale', [3, 1]);
    expect(() => layerNorm(x, { scale: four, shift: four })).toThrow('are not those of the scale [3,1]');
  });
});
