// Blackout: the outside of the region is simply hidden. The baseline that a penalty has to beat.

import { z } from 'zod';
import { mul, reshape, scalar, sub } from '../graph/index.ts';
import { classLoss } from '../nn/classification.ts';
import { objective, totalOf } from './objective.ts';

export const blackout = objective({
  id: 'blackout',
  title: 'Blackout',
  summary:
    'Blacks out everything outside the boxes in training and tests on whole pictures. Needs boxes or masks.',
  citation: 'KC & Zhang 2021, arXiv 2108.10131 (baseline)',
  schema: z.object({}),
  presets: [],
  needs: {},
  build({ batch, images, labels, task, regionMask, hasRegion, forward, meanLoss }) {
    // Black is 0 before normalisation, as in the paper's code. Pictures without region stay whole.
    const hidden = mul(reshape(hasRegion, [batch, 1, 1, 1]), sub(scalar(1), regionMask)); // [B, 1, S, S]
    const { logits } = forward(mul(images, sub(scalar(1), hidden)));
    return totalOf({ class: meanLoss(classLoss(logits, labels, task)) }, logits);
  },
});
