// Arithmetic on pictures that lie one after the other in one array: parts of them, their distances, and the way back
// into the ball that an attack may not leave. Computed in float64, stored as float32.

import type { Random } from '../nn/random.ts';
import type { Norm } from './attack.ts';

/** Rows `indices` of an array whose rows have `length` values. */
export function take(rows: Float32Array, indices: readonly number[], length: number): Float32Array {
  const part = new Float32Array(indices.length * length);
  indices.forEach((index, i) => part.set(rows.subarray(index * length, (index + 1) * length), i * length));
  return part;
}

/** Writes row i of `part` to row indices[i] of `rows`. */
export function put(
  rows: Float32Array,
  indices: readonly number[],
  part: Float32Array,
  length: number,
): void {
  indices.forEach((index, i) => rows.set(part.subarray(i * length, (i + 1) * length), index * length));
}

/** One row, not copied. */
export const rowOf = (rows: Float32Array, row: number, length: number): Float32Array =>
  rows.subarray(row * length, (row + 1) * length);

export function oneHot(labels: ArrayLike<number>, classes: number): Float32Array {
  const rows = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) rows[i * classes + labels[i]] = 1;
  return rows;
}

export const clip01 = (value: number): number => Math.min(1, Math.max(0, value));

/** Length of x - y. */
export function distance(x: Float32Array, y: Float32Array, norm: Norm): number {
  let total = 0;
  for (let i = 0; i < x.length; i++) {
    const change = x[i] - y[i];
    total = norm === 'linf' ? Math.max(total, Math.abs(change)) : total + change * change;
  }
  return norm === 'linf' ? total : Math.sqrt(total);
}

export function lengthOf(x: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < x.length; i++) total += x[i] * x[i];
  return Math.sqrt(total);
}

/** Moves x, in place, to the nearest point of the ball of size eps round `centre`, then into [0, 1]. */
export function project(x: Float32Array, centre: Float32Array, eps: number, norm: Norm): void {
  const factor = norm === 'l2' ? Math.min(1, eps / Math.max(distance(x, centre, 'l2'), 1e-12)) : 1;
  for (let i = 0; i < x.length; i++) {
    const change =
      norm === 'linf' ? Math.min(eps, Math.max(-eps, x[i] - centre[i])) : factor * (x[i] - centre[i]);
    x[i] = clip01(centre[i] + change);
  }
}

/** Adds a step of the given size in the steepest direction of the norm: the sign, or the gradient's own direction. */
export function stepUp(x: Float32Array, gradient: Float32Array, size: number, norm: Norm): void {
  const factor = norm === 'l2' ? size / Math.max(lengthOf(gradient), 1e-12) : 0;
  for (let i = 0; i < x.length; i++)
    x[i] += norm === 'linf' ? size * Math.sign(gradient[i]) : factor * gradient[i];
}

/** A picture drawn uniformly from the ball of size eps round `centre`, clipped to [0, 1]. */
export function randomStart(centre: Float32Array, eps: number, norm: Norm, random: Random): Float32Array {
  if (norm === 'linf') return centre.map((value) => clip01(value + eps * (2 * random.uniform() - 1)));
  const direction = centre.map(() => random.normal());
  // The share of a ball inside radius r is r^dimensions.
  const radius = eps * random.uniform() ** (1 / centre.length);
  const factor = radius / Math.max(lengthOf(direction), 1e-12);
  return centre.map((value, i) => clip01(value + factor * direction[i]));
}
