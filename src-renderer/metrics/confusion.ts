// The confusion of a run as a table that a person can read: with very many classes, those that are mistaken most.

import type { EvaluationSummary } from '../../src-main/contracts/index.ts';

interface ConfusionShown {
  names: string[];
  /** [true class][predicted class] */
  counts: number[][];
  /** Classes that are not shown. */
  left: number;
}

/** @param most  classes shown, in their own order */
export function confusionShown(
  { confusion, classes }: Pick<EvaluationSummary, 'confusion' | 'classes'>,
  most: number,
): ConfusionShown {
  const mistakes = confusion.map((row, own) =>
    row.reduce(
      (sum, value, predicted) => sum + (predicted === own ? 0 : value + confusion[predicted][own]),
      0,
    ),
  );
  const shown = mistakes
    .map((_, index) => index)
    .toSorted((a, b) => mistakes[b] - mistakes[a])
    .slice(0, most)
    .toSorted((a, b) => a - b);
  return {
    names: shown.map((index) => classes[index]?.name ?? ''),
    counts: shown.map((own) => shown.map((predicted) => confusion[own][predicted])),
    left: confusion.length - shown.length,
  };
}
