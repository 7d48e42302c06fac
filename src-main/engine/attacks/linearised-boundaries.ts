// Linearised class boundaries: where the nearest one seems to be if the model were linear at a picture. DeepFool and FAB walk there.

import type { AttackTarget, Norm } from './attack.ts';
import { copiesTogether, imageLength, predictionsOf, logitCombinationGradient } from './queries.ts';
import { lengthOf, rowOf, take } from './rows.ts';

/** f_k - f_y of another class k, linear at a picture. */
export interface LinearisedBoundary {
  difference: number;
  grad: Float32Array;
  /** Length of the gradient in the norm dual to that of changes. */
  dual: number;
  /** What the model says of the picture. */
  predicted: number;
}

/**
 * For each picture the linearised boundary to that of the other classes which is nearest, |difference| / dual away. A
 * picture is asked once for each of them, some at a time: all copies of all pictures together would be as many times
 * the pictures.
 * @param rows    of the pictures, those that are looked at
 * @param others  of each picture, classes other than its label
 * @returns       in the order of `rows`
 */
export async function nearestBoundaries(
  target: AttackTarget,
  images: Float32Array,
  rows: readonly number[],
  labels: Int32Array,
  others: readonly (readonly number[])[],
  norm: Norm,
): Promise<LinearisedBoundary[]> {
  const { classes } = target;
  const length = imageLength(target);
  const asked = rows.flatMap((row) => others[row].map((other) => ({ row, other })));
  const nearest = new Map<number, LinearisedBoundary & { away: number }>();
  const together = copiesTogether(target);
  for (let from = 0; from < asked.length; from += together) {
    const some = asked.slice(from, from + together);
    const weights = new Float32Array(some.length * classes);
    some.forEach(({ row, other }, i) => {
      weights[i * classes + other] = 1;
      weights[i * classes + labels[row]] = -1;
    });
    const copies = take(
      images,
      some.map(({ row }) => row),
      length,
    );
    const { logits, gradient } = await logitCombinationGradient(target, copies, weights);
    const predicted = predictionsOf(logits, classes);
    some.forEach(({ row, other }, i) => {
      const difference = logits[i * classes + other] - logits[i * classes + labels[row]];
      const grad = rowOf(gradient, i, length);
      const dual = norm === 'l2' ? lengthOf(grad) : grad.reduce((sum, value) => sum + Math.abs(value), 0);
      const away = Math.abs(difference) / (1e-12 + dual);
      if (away < (nearest.get(row)?.away ?? Infinity))
        nearest.set(row, { away, difference, grad: grad.slice(), dual, predicted: predicted[i] });
    });
  }
  return rows.map((row) => nearest.get(row)!);
}
