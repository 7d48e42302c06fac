// How often each class is taken for each other one.

import { measure, type BatchView } from './measure.ts';
import { nothing } from './params.ts';

/** Mistakes that are named. */
const named = 10;

export const confusion = measure({
  id: 'confusion',
  title: 'Confusion',
  summary: 'How many pictures are given another class, and which classes are taken for which most often.',
  citation: 'Contingency table of true and predicted class.',
  direction: 'lower',
  range: [0, null],
  unit: 'pictures',
  cost: 'cheap',
  needs: [],
  schema: nothing,
  presets: [],
  begin({ classes, images }) {
    const labels: number[] = [];
    const trueClasses: (readonly number[])[] = [];
    const predicted: number[] = [];
    return {
      read(batch) {
        labels.push(...batch.labels);
        trueClasses.push(...batch.trueClasses);
        predicted.push(...batch.predicted);
      },
      metricValue() {
        const parts = confusionOf({ predicted, labels, trueClasses }, classes.length)
          .flatMap((row, label) =>
            row.map((value, predicted) => ({
              name: `${classes[label]} → ${classes[predicted]}`,
              value,
              right: label === predicted,
            })),
          )
          .filter(({ value, right }) => value > 0 && !right)
          .sort((a, b) => b.value - a.value);
        const value = parts.reduce((sum, part) => sum + part.value, 0);
        return {
          value,
          low: null,
          high: null,
          pictures: images,
          skipped: 0,
          parts: parts.slice(0, named).map((part) => ({ name: part.name, value: part.value })),
        };
      },
    };
  },
});

/**
 * @returns counts [true class][predicted class]; a picture that is given any of its classes is right, and counts there
 */
export function confusionOf(
  { predicted, labels, trueClasses }: Pick<BatchView, 'predicted' | 'labels' | 'trueClasses'>,
  classes: number,
): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  labels.forEach((label, i) => {
    const predictedIndex = predicted[i];
    counts[trueClasses[i].includes(predictedIndex) ? predictedIndex : label][predictedIndex] += 1;
  });
  return counts;
}
