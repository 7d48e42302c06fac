// Plain cross-entropy: what every other objective is compared with.

import { z } from 'zod';
import { classLoss } from '../nn/classification.ts';
import { objective, totalOf } from './objective.ts';

export const standard = objective({
  id: 'standard',
  title: 'Standard',
  summary: 'Cross-entropy on the class labels alone. Needs no boxes.',
  citation: 'Cross-entropy; the baseline of every paper cited here',
  schema: z.object({}),
  presets: [],
  needs: {},
  build({ images, labels, task, forward, meanLoss }) {
    const { logits } = forward(images);
    return totalOf({ class: meanLoss(classLoss(logits, labels, task)) }, logits);
  },
});
