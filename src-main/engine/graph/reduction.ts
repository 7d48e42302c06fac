// Sums, means and maxima over axes. A factor that does not vary along the summed axes leaves the sum, and so
// does an addend: the large product is then never made only to be summed.

import { add, alignRank, div, mul, neg, sub } from './elementwise.ts';
import { scalar } from './leaf.ts';
import { broadcastTo, reshape } from './shaping.ts';
import { makeTensor, normaliseAxes, sameShape, sizeOf, type Shape, type Tensor } from './tensor.ts';

function withoutAxes(shape: Shape, axes: readonly number[]): number[] {
  return shape.filter((_, axis) => !axes.includes(axis));
}

function withOnes(shape: Shape, axes: readonly number[]): number[] {
  return shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
}

/** Sum over the given axes (all by default, negative from the end). */
export function sum(x: Tensor, axes?: number | readonly number[], keepDims = false): Tensor {
  const list = normaliseAxes('sum', x.shape.length, axes);
  const kept = sumKeepingAxes(x, list);
  return keepDims ? kept : reshape(kept, withoutAxes(x.shape, list));
}

function sumKeepingAxes(x: Tensor, requested: readonly number[]): Tensor {
  const axes = requested.filter((axis) => x.shape[axis] > 1);
  const shape = withOnes(x.shape, axes);
  if (axes.length === 0) return x;
  const rank = x.shape.length;
  if (x.op === 'broadcastTo') {
    const inner = alignRank(x.inputs[0], rank);
    const repeated = axes.filter((axis) => inner.shape[axis] === 1);
    const count = repeated.reduce((product, axis) => product * x.shape[axis], 1);
    const rest = sumKeepingAxes(inner, axes);
    return broadcastTo(mul(scalar(count), rest), shape);
  }
  if (x.op === 'neg') return neg(sumKeepingAxes(x.inputs[0], axes));
  if (x.op === 'sum')
    return sumKeepingAxes(
      x.inputs[0],
      [...x.attributes.axes, ...axes].sort((a, b) => a - b),
    );
  if (x.op === 'mul') {
    for (const [one, other] of [
      [0, 1],
      [1, 0],
    ]) {
      const factor = alignRank(x.inputs[one], rank);
      const rest = alignRank(x.inputs[other], rank);
      const outside = axes.filter((axis) => factor.shape[axis] === 1);
      if (outside.length === 0) continue;
      const remaining = axes.filter((axis) => !outside.includes(axis));
      return sumKeepingAxes(mul(factor, sumKeepingAxes(rest, outside)), remaining);
    }
  }
  if (x.op === 'add' || x.op === 'sub') {
    // Only where one operand is small: else the two sums cost more than the one.
    if (x.inputs.some((operand) => sizeOf(operand.shape) < sizeOf(x.shape))) {
      const [a, b] = x.inputs.map((operand) => sumKeepingAxes(broadcastTo(operand, x.shape), axes));
      return x.op === 'add' ? add(a, b) : sub(a, b);
    }
  }
  return makeTensor('sum', [x], shape, { axes });
}

/** Mean over the given axes (all by default). */
export function mean(x: Tensor, axes?: number | readonly number[], keepDims = false): Tensor {
  const list = normaliseAxes('mean', x.shape.length, axes);
  const count = list.reduce((product, axis) => product * x.shape[axis], 1);
  return div(sum(x, list, keepDims), scalar(count));
}

/** Maximum over the given axes (all by default). Equal maxima share the gradient equally. */
export function max(x: Tensor, axes?: number | readonly number[], keepDims = false): Tensor {
  const list = normaliseAxes('max', x.shape.length, axes);
  const reduced = list.filter((axis) => x.shape[axis] > 1);
  const kept =
    reduced.length === 0 ? x : makeTensor('max', [x], withOnes(x.shape, reduced), { axes: reduced });
  return keepDims ? kept : reshape(kept, withoutAxes(x.shape, list));
}

/** The adjoint of broadcasting: x summed until it has the given shape. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const added = x.shape.length - shape.length;
  const axes = x.shape
    .map((_, axis) => axis)
    .filter((axis) => axis < added || (shape[axis - added] === 1 && x.shape[axis] > 1));
  return reshape(sizeOf(x.shape) === sizeOf(shape) ? x : sum(x, axes, true), shape);
}
