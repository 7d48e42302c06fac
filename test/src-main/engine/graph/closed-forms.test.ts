// What operations give where the answer is known without computing it: formulas, limits, ties, and the zero vector.

import { afterAll, describe, expect, it } from 'vitest';
import * as g from '../../../../src-main/engine/graph/index.ts';
import type { Tensor } from '../../../../src-main/engine/graph/index.ts';
import {
  onnxExecutor,
  referenceExecutor,
  type Executor,
  type Session,
} from '../../../../src-main/engine/runtime/index.ts';
import { evaluate, randomNumbers, relativeError, type Feeds } from './finite-differences.ts';

const numbers = (size: number, seed: number): Float64Array => {
  const random = randomNumbers(seed);
  return Float64Array.from({ length: size }, () => 2 * random() - 1);
};

describe('convolutions', () => {
  const feeds: Feeds = { x: numbers(2 * 6 * 9 * 8, 1), w: numbers(8 * 3 * 3 * 2, 2) };
  const x = g.input('x', [2, 6, 9, 8]);
  const w = g.input('w', [8, 3, 3, 2]);
  const options = { stride: 2, padding: 2, dilation: 2 };

  it('in groups are the convolutions of each group, side by side', () => {
    const parts = [0, 1].map((group) =>
      g.conv(
        g.slice(x, [0, 3 * group, 0, 0], [2, 3, 9, 8]),
        g.slice(w, [4 * group, 0, 0, 0], [4, 3, 3, 2]),
        options,
      ),
    );
    const [whole, joined] = evaluate([g.conv(x, w, { ...options, groups: 2 }), g.concat(parts, 1)], feeds);
    expect(whole).toEqual(joined);
  });

  it('with dilation are those with filters that have zeros between their elements', () => {
    const spread = g.reshape(
      g.pad(g.reshape(w, [8, 3, 3, 1, 2, 1]), [0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 1]),
      [8, 3, 6, 4],
    );
    const filters = g.slice(spread, [0, 0, 0, 0], [8, 3, 5, 3]);
    const [dilated, plain] = evaluate(
      [g.conv(x, w, { ...options, groups: 2 }), g.conv(x, filters, { ...options, dilation: 1, groups: 2 })],
      feeds,
    );
    expect(relativeError(dilated, plain)).toBeLessThan(1e-14);
  });

  it('refuse groups and dilations that do not fit, naming the shapes', () => {
    expect(() => g.conv(x, w)).toThrow(
      'conv: images [2, 6, 9, 8] and filters [8, 3, 3, 2] do not fit together',
    );
    expect(() => g.conv(x, w, { groups: 3 })).toThrow('in 3 groups do not fit together');
    expect(() => g.conv(x, g.input('w', [5, 3, 3, 2]), { groups: 2 })).toThrow('in 2 groups');
    expect(() => g.conv(x, w, { groups: 2, dilation: 0 })).toThrow('conv: dilation 0 and groups 2');
    expect(() => g.conv(x, w, { groups: 2, dilation: 5 })).toThrow('conv: images');
  });
});

describe('activations', () => {
  const at = (values: number[]): Feeds => ({ x: Float64Array.from(values) });
  const x = g.input('x', [5]);
  const values = [-4, -0.5, 0, 0.5, 4];
  const grads = (y: Tensor): number[] => [...evaluate(g.gradient(g.sum(y), [x]), at(values))[0]];

  it('follow their formulas, and at 0 have the slopes that PyTorch gives them', () => {
    expect(grads(g.gelu(x))[2]).toBe(0.5);
  });

  it('know the error function', () => {
    const points = [-7, -0.3, 1e-9, 1, 5];
    // Abramowitz & Stegun 7.1, to the digits given there and beyond
    const known = [-1, -0.3286267594591274, 1.1283791670955126e-9, 0.8427007929497149, 0.9999999999984626];
    const [actual] = evaluate([g.erf(x)], at(points));
    known.forEach((value, index) => expect(actual[index] / value).toBeCloseTo(1, 14));
  });
});

describe('choosing', () => {
  it('takes exactly k, the first of equal ones', () => {
    const x = g.input('x', [2, 5]);
    const feeds = { x: Float64Array.of(1, 3, 3, 3, 0, -2, -2, -2, -2, -2) };
    const [two, one] = evaluate([g.topKMask(x, 2), g.argMaxMask(x)], feeds);
    expect([...two]).toEqual([0, 1, 1, 0, 0, 1, 1, 0, 0, 0]);
    expect([...one]).toEqual([0, 1, 0, 0, 0, 1, 0, 0, 0, 0]);
    expect([...evaluate([g.topKMask(x, 5)], feeds)[0]]).toEqual(Array(10).fill(1));
    expect(() => g.topKMask(x, 6)).toThrow('topKMask: cannot take 6 along the last axis of [2, 5]');
    expect(() => g.topKMask(g.scalar(1), 1)).toThrow('topKMask: cannot take 1');
  });

  it('gathers rows by number, adds up the gradient of a row taken twice, and gives zeros for no row', () => {
    const x = g.input('x', [3, 2]);
    const indices = g.constant([2, 0, 2, 7], [4]);
    const rows = g.gather(x, indices);
    const feeds = { x: Float64Array.of(1, 2, 3, 4, 5, 6) };
    const [values, grad] = evaluate([rows, ...g.gradient(g.sum(g.square(rows)), [x])], feeds);
    expect([...values]).toEqual([5, 6, 1, 2, 5, 6, 0, 0]);
    expect([...grad]).toEqual([2, 4, 0, 0, 20, 24]);
    expect([...evaluate([g.oneHot(g.constant([1, -1], [2]), 3)], {})[0]]).toEqual([0, 1, 0, 0, 0, 0]);
  });
});

