// Share of pictures whose highest logit is that of their class.

import type { Measure } from './measure.ts';

export const accuracy: Measure = {
  id: 'accuracy',
  title: 'Accuracy',
  summary: 'Share of the pictures that are given their own class.',
  citation: 'Top-1 accuracy.',
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
};

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
  const own = Array.from(logits.subarray(row * classes, (row + 1) * classes));
  const highest = Math.max(...own);
  const powers = own.map((logit) => Math.exp(logit - highest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** @returns share of equal entries; null for no pictures */
export function accuracyOf(predicted: ArrayLike<number>, truth: ArrayLike<number>): number | null {
  let hits = 0;
  for (let i = 0; i < truth.length; i++) if (predicted[i] === truth[i]) hits += 1;
  return truth.length > 0 ? hits / truth.length : null;
}
