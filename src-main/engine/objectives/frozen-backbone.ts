// What a run with a frozen backbone can be.

import { AppError } from '../../contracts/errors.ts';
import type { RunConfig } from '../../contracts/runs.ts';
import type { Settings } from '../../contracts/settings.ts';

/** @throws AppError 'bad-input' where a frozen backbone cannot do what is asked */
export function refuseFrozen(
  { objective, start }: RunConfig,
  { backbone }: Pick<Settings, 'backbone'>,
): void {
  if (backbone !== 'frozen') return;
  if (objective !== 'standard')
    throw new AppError('bad-input', `${objective} changes all layers, and a frozen backbone none`, {
      place: 'backbone',
      reason: 'choose backbone=fine-tuned, or the objective standard',
    });
  if (!start)
    throw new AppError('bad-input', 'a frozen backbone needs trained weights to start from', {
      place: 'backbone',
      reason: 'choose weights, or backbone=fine-tuned',
    });
}
