// Fast gradient sign method: one step of size eps in every value, uphill in the loss.

import { z } from 'zod';
import { add, clip, gradient, mul, sign, sum } from '../graph/index.ts';
import { crossEntropy } from '../nn/classification.ts';
import type { Attack } from './attack.ts';

/**
 * x + eps * sign(d cross-entropy / d x), clipped to [0, 1]. Acts on pixels, unlike the public code of KC & Zhang,
 * which hands normalised pictures to an attack that believes them to lie in [0, 1].
 */
export const fgsm: Attack = {
  id: 'fgsm',
  title: 'FGSM',
  summary: 'Changes every pixel by the same small amount in the direction that raises the loss.',
  citation: 'Goodfellow et al. 2015, arXiv 1412.6572, section 4',
  schema: z.object({}),
  presets: [],
  build({ images, labels, eps, forward }) {
    const [slopes] = gradient(sum(crossEntropy(forward(images).logits, labels)), [images]);
    return clip(add(images, mul(sign(slopes), eps)), 0, 1);
  },
};
