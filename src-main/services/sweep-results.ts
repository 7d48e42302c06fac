// What a sweep says once its runs are measured: means and deviations over repetitions, and for each family and measure
// the point that is best on the tuning pictures, reported on the test pictures, which no choice has seen.

import type { MetricValue } from '../contracts/metrics.ts';
import {
  sweepFamilies,
  type SweepCell,
  type SweepChoice,
  type SweepMetricValue,
  type SweepMeasure,
} from '../contracts/sweeps.ts';
import type { MeasureInfo } from '../contracts/methods.ts';

export type MetricValues = Readonly<Record<string, MetricValue>>;

/** The curve whose every point is chosen for by itself, as in the paper: accuracy under FGSM at each epsilon. */
const CURVE = 'fgsm';

/** The rows of a sweep's table: its measures, and the points of its curves as far as any run was measured. */
export function sweepMeasures(
  infos: readonly MeasureInfo[],
  measured: readonly MetricValues[],
): SweepMeasure[] {
  return infos.flatMap(({ key, title, direction, unit }) => {
    const whole = { key, title, direction, unit };
    if (key !== CURVE) return [whole];
    const curve = measured.find((figures) => figures[key]?.curve)?.[key].curve ?? [];
    // Epsilon 0 is the accuracy, which is there anyway.
    const points = curve.filter(({ x }) => x > 0);
    return [
      whole,
      ...points.map(({ x }) => ({
        ...whole,
        key: `${key}@${x}`,
        title: `${title}, epsilon ${Number(x.toPrecision(3))}`,
      })),
    ];
  });
}

/** The value of a row in one run's figures; null where there is none. */
export function valueAt(figures: MetricValues | null, key: string): number | null {
  const [measure, x] = key.split('@');
  const metricValue = figures?.[measure];
  if (x === undefined) return metricValue?.value ?? null;
  return metricValue?.curve?.find((point) => String(point.x) === x)?.y ?? null;
}

/** Mean and sample standard deviation; null unless every repetition has a value. */
export function spread(values: readonly (number | null)[], repetitions: number): SweepMetricValue | null {
  const known = values.filter((value) => value !== null);
  if (known.length < repetitions) return null;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: known.length > 1 ? Math.sqrt(squares / (known.length - 1)) : null };
}

/** By family, then measure. Of equals the first wins: in a grid of weights the smaller ones. */
export function choose(
  config: Parameters<typeof sweepFamilies>[0],
  cells: readonly SweepCell[],
  measures: readonly SweepMeasure[],
): SweepChoice[] {
  return sweepFamilies(config).flatMap(({ id, points }) =>
    measures.map(({ key, direction }): SweepChoice => {
      const known = points.filter((point) => cells[point].tuning[key] !== undefined);
      const sign = direction === 'lower' ? -1 : 1;
      const worth = (point: number): number => sign * cells[point].tuning[key].mean;
      const best = known.reduce<number | null>(
        (leader, point) => (leader === null || worth(point) > worth(leader) ? point : leader),
        null,
      );
      return {
        family: id,
        measure: key,
        cell: best,
        measured: known.length,
        points: points.length,
        tuning: best === null ? null : cells[best].tuning[key],
        test: best === null ? null : (cells[best].test[key] ?? null),
      };
    }),
  );
}

/**
 * Where the pictures that points are chosen by are too few to tell them apart: twice the standard error of a share over
 * so many pictures is wider than all accuracies that were found.
 */
export function choiceWarnings(cells: readonly SweepCell[], tuningImages: number): string[] {
  const found = cells.flatMap(({ tuning }) => tuning.accuracy?.mean ?? []);
  if (found.length < 2) return [];
  const middle = found.reduce((sum, value) => sum + value, 0) / found.length;
  const width = 2 * Math.sqrt((middle * (1 - middle)) / tuningImages);
  const range = Math.max(...found) - Math.min(...found);
  if (range > width) return [];
  const points = (share: number): string => (share * 100).toFixed(1);
  return [
    `${tuningImages} pictures to choose by are too few to tell the points apart by accuracy: all lie within ` +
      `${points(range)} percentage points, and chance alone moves one by ${points(width)}`,
  ];
}
