// Precision and recall of each class in one number.

import { bootstrapped } from './figures.ts';
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
  begin({ classes, random }) {
    const truth: number[] = [];
    const predicted: number[] = [];
    return {
      read(batch) {
        truth.push(...batch.truth);
        predicted.push(...batch.predicted);
      },
      figure() {
        const { perClass, overall } = f1Of(predicted, truth, classes.length);
        const pick = (from: readonly number[], places: Int32Array) =>
          Array.from(places, (place) => from[place]);
        return {
          ...bootstrapped(
            truth.length,
            (places) => f1Of(pick(predicted, places), pick(truth, places), classes.length).mean,
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
 * @returns perClass: 2 TP / (2 TP + FP + FN), null for a class that neither is nor is predicted; mean: over the
 *          classes that have one; overall: of all decisions together (micro), which for one class a picture equals
 *          accuracy
 */
export function f1Of(
  predicted: readonly number[],
  truth: readonly number[],
  classes: number,
): { perClass: (number | null)[]; mean: number | null; overall: number | null } {
  const hits = new Float64Array(classes);
  const named = new Float64Array(classes); // as true and as predicted: 2 TP + FP + FN
  truth.forEach((own, i) => {
    if (predicted[i] === own) hits[own] += 1;
    named[own] += 1;
    named[predicted[i]] += 1;
  });
  const perClass = Array.from(hits, (count, k) => (named[k] > 0 ? (2 * count) / named[k] : null));
  const measured = perClass.filter((value) => value !== null);
  const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);
  return {
    perClass,
    mean: measured.length > 0 ? sum(measured) / measured.length : null,
    overall: truth.length > 0 ? sum(hits) / truth.length : null,
  };
}
