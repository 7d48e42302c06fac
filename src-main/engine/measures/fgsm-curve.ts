// Accuracy under the one-step attack, as its step grows.

import { z } from 'zod';
import { hitsOf } from './accuracy.ts';
import { meanFigure, meanOf } from './figures.ts';
import { measure } from './measure.ts';

export const fgsmCurve = measure({
  id: 'fgsm',
  title: 'FGSM curve',
  summary:
    'Accuracy after each pixel is moved by epsilon in the direction that raises the loss; the figure is the mean over the epsilons above 0.',
  citation: 'Goodfellow et al. 2015; epsilon in pixel space, clipped to [0, 1].',
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
  cost: 'gradient',
  needs: [],
  isUsual: true,
  usesGradient: true,
  schema: z.object({
    largest: z
      .number()
      .min(0)
      .max(1)
      .default(8 / 255)
      .meta({
        title: 'Largest epsilon',
        help: 'End of the curve, as a share of the pixel range; more is a stronger attack.',
        main: true,
      }),
    points: z.int().min(1).max(50).default(4).meta({
      title: 'Points',
      help: 'Epsilons above 0 on the curve; each takes one more look at every picture.',
    }),
    spacing: z.enum(['doubling', 'even']).default('doubling').meta({
      title: 'Spacing',
      help: 'Each epsilon twice the one before, or equal steps from 0.',
    }),
  }),
  presets: [
    {
      id: 'paper-box-aware',
      title: 'As in the box-aware paper',
      source: 'KC & Zhang 2021: ten epsilons from 0 to 0.2, in pixel space here',
      params: { largest: 0.2, points: 9, spacing: 'even' },
    },
  ],
  begin(context, params) {
    const epsilons = epsilonsOf(params);
    const hits: number[][] = epsilons.map(() => []);
    return {
      async read(batch) {
        for (const [e, eps] of epsilons.entries()) {
          const logits =
            eps === 0 ? batch.logits : await context.look(stepped(batch.images, batch.gradient, eps));
          hits[e].push(...hitsOf(logits, context.classes.length, batch.owns));
        }
        return batch.truth.map((_, i) => meanOf(hits.slice(1).map((own) => own[batch.start + i])));
      },
      figure: (values) => ({
        ...meanFigure(values, context.random('fgsm')),
        parts: epsilons.map((eps, e) => ({ name: String(eps), value: meanOf(hits[e]) })),
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
function stepped(images: Float32Array, gradient: Float32Array, eps: number): Float32Array {
  const moved = new Float32Array(images.length);
  for (let i = 0; i < images.length; i++)
    moved[i] = Math.min(1, Math.max(0, images[i] + Math.sign(gradient[i]) * eps));
  return moved;
}