for (const [name, executor] of [
  ['the reference', referenceExecutor()],
  ['ONNX Runtime', onnxExecutor({ threads: 1 })],
] as [string, Executor][]) {
  describe(`in float32 on ${name}`, () => {
    const open: Session[] = [];
    afterAll(() => Promise.all(open.map((session) => session.dispose())));
    const run = async (outputs: Record<string, Tensor>, feeds: Record<string, number[]>) => {
      const session = await executor.compile({ inputs: [], outputs });
      open.push(session);
      const singles = Object.entries(feeds).map(([key, values]) => [key, Float32Array.from(values)]);
      return session.run(Object.fromEntries(singles) as Record<string, Float32Array>);
    };

    it('length and direction are finite with their first and second derivatives, however short the vector', async () => {
      const x = g.input('x', [5, 3]);
      const outputs: Record<string, Tensor> = {};
      const weights = g.constant([1, -2, 0.5], [3]);
      for (const [title, y] of [
        ['length', g.l2Norm(x, -1, true)],
        ['direction', g.l2Normalise(x)],
        ['cosine', g.cosineSimilarity(x, weights)],
      ] as [string, Tensor][]) {
        const [first] = g.gradient(g.sum(g.mul(y, y.shape.length === 2 ? weights : g.scalar(1))), [x]);
        const [second] = g.gradient(g.sum(g.mul(first, g.constant([3, 1, 2], [3]))), [x]);
        Object.assign(outputs, { [title]: y, [`${title}, first`]: first, [`${title}, second`]: second });
      }
      const vectors = [0, 0, 0, 1e-30, 0, -1e-30, 1e-7, 2e-7, 0, 1.5e-6, 0, 0, 3, 0, 4];
      const results = await run(outputs, { x: vectors });
      for (const [title, values] of Object.entries(results)) {
        expect(values.every(Number.isFinite), `${title}: ${values.join()}`).toBe(true);
      }
      expect(results.length[0]).toBe(0);
      expect(results.length[4]).toBe(5);
      expect([...results['length, first'].slice(0, 3)]).toEqual([0, 0, 0]);
      expect([...results.direction.slice(0, 3)]).toEqual([0, 0, 0]);
      expect(relativeError(results.direction.slice(12), [0.6, 0, 0.8])).toBeLessThan(1e-6);
      expect(results.cosine[0]).toBe(0);
      expect(results.cosine[4]).toBeCloseTo((3 + 2) / (5 * Math.sqrt(5.25)), 6);
    });

    it('cross-entropy of a sigmoid keeps its digits where the sigmoid is saturated', async () => {
      const z = g.input('z', [5]);
      const t = g.input('t', [5]);
      const loss = g.sigmoidCrossEntropy(z, t);
      const results = await run(
        { loss, grad: g.gradient(g.sum(loss), [z])[0] },
        { z: [1000, -1000, 20, 0, -20], t: [1, 1, 1, 0.5, 0] },
      );
      [0, 1000, Math.log1p(Math.exp(-20)), Math.LN2, Math.log1p(Math.exp(-20))].forEach((expected, index) => {
        expect(Math.abs(results.loss[index] - expected)).toBeLessThanOrEqual(1e-6 * expected);
      });
      [0, -1, 0, 0, 0].forEach((grad, index) => expect(results.grad[index]).toBeCloseTo(grad, 6));
    });

    it('the largest elements are told apart as the reference does it, ties included', async () => {
      const random = randomNumbers(4);
      const values = Array.from({ length: 60 }, () => Math.floor(4 * random()));
      const x = g.input('x', [5, 12]);
      const masks = [1, 2, 7, 11].map((k) => [`${k}`, g.topKMask(x, k)]);
      const results = await run(Object.fromEntries(masks) as Record<string, Tensor>, { x: values });
      for (const [k, tensor] of masks as [string, Tensor][]) {
        const [expected] = evaluate([tensor], { x: Float64Array.from(values) });
        expect([...results[k]], k).toEqual([...expected]);
        expect(results[k].reduce((a, b) => a + b)).toBe(5 * Number(k));
      }
    });
  });
}
