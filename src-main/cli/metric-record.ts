// A metric in the answers of the command line.

import type { Metric } from '../contracts/metrics.ts';

/** A metric as scripts read it: its value, and the curve or the values by class or group where it has them. */
export function metricRecord(metric: Metric) {
  const { measure, params, value, low, high, pictures, skipped, chance, curve, parts } = metric;
  const intervalOf = (from: number | null, to: number | null) =>
    from === null || to === null ? null : [from, to];
  return {
    measure,
    params,
    value,
    interval: intervalOf(low, high),
    images: pictures,
    skipped,
    ...(chance !== undefined && { chance }),
    ...(curve && { curve: curve.map(({ x, y, low, high }) => ({ x, y, interval: intervalOf(low, high) })) }),
    ...(parts && { byClass: Object.fromEntries(parts.map(({ name, value }) => [name, value])) }),
  };
}
