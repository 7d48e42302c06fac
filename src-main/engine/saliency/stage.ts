// Which convolution stage's maps a method reads.

import { z } from 'zod';
import { AppError } from '../../contracts/errors.ts';
import type { Tensor } from '../graph/index.ts';
import type { ForwardPass } from '../nn/model.ts';

export const stageField = (usual = 0) =>
  z.int().min(0).max(8).default(usual).meta({
    title: 'Stages back',
    help: 'Which feature maps are read: 0 those of the last convolution stage, 1 of the one before; earlier ones are finer and know less of the class.',
  });

/**
 * @returns  [B, C, h, w], the node the logits are computed from
 * @throws   AppError 'bad-input' if the model has no such stage
 */
export function stageOf({ stages }: ForwardPass, back: number): Tensor {
  const found = stages.at(-1 - back);
  if (found) return found;
  throw new AppError(
    'bad-input',
    stages.length === 0
      ? 'this method reads feature maps, and the model has no convolutions'
      : `the model has ${stages.length} convolution stages, so "Stages back" is at most ${stages.length - 1}`,
    { place: 'stagesBack' },
  );
}
