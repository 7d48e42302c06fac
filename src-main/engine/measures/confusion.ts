// How often each class is taken for each other one.

import type { Measure } from './measure.ts';

export const confusion: Measure = {
  id: 'confusion',
  title: 'Confusion matrix',
  summary: 'How many pictures of each class are given each class.',
  citation: 'Contingency table of true and predicted class.',
  direction: 'none',
  range: [0, null],
  unit: 'pictures',
};

/** @returns counts [true class][predicted class] */
export function confusionOf(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  classes: number,
): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < truth.length; i++) counts[truth[i]][predicted[i]] += 1;
  return counts;
}
