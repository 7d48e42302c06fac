// DeepFool: straight to the nearest class boundary of the linearised model, again and again.

import { z } from 'zod';
import { attack, type Norm } from './attack.ts';
import { normField, stepsField } from './fields.ts';
import { withRestarts } from './restarts.ts';
import { nearestBoundaries, type LinearisedBoundary } from './linearised-boundaries.ts';
import { imageLength, otherClassesOf } from './queries.ts';
import { clip01, project, rowOf } from './rows.ts';

const schema = z.object({
  norm: normField.default('l2'),
  steps: stepsField(50),
  candidates: z.int().min(2).max(1000).default(10).meta({
    title: 'Candidates',
    help: 'How many of the likeliest classes, the true one among them, are looked at.',
  }),
  overshoot: z.number().min(0).max(1).default(0.02).meta({
    title: 'Overshoot',
    help: 'Share by which the sum of all steps is lengthened, so that the boundary is crossed.',
  }),
});

/**
 * For each other class k: difference f_k - f_y and its gradient w_k; the nearest boundary is that of least
 * |f_k - f_y| / ||w_k||_q, q dual to the norm; the step to it is |f_k - f_y| / ||w_k||_2^2 * w_k for l2 and
 * |f_k - f_y| / ||w_k||_1 * sign(w_k) for linf. The sum of steps, lengthened by the overshoot, is added to the picture.
 * The other classes are chosen once, on the unchanged picture. What is then farther away than eps is brought back to eps.
 */
export const deepfool = attack({
  id: 'deepfool',
  title: 'DeepFool',
  summary: 'Steps to the nearest class boundary of the linearised model until the class changes.',
  citation: 'Moosavi-Dezfooli et al. 2016, arXiv 1511.04599, algorithm 2',
  schema,
  presets: [
    {
      id: 'paper',
      title: 'As in the paper',
      source: 'Moosavi-Dezfooli et al. 2016: l2, overshoot 0.02, at most 50 steps, ten classes',
      params: { norm: 'l2', steps: 50, candidates: 10, overshoot: 0.02 },
    },
  ],
  aim: 'class',
  norm: ({ norm }) => norm,
  run(target, input, { norm, steps, candidates, overshoot }) {
    const { classes } = target;
    const length = imageLength(target);
    return withRestarts(target, input, 1, async ({ images, labels, eps, cleanLogits }) => {
      const others = Array.from(labels, (label, row) =>
        otherClassesOf(cleanLogits, row, classes, label, candidates - 1),
      );
      const total = new Float64Array(images.length);
      const current = images.slice();
      let active = Array.from(labels, (_, i) => i);
      for (let step = 0; step < steps && active.length > 0; step++) {
        const boundaries = await nearestBoundaries(target, current, active, labels, others, norm);
        active = active.filter((index, i) => {
          if (boundaries[i].predicted !== labels[index]) return false;
          addStep(total.subarray(index * length, (index + 1) * length), boundaries[i], norm);
          for (let j = index * length; j < (index + 1) * length; j++)
            current[j] = clip01(images[j] + (1 + overshoot) * total[j]);
          return true;
        });
      }
      for (let i = 0; i < labels.length; i++)
        project(rowOf(current, i, length), rowOf(images, i, length), eps, norm);
      return current;
    });
  },
});

/** Added to a distance, so that a step of almost nothing still crosses (as foolbox does). */
const nudge = 1e-4;

function addStep(total: Float64Array, { difference, grad, dual }: LinearisedBoundary, norm: Norm): void {
  const length = dual + 1e-8;
  const size = Math.abs(difference) / length + nudge;
  for (let i = 0; i < grad.length; i++)
    total[i] += norm === 'l2' ? (size * grad[i]) / length : size * Math.sign(grad[i]);
}
