// Operations that move values without computing: reshape, transpose, broadcast, concatenate, slice, pad.
// Each constructor folds what it can, so graphs stay small while they are built.

import {
  broadcastShapes,
  graphError,
  makeTensor,
  normaliseAxes,
  sameShape,
  showShape,
  sizeOf,
  type Shape,
  type Tensor,
} from './tensor.ts';

/** The same values in the same order under another shape; one extent may be -1 (whatever is left). */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const target = [...shape];
  const free = target.indexOf(-1);
  if (free >= 0) target[free] = sizeOf(x.shape) / -sizeOf(target);
  if (
    sizeOf(target) !== sizeOf(x.shape) ||
    target.some((extent) => !Number.isInteger(extent) || extent < 1)
  ) {
    throw graphError('reshape', `${showShape(x.shape)} cannot become ${showShape(shape)}`);
  }
  if (sameShape(target, x.shape)) return x;
  if (x.op === 'reshape') return reshape(x.inputs[0], target);
  if (x.op === 'constant') return makeTensor('constant', [], target, { values: x.attributes.values });
  if (x.op === 'broadcastTo' && sizeOf(x.inputs[0].shape) === 1) {
    return broadcastTo(reshape(x.inputs[0], []), target);
  }
  return makeTensor('reshape', [x], target, {});
}

/** Axis i of the result is axis permutation[i] of x. */
export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  const order = permutation.map((axis) => (axis < 0 ? axis + x.shape.length : axis));
  if (
    order.length !== x.shape.length ||
    normaliseAxes('transpose', x.shape.length, order).length !== order.length
  ) {
    throw graphError(
      'transpose',
      `[${permutation.join(', ')}] is no order of the axes of ${showShape(x.shape)}`,
    );
  }
  if (order.every((axis, index) => axis === index)) return x;
  const shape = order.map((axis) => x.shape[axis]);
  if (x.op === 'transpose') {
    return transpose(
      x.inputs[0],
      order.map((axis) => x.attributes.permutation[axis]),
    );
  }
  if (x.op === 'broadcastTo' && sizeOf(x.inputs[0].shape) === 1) {
    return broadcastTo(reshape(x.inputs[0], []), shape);
  }
  const movesOnlyOnes = order
    .filter((axis) => x.shape[axis] > 1)
    .every((axis, index, kept) => index === 0 || kept[index - 1] < axis);
  if (movesOnlyOnes) return reshape(x, shape);
  return makeTensor('transpose', [x], shape, { permutation: order });
}

/** Repeats axes of extent 1, and adds leading axes, by NumPy's rule. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (!sameShape(broadcastShapes('broadcastTo', x.shape, shape), shape)) {
    throw graphError('broadcastTo', `${showShape(x.shape)} cannot fill ${showShape(shape)}`);
  }
  if (x.op === 'broadcastTo') return broadcastTo(x.inputs[0], shape);
  if (sizeOf(x.shape) === sizeOf(shape)) return reshape(x, shape);
  return makeTensor('broadcastTo', [x], [...shape], {});
}

/** Joins tensors that agree on all other axes. */
export function concat(xs: readonly Tensor[], axis: number): Tensor {
  if (xs.length === 0) throw graphError('concat', 'no tensors');
  const [first] = xs;
  const [at] = normaliseAxes('concat', first.shape.length, axis);
  for (const x of xs) {
    if (
      x.shape.length !== first.shape.length ||
      x.shape.some((extent, i) => i !== at && extent !== first.shape[i])
    ) {
      throw graphError(
        'concat',
        `${showShape(x.shape)} does not join ${showShape(first.shape)} on axis ${at}`,
      );
    }
  }
  if (xs.length === 1) return first;
  const shape = first.shape.map((extent, i) =>
    i === at ? xs.reduce((sum, x) => sum + x.shape[at], 0) : extent,
  );
  return makeTensor('concat', xs, shape, { axis: at });
}

/** The block of the given sizes that begins at starts; a size of -1 reaches to the end. */
export function slice(x: Tensor, starts: readonly number[], sizes: readonly number[]): Tensor {
  if (starts.length !== x.shape.length || sizes.length !== x.shape.length) {
    throw graphError('slice', `starts and sizes need ${x.shape.length} entries`);
  }
  const shape = sizes.map((size, axis) => (size === -1 ? x.shape[axis] - starts[axis] : size));
  shape.forEach((extent, axis) => {
    if (extent < 1 || starts[axis] < 0 || starts[axis] + extent > x.shape[axis]) {
      throw graphError(
        'slice',
        `${extent} from ${starts[axis]} is outside axis ${axis} of ${showShape(x.shape)}`,
      );
    }
  });
  if (sameShape(shape, x.shape)) return x;
  if (x.op === 'broadcastTo' && sizeOf(x.inputs[0].shape) === 1) {
    return broadcastTo(reshape(x.inputs[0], []), shape);
  }
  if (x.op === 'slice') {
    return slice(
      x.inputs[0],
      starts.map((start, axis) => start + x.attributes.starts[axis]),
      shape,
    );
  }
  return makeTensor('slice', [x], shape, { starts: [...starts] });
}

/** Adds zeros before and after each axis. */
export function pad(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  const rank = x.shape.length;
  if (before.length !== rank || after.length !== rank || [...before, ...after].some((width) => width < 0)) {
    throw graphError('pad', `before and after need ${rank} widths from 0`);
  }
  if ([...before, ...after].every((width) => width === 0)) return x;
  const shape = x.shape.map((extent, axis) => extent + before[axis] + after[axis]);
  return makeTensor('pad', [x], shape, { before: [...before], after: [...after] });
}
