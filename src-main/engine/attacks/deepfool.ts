// DeepFool: straight to the nearest class boundary of the linearised model, again and again.

import { z } from 'zod';
import { attack, type AttackTarget, type Norm } from './attack.ts';
import { normField, stepsField } from './fields.ts';
import { persist } from './persistence.ts';
import { pictureLength, predictionsOf, pull, rivalsOf } from './queries.ts';
import { clip01, lengthOf, project, rowOf, take } from './rows.ts';

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
 * For each rival class k: difference f_k - f_y and its slope w_k; the nearest boundary is that of least
 * |f_k - f_y| / ||w_k||_q, q dual to the norm; the step to it is |f_k - f_y| / ||w_k||_2^2 * w_k for l2 and
 * |f_k - f_y| / ||w_k||_1 * sign(w_k) for linf. The sum of steps, lengthened by the overshoot, is added to the picture.
 * Rivals are chosen once, on the unchanged picture. What is then farther away than eps is brought back to eps.
 */
export const deepfool = attack({
  id: 'deepfool',
  title: 'DeepFool',
  summary: 'Goes straight to the nearest class boundary of the model as it looks from where it stands.',
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
    const length = pictureLength(target);
    return persist(target, input, 1, async ({ images, labels, eps, cleanLogits }) => {
      const rivals = Array.from(labels, (label, row) =>
        rivalsOf(cleanLogits, row, classes, label, candidates - 1),
      );
      const total = new Float64Array(images.length);
      const current = images.slice();
      let active = Array.from(labels, (_, i) => i);
      for (let step = 0; step < steps && active.length > 0; step++) {
        const views = await towards(target, current, active, labels, rivals);
        active = active.filter((index, i) => {
          const { fooled, differences, slopes } = views[i];
          if (fooled) return false;
          addNearest(total.subarray(index * length, (index + 1) * length), differences, slopes, norm);
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

interface View {
  fooled: boolean;
  /** f_k - f_y for each rival. */
  differences: number[];
  /** Gradient of each difference. */
  slopes: Float32Array[];
}

/** What pictures `active` look like from where they stand; each is asked once for every rival. */
async function towards(
  target: AttackTarget,
  current: Float32Array,
  active: readonly number[],
  labels: Int32Array,
  rivals: readonly (readonly number[])[],
): Promise<View[]> {
  const { classes } = target;
  const length = pictureLength(target);
  const copies = active.flatMap((index) => rivals[index].map(() => index));
  const weights = new Float32Array(copies.length * classes);
  active
    .flatMap((index) => rivals[index].map((rival) => [rival, labels[index]]))
    .forEach(([rival, label], row) => {
      weights[row * classes + rival] = 1;
      weights[row * classes + label] = -1;
    });
  const { logits, gradient } = await pull(target, take(current, copies, length), weights);
  const said = predictionsOf(logits, classes);
  let row = 0;
  return active.map((index) => {
    const fooled = said[row] !== labels[index];
    const slopes: Float32Array[] = [];
    const differences = rivals[index].map((rival) => {
      slopes.push(rowOf(gradient, row, length));
      const difference = logits[row * classes + rival] - logits[row * classes + labels[index]];
      row += 1;
      return difference;
    });
    return { fooled, differences, slopes };
  });
}

/** Added to a distance, so that a step of almost nothing still crosses (as foolbox does). */
const nudge = 1e-4;

function addNearest(total: Float64Array, differences: number[], slopes: Float32Array[], norm: Norm): void {
  const duals = slopes.map((slope) =>
    norm === 'l2' ? lengthOf(slope) : slope.reduce((sum, value) => sum + Math.abs(value), 0),
  );
  const distances = differences.map((difference, k) => Math.abs(difference) / (duals[k] + 1e-8));
  const nearest = distances.indexOf(Math.min(...distances));
  const size = distances[nearest] + nudge;
  const slope = slopes[nearest];
  for (let i = 0; i < slope.length; i++)
    total[i] += norm === 'l2' ? (size * slope[i]) / (duals[nearest] + 1e-8) : size * Math.sign(slope[i]);
}
