// Metric values: what measures are asked for, and what they found. One metric is one measure with its parameters, of one
// run, epoch and split; another parameter is another metric.

import { z } from 'zod';
import { reads } from './call.ts';
import { splitSchema, type Split } from './dataset.ts';
import { runIdSchema, type ImageId } from './ids.ts';
import { paramsSchema, type MethodInfo, type ParamValue } from './methods.ts';

/** Measures by id, with their parameters. */
export const measuresAskedSchema = z
  .array(z.object({ id: z.string().max(64), params: paramsSchema.default({}) }))
  .max(100);

/** A point of a curve; the interval is of 95 % over pictures. */
export interface CurvePoint {
  x: number;
  y: number | null;
  low: number | null;
  high: number | null;
}

/** What a measure found over one set of pictures. */
export interface MetricValue {
  /** Null where no picture could be measured. */
  value: number | null;
  /** Ends of the 95 % interval over pictures; null where there is none. */
  low: number | null;
  high: number | null;
  /** Pictures that the value is of. */
  pictures: number;
  /** Pictures that have none: without region, wrongly classified before an attack, … */
  skipped: number;
  /** Of single classes, groups, corruptions. */
  parts?: { name: string; value: number | null }[];
  /** Along what the measure varies: epsilon, the share of pixels shown. */
  curve?: CurvePoint[];
  /** What a map that knows nothing would get: heat spread evenly, or a box round the whole picture. */
  chance?: number | null;
  /** As it was measured. */
  params: Record<string, ParamValue>;
}

export interface Metric extends MetricValue {
  /** Id in the registry. */
  measure: string;
}

/** A metric with where it is of. */
export interface RunMetric extends Metric {
  split: Split;
  /** Epoch whose weights were measured; 0 where an older Fovea did not write it down. */
  epoch: number;
}

/** A metric picture by picture. */
export interface MetricOfImages {
  measure: string;
  params: Record<string, ParamValue>;
  values: { imageId: ImageId; value: number }[];
}

/**
 * Name of a metric among those of a set: its measure, and those of its parameters that are not the default, as in
 * "energy-in-box" and "energy-in-box(method=grad-cam)".
 */
export function metricKey(
  measure: string,
  params: Readonly<Record<string, ParamValue>>,
  fields: MethodInfo['params'],
): string {
  const told = Object.keys(params)
    .filter((name) => params[name] !== fields.find((field) => field.name === name)?.default)
    .sort()
    .map((name) => `${name}=${params[name]}`);
  return told.length === 0 ? measure : `${measure}(${told.join(', ')})`;
}

/** Parameters in one order, as text: equal parameters are equal texts. */
export const paramsText = (params: Readonly<Record<string, ParamValue>>): string =>
  JSON.stringify(Object.fromEntries(Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1))));

/**
 * The metric of a measure, its parameters those given, the others whatever they are; of several the first, which is that
 * with the defaults in every list that a service gives.
 */
export const metricOf = <M extends Metric>(
  metrics: readonly M[],
  measure: string,
  params: Readonly<Record<string, ParamValue>> = {},
): M | undefined =>
  metrics.find(
    (one) =>
      one.measure === measure && Object.entries(params).every(([name, value]) => one.params[name] === value),
  );

/** Its value; null where it was not measured. */
export const valueOf = (
  metrics: readonly Metric[],
  measure: string,
  params?: Readonly<Record<string, ParamValue>>,
): number | null => metricOf(metrics, measure, params)?.value ?? null;

export const metricCalls = {
  /** All that was measured of a run, of one split or of all, newest epoch first. */
  'metrics.list': reads<RunMetric[]>()(z.object({ runId: runIdSchema, split: splitSchema.optional() })),
};
