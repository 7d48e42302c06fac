// Euclidean length and direction, with derivatives that stay finite at the zero vector.

import { div, equal, greater, mul, select, sqrt, square } from './elementwise.ts';
import { scalar } from './leaf.ts';
import { sum } from './reduction.ts';
import type { Tensor } from './tensor.ts';

/** Length over the given axes (all by default). At the zero vector every derivative is taken as 0. */
export function l2Norm(x: Tensor, axes?: number | readonly number[], keepDims = false): Tensor {
  const squares = sum(square(x), axes, keepDims);
  const isZero = equal(squares, scalar(0));
  return select(isZero, scalar(0), sqrt(select(isZero, scalar(1), squares)));
}

/**
 * x divided by its length over the given axes, or by `shortest` where it is shorter than that. A vector so short is
 * only scaled, so at the zero vector the value is 0, the derivative 1 / shortest and the second derivative 0. At the
 * default the second derivative stays within float32 at any length.
 */
export function l2Normalise(x: Tensor, axes: number | readonly number[] = -1, shortest = 1e-6): Tensor {
  const squares = sum(square(x), axes, true);
  const least = scalar(shortest * shortest);
  return div(x, sqrt(select(greater(squares, least), squares, least)));
}

/**
 * Cosine of the angle between a and b along an axis, which it removes; 0 where one of them is zero.
 * Shapes broadcast.
 */
export function cosineSimilarity(a: Tensor, b: Tensor, axis = -1): Tensor {
  return sum(mul(l2Normalise(a, axis), l2Normalise(b, axis)), axis);
}
