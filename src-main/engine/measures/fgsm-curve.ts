// Accuracy under the one-step attack, as its step grows.

import { z } from 'zod';
import { imageDeviation, imageMean } from '../nn/normalise.ts';
import { hitsOf } from './accuracy.ts';
import { meanValue, meanOf, pointAt, shareValue } from './metric-values.ts';
import { measure, type BatchView } from './measure.ts';

export const fgsmCurve = measure({
  id: 'fgsm',
  title: 'FGSM curve',
  summary:
    'Accuracy after each pixel is moved by epsilon in the direction that raises the loss; the figure is the mean over the epsilons above 0.',
  citation: 'Goodfellow et al. 2015; epsilon in pixel space unless told otherwise, clipped to [0, 1].',
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
  curve: 'epsilon',
  cost: 'gradient',
  needs: [],
  isUsual: true,
  usesGradient: () => true,
  schema: z.object({
    largest: z
      .number()
      .min(0)
      .max(1)
      .default(8 / 255)
      .meta({
        title: 'Largest epsilon',
        role: 'epsilon',
        help: 'End of the curve, as a share of the pixel range; more is a stronger attack.',
        main: true,
      }),
    points: z.int().min(1).max(50).default(4).meta({
      title: 'Points',
      help: 'Epsilons above 0 on the curve; each takes one more forward pass of every picture.',
    }),
    spacing: z.enum(['doubling', 'even']).default('doubling').meta({
      title: 'Spacing',
      help: 'Each epsilon twice the one before, or equal steps from 0.',
    }),
    space: z.enum(['pixel', 'normalised']).default('pixel').meta({
      title: 'Space',
      help: 'Where the step is taken: on pixels, or as in the public code of KC & Zhang on normalised values that it believes to lie in 0 to 1, which attacks only part of them. Epsilon counts there.',
    }),
  }),
  presets: [
    {
      id: 'paper-box-aware',
      title: 'As in the box-aware code',
      source:
        'KC & Zhang 2021, public code: ten epsilons from 0 to 0.2, normalised pictures with bounds 0 and 1',
      params: { largest: 0.2, points: 9, spacing: 'even', space: 'normalised' },
    },
  ],
  begin(context, params) {
    const epsilons = epsilonsOf(params);
    const step = params.space === 'pixel' ? stepped : steppedNormalised;
    const hits: number[][] = epsilons.map(() => []);
    return {
      async read(batch) {
        for (const [e, eps] of epsilons.entries()) {
          const logits = eps === 0 ? batch.logits : await context.predict(step(batch, eps, context.sizePx));
          hits[e].push(...hitsOf(logits, context.classes.length, batch.trueClasses));
        }
        return batch.labels.map((_, i) => meanOf(hits.slice(1).map((atEps) => atEps[batch.start + i])));
      },
      metricValue: (values) => ({
        ...meanValue(values, context.random('fgsm')),
        curve: epsilons.map((eps, e) => pointAt(eps, shareValue(hits[e]))),
      }),
    };
  },
});

/** 0 and the epsilons of a curve, rising. */
export const epsilonsOf = ({
  largest,
  points,
  spacing,
}: {
  largest: number;
  points: number;
  spacing: 'doubling' | 'even';
}): number[] => [
  0,
  ...Array.from({ length: points }, (_, i) =>
    spacing === 'even' ? (largest * (i + 1)) / points : largest / 2 ** (points - 1 - i),
  ),
];

/** x + eps * sign(gradient), clipped to [0, 1]. */
const stepped = ({ images, gradient }: BatchView, eps: number): Float32Array =>
  images.map((value, i) => clip01(value + Math.sign(gradient[i]) * eps));

/** The defect of the public code, as the attack `fgsm` has it: what is clipped to [0, 1] is the normalised value. */
function steppedNormalised({ images, gradient }: BatchView, eps: number, sizePx: number): Float32Array {
  return images.map((value, i) => {
    const channel = Math.floor(i / sizePx ** 2) % 3;
    const [mean, deviation] = [imageMean[channel], imageDeviation[channel]];
    const normalised = (value - mean) / deviation;
    const moved = clip01(normalised + Math.sign(gradient[i]) * eps);
    const near = Math.min(normalised + eps, Math.max(normalised - eps, moved));
    return clip01(near * deviation + mean);
  });
}

const clip01 = (value: number): number => Math.min(1, Math.max(0, value));
