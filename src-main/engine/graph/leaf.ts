// Leaves of the graph: named inputs and constants.

import { broadcastTo } from './shaping.ts';
import { graphError, makeTensor, sizeOf, type Shape, type Tensor } from './tensor.ts';

/** A value given at every run, known by its name (unique within a program). */
export function input(name: string, shape: Shape): Tensor {
  for (const extent of shape) {
    if (!Number.isInteger(extent) || extent < 1) {
      throw graphError('input', `"${name}" has the extent ${extent}; extents are whole numbers from 1`);
    }
  }
  return makeTensor('input', [], [...shape], { name });
}

/** A value fixed when the graph is built, rounded to float32. */
export function constant(values: Float32Array | readonly number[], shape: Shape): Tensor {
  if (values.length !== sizeOf(shape)) {
    throw graphError('constant', `${values.length} values for the shape [${shape.join(', ')}]`);
  }
  return makeTensor('constant', [], [...shape], { values: Float32Array.from(values) });
}

/** A constant of shape []. */
export function scalar(value: number): Tensor {
  return constant([value], []);
}

export function zeros(shape: Shape): Tensor {
  return broadcastTo(scalar(0), shape);
}

export function ones(shape: Shape): Tensor {
  return broadcastTo(scalar(1), shape);
}

/** The value all elements share, if the graph itself says so. */
export function uniformValue(tensor: Tensor): number | undefined {
  if (tensor.op === 'broadcastTo' || tensor.op === 'reshape') return uniformValue(tensor.inputs[0]);
  if (tensor.op !== 'constant') return undefined;
  const { values } = tensor.attributes;
  return values.every((value) => value === values[0]) ? values[0] : undefined;
}
