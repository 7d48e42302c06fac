// The outer loop of every attack on the class: attempt after attempt, each on the pictures that are still classified
// correctly, keeping for each picture the attempt with the largest margin. In a transfer each attempt is on all pictures:
// one that stops at the boundary of this network is hardly ever across that of another.

import type { AttackInput, AttackTarget } from './attack.ts';
import { logitsOf, marginsOf, imageLength, predictionsOf } from './queries.ts';
import { put, rowOf, take } from './rows.ts';

/** A part of the pictures, and what the model said of them unchanged: logits [n, K]. */
export interface Part extends AttackInput {
  readonly cleanLogits: Float32Array;
}

/**
 * @param attempt  gives pictures for the part it is handed; `round` counts from 0
 * @returns        [N, 3, S, S]; unchanged where the model errs without an attack, unless it is a transfer
 */
export async function withRestarts(
  target: AttackTarget,
  input: AttackInput,
  rounds: number,
  attempt: (part: Part, round: number) => Promise<Float32Array>,
): Promise<Float32Array> {
  const { images, labels, eps, transfer = false } = input;
  const { classes } = target;
  const length = imageLength(target);
  const cleanLogits = await logitsOf(target, images);
  const kept = images.slice();
  // In a transfer any attempt is better than none.
  const margins = transfer
    ? new Float64Array(labels.length).fill(-Infinity)
    : marginsOf(cleanLogits, labels, classes);
  let active = indicesWhere(
    predictionsOf(cleanLogits, classes),
    (predicted, i) => transfer || predicted === labels[i],
  );
  for (let round = 0; round < rounds && active.length > 0; round++) {
    const part: Part = {
      images: take(images, active, length),
      labels: Int32Array.from(active, (index) => labels[index]),
      cleanLogits: take(cleanLogits, active, classes),
      eps,
      transfer,
    };
    const tried = await attempt(part, round);
    const logits = await logitsOf(target, tried);
    const reached = marginsOf(logits, part.labels, classes);
    const predicted = predictionsOf(logits, classes);
    active = active.filter((index, i) => {
      const fooled = !transfer && predicted[i] !== part.labels[i];
      if (fooled || reached[i] > margins[index]) {
        margins[index] = reached[i];
        put(kept, [index], rowOf(tried, i, length), length);
      }
      return !fooled;
    });
  }
  return kept;
}

export function indicesWhere(values: Int32Array, holds: (value: number, index: number) => boolean): number[] {
  const indices: number[] = [];
  values.forEach((value, i) => {
    if (holds(value, i)) indices.push(i);
  });
  return indices;
}
