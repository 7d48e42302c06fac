// The error of an annotation file that cannot be read.

import { AppError } from '../contracts/errors.ts';

/** An annotation file that cannot be trusted: the import ends, nothing of it is kept. */
export function damaged(file: string, place: string, reason: string, cause?: unknown): AppError {
  return new AppError('bad-file', `${file}, ${place}: ${reason}`, { file, place, reason }, cause);
}
