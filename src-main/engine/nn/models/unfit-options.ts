// Model options that make no sense for a model are refused, not passed over in silence.

import { AppError } from '../../../contracts/errors.ts';
import type { ModelOptions } from '../model.ts';

const words = {
  pool: 'global pooling, so it cannot be max',
  lastStride: 'last stage whose stride could be 1',
  adl: 'convolution stages for attention dropout',
} as const;

/** @throws AppError 'bad-input' if one of `unfit` is asked for */
export function refuse(id: string, options: ModelOptions, unfit: readonly (keyof typeof words)[]): void {
  const asked = { pool: options.pool === 'max', lastStride: options.lastStride === 1, adl: !!options.adl };
  for (const name of unfit)
    if (asked[name]) throw new AppError('bad-input', `${id} has no ${words[name]}`, { place: name });
}
