// Fast gradient sign method: one step of size eps in every value, uphill in the loss.

import { z } from 'zod';
import { add, clip, div, gradient, mul, sign, sub, sum, type Tensor } from '../graph/index.ts';
import { crossEntropy } from '../nn/classification.ts';
import type { ForwardPass } from '../nn/model.ts';
import { imageDeviation, imageMean, perChannel } from '../nn/normalise.ts';
import { attack } from './attack.ts';
import { imagesOf } from './queries.ts';
import { oneHot } from './rows.ts';

const schema = z.object({
  space: z.enum(['pixel', 'normalised']).default('pixel').meta({
    title: 'Space',
    help: 'Where the step is taken: on pixels, or as in the public code of KC & Zhang on normalised values that it believes to lie in 0 to 1, which attacks only part of them.',
  }),
});

/**
 * x + eps * sign(d cross-entropy / d x), clipped to [0, 1].
 * @param eps  scalar or [B, 1, 1, 1]
 */
function fgsmImages(
  images: Tensor,
  labels: Tensor,
  eps: Tensor,
  forward: (images: Tensor) => ForwardPass,
): Tensor {
  return clip(add(images, mul(uphill(images, labels, forward), eps)), 0, 1);
}

/**
 * The defect of the public code: u = (x - mean) / deviation goes one step, is clipped to [0, 1] as if u lay there, and
 * then back into the eps-ball. Values of u below 0 or above 1 are pushed towards [0, 1] whatever the gradient says;
 * eps counts in normalised units.
 */
function legacyImages(
  images: Tensor,
  labels: Tensor,
  eps: Tensor,
  forward: (images: Tensor) => ForwardPass,
): Tensor {
  const [mean, deviation] = [perChannel(imageMean), perChannel(imageDeviation)];
  const normalised = div(sub(images, mean), deviation);
  const stepped = clip(add(normalised, mul(uphill(images, labels, forward), eps)), 0, 1);
  const attacked = clip(stepped, sub(normalised, eps), add(normalised, eps));
  return clip(add(mul(attacked, deviation), mean), 0, 1);
}

/** The sign is the same in both spaces: normalisation only scales. */
function uphill(images: Tensor, labels: Tensor, forward: (images: Tensor) => ForwardPass): Tensor {
  return sign(gradient(sum(crossEntropy(forward(images).logits, labels)), [images])[0]);
}

/** Attacks every picture, those that are wrong already too, as the papers' curves do. */
export const fgsm = attack({
  id: 'fgsm',
  title: 'FGSM',
  summary: 'Changes every pixel by the same small amount in the direction that raises the loss.',
  citation: 'Goodfellow et al. 2015, arXiv 1412.6572, section 4',
  schema,
  presets: [
    {
      id: 'paper-box-aware',
      title: 'As in the box-aware code',
      source: 'KC & Zhang 2021, public code: normalised pictures with bounds 0 and 1',
      params: { space: 'normalised' },
    },
  ],
  aim: 'class',
  norm: () => 'linf',
  async run(target, { images, labels, eps }, { space }) {
    const step = target.program(`fgsm/${space}`, (context) => {
      const images = imagesOf(context);
      const form = space === 'pixel' ? fgsmImages : legacyImages;
      const targets = context.rows('labels', [context.classes]);
      return { attacked: form(images, targets, context.rows('eps', [1, 1, 1]), context.forward) };
    });
    const feeds = {
      images,
      labels: oneHot(labels, target.classes),
      eps: new Float32Array(labels.length).fill(eps),
    };
    return (await step(labels.length, feeds)).attacked;
  },
});
