// Plain cross-entropy: what every other objective is compared with.

import { z } from 'zod';
import { crossEntropy } from '../nn/classification.ts';
import { meanOver, objective, totalOf } from './objective.ts';

export const standard = objective({
  id: 'standard',
  title: 'Standard',
  summary: 'Learns from the class labels alone.',
  citation: 'Cross-entropy; the baseline of every paper cited here',
  schema: z.object({}),
  presets: [],
  needs: {},
  build({ images, labels, weight, forward }) {
    const { logits } = forward(images);
    return totalOf({ class: meanOver(crossEntropy(logits, labels), weight) }, logits);
  },
});
