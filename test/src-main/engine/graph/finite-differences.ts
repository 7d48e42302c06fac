// Central differences on the float64 reference: the judge of every gradient rule.

import type { Tensor } from '../../../../src-main/engine/graph/index.ts';
import { gradient, sizeOf } from '../../../../src-main/engine/graph/index.ts';
import { evaluateReference } from '../../../../src-main/engine/runtime/index.ts';

export type Feeds = Record<string, Float64Array>;

/** A small generator (mulberry32), so that a failing case can be repeated from its seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function evaluate(outputs: readonly Tensor[], feeds: Feeds): Float64Array[] {
  return evaluateReference(outputs, (name) => feeds[name]);
}

/**
 * The largest difference between the symbolic gradient of a scalar and central differences, relative to the
 * larger of 1 and the largest gradient element.
 */
export function gradientError(y: Tensor, wrt: readonly Tensor[], feeds: Feeds, width = 1e-5): number {
  const symbolic = evaluate(gradient(y, wrt), feeds);
  let scale = 1;
  let worst = 0;
  wrt.forEach((tensor, which) => {
    if (tensor.op !== 'input') throw new Error('finite differences need input nodes');
    const values = feeds[tensor.attributes.name];
    for (let index = 0; index < sizeOf(tensor.shape); index++) {
      const original = values[index];
      values[index] = original + width;
      const [[above]] = evaluate([y], feeds);
      values[index] = original - width;
      const [[below]] = evaluate([y], feeds);
      values[index] = original;
      const difference = (above - below) / (2 * width);
      scale = Math.max(scale, Math.abs(difference));
      const error = Math.abs(difference - symbolic[which][index]);
      worst = Math.max(worst, Number.isNaN(error) ? Infinity : error);
    }
  });
  return worst / scale;
}

/** The largest difference, relative to the larger of 1 and the largest expected element. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let scale = 1;
  let worst = 0;
  for (let index = 0; index < expected.length; index++) {
    scale = Math.max(scale, Math.abs(expected[index]));
    const error = Math.abs(actual[index] - expected[index]);
    worst = Math.max(worst, Number.isNaN(error) ? Infinity : error);
  }
  return worst / scale;
}

/**
 * The difference between the symbolic gradient of a scalar along one random direction and the central difference along
 * it, relative to the larger of 1 and the sum of the magnitudes that the product of gradient and direction adds up.
 */
export function directionalError(
  y: Tensor,
  wrt: readonly Tensor[],
  feeds: Feeds,
  random: () => number,
  width = 1e-5,
): number {
  const symbolic = evaluate(gradient(y, wrt), feeds);
  const above = { ...feeds };
  const below = { ...feeds };
  let grad = 0;
  let scale = 1;
  wrt.forEach((tensor, which) => {
    if (tensor.op !== 'input') throw new Error('finite differences need input nodes');
    const { name } = tensor.attributes;
    const direction = feeds[name].map(() => 2 * random() - 1);
    above[name] = feeds[name].map((value, index) => value + width * direction[index]);
    below[name] = feeds[name].map((value, index) => value - width * direction[index]);
    direction.forEach((step, index) => {
      grad += step * symbolic[which][index];
      scale += Math.abs(step * symbolic[which][index]);
    });
  });
  const difference = (evaluate([y], above)[0][0] - evaluate([y], below)[0][0]) / (2 * width);
  const error = Math.abs(difference - grad) / scale;
  return Number.isNaN(error) ? Infinity : error;
}
