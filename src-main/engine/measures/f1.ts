// Precision and recall of each class in one number.

import { bootstrapped } from './metric-values.ts';
import { measure } from './measure.ts';
import { nothing } from './params.ts';

export const f1 = measure({
  id: 'f1',
  title: 'F1',
  summary: 'Harmonic mean of precision and recall, of each class and as their mean over the classes.',
  citation: 'van Rijsbergen 1979; per-class mean and micro as in Pillai & Pirsiavash 2021.',
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
  cost: 'cheap',
  needs: [],
  schema: nothing,
  presets: [],
  begin({ classes, task, random }) {
    const actual: (readonly number[])[] = [];
    const predicted: (readonly number[])[] = [];
    return {
      read({ trueClasses, logits, predicted: best }) {
        actual.push(...trueClasses);
        predicted.push(
          ...best.map((one, i) =>
            task === 'single'
              ? [one]
              : classes.flatMap((_, k) => (logits[i * classes.length + k] > 0 ? [k] : [])),
          ),
        );
      },
      metricValue() {
        const { perClass, overall } = f1Of(predicted, actual, classes.length);
        const pick = (from: readonly (readonly number[])[], places: Int32Array) =>
          Array.from(places, (place) => from[place]);
        return {
          ...bootstrapped(
            actual.length,
            (places) => f1Of(pick(predicted, places), pick(actual, places), classes.length).mean,
            random('f1'),
          ),
          parts: [
            { name: 'overall', value: overall },
            ...classes.map((name, k) => ({ name, value: perClass[k] })),
          ],
        };
      },
    };
  },
});

/**
 * @param predicted    classes that each picture is given: that of the highest logit, or of several all with a logit
 *                     above 0
 * @param trueClasses  classes that each picture has
 * @returns            perClass: 2 TP / (2 TP + FP + FN), null for a class that neither is nor is predicted; mean: over
 *                     the classes that have one; overall: of all decisions together (micro), which for one class a
 *                     picture equals accuracy
 */
export function f1Of(
  predicted: readonly (readonly number[])[],
  trueClasses: readonly (readonly number[])[],
  classes: number,
): { perClass: (number | null)[]; mean: number | null; overall: number | null } {
  const hits = new Float64Array(classes);
  const named = new Float64Array(classes); // as true and as predicted: 2 TP + FP + FN
  trueClasses.forEach((classIndices, i) => {
    for (const k of classIndices) {
      if (predicted[i].includes(k)) hits[k] += 1;
      named[k] += 1;
    }
    for (const k of predicted[i]) named[k] += 1;
  });
  const f1 = (both: number, all: number): number | null => (all > 0 ? (2 * both) / all : null);
  const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);
  const perClass = Array.from(hits, (count, k) => f1(count, named[k]));
  const measured = perClass.filter((value) => value !== null);
  return {
    perClass,
    mean: measured.length > 0 ? sum(measured) / measured.length : null,
    overall: f1(sum(hits), sum(named)),
  };
}
