// Momentum iterative method: gradient signs of a running sum, which leaves poor maxima and transfers better.

import { z } from 'zod';
import { ascend } from './ascent.ts';
import { attack } from './attack.ts';
import { stepField, stepsField } from './fields.ts';
import { withRestarts } from './restarts.ts';
import { imageLength } from './queries.ts';
import { rowOf } from './rows.ts';

const schema = z.object({
  steps: stepsField(10),
  step: stepField(0.25),
  decay: z.number().min(0).max(10).default(1).meta({
    title: 'Decay',
    help: 'Share of the running sum that is kept from step to step; 0 forgets it.',
  }),
});

/** m <- decay * m + g / mean |g|;  x' <- project(x' + step * sign(m)). */
export const mim = attack({
  id: 'mim',
  title: 'MIM',
  summary: 'Takes steps along a running sum of gradients, so that it is not caught in small hollows.',
  citation: 'Dong et al. 2018, arXiv 1710.06081, algorithm 1',
  schema,
  presets: [
    {
      id: 'paper',
      title: 'As in the paper',
      source: 'Dong et al. 2018: 10 steps of a tenth of epsilon, decay 1',
      params: { steps: 10, step: 0.1, decay: 1 },
    },
  ],
  aim: 'class',
  norm: () => 'linf',
  run(target, input, { steps, step, decay }) {
    const length = imageLength(target);
    return withRestarts(target, input, 1, ({ images, labels, eps, transfer }) => {
      const momentum = new Float32Array(images.length);
      return ascend(target, {
        images,
        labels,
        eps,
        norm: 'linf',
        loss: 'cross-entropy',
        steps,
        start: images,
        keep: transfer ? 'last' : 'best',
        stepSize: step * eps,
        direct(gradient, index) {
          const sum = rowOf(momentum, index, length);
          let mean = 0;
          for (const grad of gradient) mean += Math.abs(grad) / length;
          const scale = mean > 0 ? 1 / mean : 0;
          for (let i = 0; i < length; i++) sum[i] = decay * sum[i] + scale * gradient[i];
          gradient.set(sum);
        },
      });
    });
  },
});
