// Share of pictures whose highest logit is that of their class.

import type { Task } from '../nn/classification.ts';
import { shareValue } from './metric-values.ts';
import { measure } from './measure.ts';
import { nothing } from './params.ts';

export const accuracy = measure({
  id: 'accuracy',
  title: 'Accuracy',
  summary: 'Share of the pictures whose highest score is that of their class, or of one of their classes.',
  citation: 'Top-1 accuracy.',
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
  cost: 'cheap',
  needs: [],
  isUsual: true,
  schema: nothing,
  presets: [],
  begin: () => ({
    read: ({ trueClasses, predicted }) =>
      trueClasses.map((classIndices, i) => Number(classIndices.includes(predicted[i]))),
    metricValue: shareValue,
  }),
});

/**
 * Index of the highest value of one row; the first among equals.
 * @param logits  [pictures, classes], row-major
 */
export function predictedClass(logits: Float32Array, classes: number, row: number): number {
  let best = 0;
  for (let k = 1; k < classes; k++) if (logits[row * classes + k] > logits[row * classes + best]) best = k;
  return best;
}

/** Softmax of one row of [pictures, classes], in float64. */
export function scoresOf(logits: Float32Array, classes: number, row: number): number[] {
  const values = Array.from(logits.subarray(row * classes, (row + 1) * classes));
  const highest = Math.max(...values);
  const powers = values.map((logit) => Math.exp(logit - highest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** Sigmoid of each of one row of [pictures, classes], in float64. */
const sigmoidsOf = (logits: Float32Array, classes: number, row: number): number[] =>
  Array.from(logits.subarray(row * classes, (row + 1) * classes), (logit) => 1 / (1 + Math.exp(-logit)));

/** How a row of logits becomes scores of the classes: by softmax, or for 'multi' each by its own sigmoid. */
export const scoresFor = (task: Task) => (task === 'multi' ? sigmoidsOf : scoresOf);

/** 1 where the class of the highest logit is among a picture's own, else 0, for each of `trueClasses`. */
export const hitsOf = (
  logits: Float32Array,
  classes: number,
  trueClasses: readonly (readonly number[])[],
): number[] =>
  trueClasses.map((classIndices, i) => Number(classIndices.includes(predictedClass(logits, classes, i))));
