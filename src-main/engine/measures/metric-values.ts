// From numbers of single pictures to the figure of a set with its 95 % interval: Wilson's for shares, percentile
// bootstrap over pictures for everything else.

import type { CurvePoint } from '../../contracts/metrics.ts';
import type { Random } from '../nn/random.ts';
import type { ImageValues, SetMetricValue } from './measure.ts';

/** Normal quantile of 97.5 %. */
const quantile = 1.959963984540054;
/** Drawn sets of the bootstrap: enough for two digits of the ends; fewer where there are so many pictures that they agree. */
const resamplesOf = (count: number): number => Math.max(200, Math.min(1000, Math.floor(2e7 / count)));

/** Mean of what could be measured; null if nothing could. */
export function meanOf(values: readonly (number | boolean | null)[]): number | null {
  let total = 0;
  let count = 0;
  for (const value of values) {
    if (value === null) continue;
    total += Number(value);
    count += 1;
  }
  return count > 0 ? total / count : null;
}

/** Ends of Wilson's score interval of `hits` in `count` (Wilson 1927); null for no pictures. */
export function wilson(hits: number, count: number): { low: number; high: number } | null {
  if (count === 0) return null;
  const share = hits / count;
  const square = quantile ** 2;
  const centre = (share + square / (2 * count)) / (1 + square / count);
  const reach =
    (quantile / (1 + square / count)) * Math.sqrt((share * (1 - share)) / count + square / (4 * count ** 2));
  return { low: Math.max(0, centre - reach), high: Math.min(1, centre + reach) };
}

/** Figure of values that are 1 or 0: the share of ones. */
export function shareValue(values: ImageValues): SetMetricValue {
  const measured = values.filter((value) => value !== null);
  const hits = measured.reduce((sum, value) => sum + value, 0);
  const ends = wilson(hits, measured.length);
  return {
    value: meanOf(measured),
    low: ends?.low ?? null,
    high: ends?.high ?? null,
    pictures: measured.length,
    skipped: values.length - measured.length,
  };
}

/** A point of a curve. */
export const pointAt = (x: number, { value, low, high }: SetMetricValue): CurvePoint => ({
  x,
  y: value,
  low,
  high,
});

/** Figure of real values: their mean. */
export function meanValue(values: ImageValues, random: Random): SetMetricValue {
  const measured = Float64Array.from(values.filter((value) => value !== null));
  const metricValue = bootstrapped(
    measured.length,
    (drawn) => {
      let total = 0;
      for (let i = 0; i < drawn.length; i++) total += measured[drawn[i]];
      return total / drawn.length;
    },
    random,
  );
  return { ...metricValue, skipped: values.length - measured.length };
}

/**
 * Figure of a statistic of `count` pictures that is no mean. Of one picture there is no interval: drawn again and
 * again it is always itself, which would look like certainty.
 * @param statistic  of the pictures at these places, some of them several times; null where it has no value
 */
export function bootstrapped(
  count: number,
  statistic: (places: Int32Array) => number | null,
  random: Random,
): SetMetricValue {
  const all = Int32Array.from({ length: count }, (_, i) => i);
  const value = count > 0 ? statistic(all) : null;
  if (value === null || count < 2) return { value, low: null, high: null, pictures: count, skipped: 0 };
  const drawn = new Int32Array(count);
  const found: number[] = [];
  for (let n = 0; n < resamplesOf(count); n++) {
    for (let i = 0; i < count; i++) drawn[i] = random.below(count);
    const one = statistic(drawn);
    if (one !== null) found.push(one);
  }
  found.sort((a, b) => a - b);
  return { value, low: at(found, 0.025), high: at(found, 0.975), pictures: count, skipped: 0 };
}

/** Quantile by linear interpolation of sorted values. */
function at(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  return sorted[low] + (sorted[Math.min(sorted.length - 1, low + 1)] - sorted[low]) * (place - low);
}
