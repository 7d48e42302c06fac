// The check of what a program is fed, the same in every executor.

import { AppError } from '../../contracts/errors.ts';
import { showShape, sizeOf, type Shape } from '../graph/tensor.ts';

/** @throws AppError 'bad-input' naming the input that is missing or has the wrong size */
export function checkFeed(
  feeds: Readonly<Record<string, Float32Array>>,
  name: string,
  shape: Shape,
): Float32Array {
  const values: Float32Array | undefined = feeds[name];
  if (values?.length !== sizeOf(shape)) {
    const reason = values === undefined ? 'no values' : `${values.length} values`;
    throw new AppError('bad-input', `The graph input "${name}" ${showShape(shape)} got ${reason}.`, {
      place: name,
      reason,
    });
  }
  return values;
}
