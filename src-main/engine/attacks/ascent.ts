// Projected gradient ascent, the body of PGD and momentum attacks.

import type { AttackTarget, Norm } from './attack.ts';
import { indicesWhere } from './restarts.ts';
import { imageLength, predictionsOf, gradientsOf, type Loss } from './queries.ts';
import { project, put, rowOf, stepUp, take } from './rows.ts';

interface Ascent {
  /** Centres of the balls, [N, 3, S, S]. */
  images: Float32Array;
  labels: Int32Array;
  eps: number;
  norm: Norm;
  loss: Loss;
  steps: number;
  /** In units of the norm. */
  stepSize: number;
  /** Where the ascent begins, [N, 3, S, S]. */
  start: Float32Array;
  /**
   * 'best': a picture stays where it first fools the model, and the others end at the highest loss met;
   * 'highest': all go on to the last step and end at the highest loss met;
   * 'last': all go on to the last step and stay there.
   */
  keep: 'best' | 'highest' | 'last';
  /** Turns the gradient of picture `index` into the direction to step in, in place. */
  direct?(gradient: Float32Array, index: number): void;
}

/** @returns [N, 3, S, S] */
export async function ascend(target: AttackTarget, ascent: Ascent): Promise<Float32Array> {
  const { images, labels, eps, norm, loss, steps, stepSize, keep, direct } = ascent;
  const length = imageLength(target);
  const best = ascent.start.slice();
  const highest = new Float64Array(labels.length).fill(-Infinity);
  const current = ascent.start.slice();
  let active = Array.from(labels, (_, i) => i);
  // One pass more than steps: the last iterate is judged too, unless nobody asks.
  const passes = keep === 'last' ? steps : steps + 1;
  for (let pass = 0; pass < passes && active.length > 0; pass++) {
    const part = take(current, active, length);
    const trueLabels = Int32Array.from(active, (index) => labels[index]);
    const { logits, losses, gradient } = await gradientsOf(target, loss, part, trueLabels);
    const predicted = predictionsOf(logits, target.classes);
    if (keep !== 'last')
      active.forEach((index, i) => {
        const fooled = keep === 'best' && predicted[i] !== trueLabels[i];
        if (!fooled && losses[i] <= highest[index]) return;
        highest[index] = losses[i];
        put(best, [index], rowOf(part, i, length), length);
      });
    if (pass === steps) break;
    active.forEach((index, i) => {
      const grad = rowOf(gradient, i, length);
      direct?.(grad, index);
      const x = rowOf(current, index, length);
      stepUp(x, grad, stepSize, norm);
      project(x, rowOf(images, index, length), eps, norm);
    });
    if (keep === 'best')
      active = indicesWhere(predicted, (value, i) => value === trueLabels[i]).map((i) => active[i]);
  }
  return keep === 'last' ? current : best;
}
