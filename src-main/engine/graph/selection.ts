// Choosing among elements: masks of the largest, one-hot codes, rows by number.

import { equal } from './elementwise.ts';
import { constant, ones } from './leaf.ts';
import { matmul } from './linear.ts';
import { reshape } from './shaping.ts';
import { graphError, makeTensor, showShape, sizeOf, type Tensor } from './tensor.ts';

/**
 * 1 at the k largest elements of the last axis, else 0; exactly k ones. Of equal elements the first are taken. Its
 * derivative is 0 everywhere.
 */
export function topKMask(x: Tensor, k: number): Tensor {
  const extent = x.shape.at(-1);
  if (extent === undefined || !Number.isInteger(k) || k < 1 || k > extent) {
    throw graphError('topKMask', `cannot take ${k} along the last axis of ${showShape(x.shape)}`);
  }
  if (k === extent) return ones(x.shape);
  return makeTensor('topKMask', [x], x.shape, { k });
}

/** 1 at the largest element of the last axis, the first of equal ones, else 0; its derivative is 0 everywhere. */
export function argMaxMask(x: Tensor): Tensor {
  return topKMask(x, 1);
}

/**
 * @param indices  whole numbers of any shape; one outside 0..count-1 gives a row of zeros
 * @returns        the shape of indices with [count] added: 1 where the last axis is the index, else 0
 */
export function oneHot(indices: Tensor, count: number): Tensor {
  if (!Number.isInteger(count) || count < 1) throw graphError('oneHot', `${count} is no count from 1`);
  const numbers = constant(
    Array.from({ length: count }, (_, index) => index),
    [count],
  );
  return equal(reshape(indices, [...indices.shape, 1]), numbers);
}

/**
 * Rows of x by number, as a product with their one-hot codes: exact, differentiable in x to any order, and meant for
 * tables of up to some thousand rows. A value in x that is not finite reaches every row.
 * @param x        [n, ...rest]
 * @param indices  whole numbers of any shape; one outside 0..n-1 gives zeros
 * @returns        [...shape of indices, ...rest]
 */
export function gather(x: Tensor, indices: Tensor): Tensor {
  if (x.shape.length === 0) throw graphError('gather', 'needs at least one axis');
  const [count, ...rest] = x.shape;
  const codes = reshape(oneHot(indices, count), [sizeOf(indices.shape), count]);
  return reshape(matmul(codes, reshape(x, [count, sizeOf(rest)])), [...indices.shape, ...rest]);
}
