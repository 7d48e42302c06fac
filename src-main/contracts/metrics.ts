// Metric values: what measures are asked for, and what they say of a set of pictures.

import { z } from 'zod';
import { paramsSchema, type ParamValue } from './methods.ts';

/** Measures by id, with their parameters. */
export const measuresAskedSchema = z
  .array(z.object({ id: z.string().max(64), params: paramsSchema.default({}) }))
  .max(100);

/** Measures over one split. Fractions 0..1; null where no picture has a region. */
export interface Measures {
  accuracy: number;
  energyInBox: number | null;
  pointingGame: number | null;
  localisationAccuracy: number | null;
  saliencyMetric: number | null;
  meanIou: number | null;
  fgsm: { eps: number; accuracy: number }[];
  /** Accuracy when what lies outside the region is blurred, or another picture's. Null without regions. */
  outsideBlurred: number | null;
  outsideSwapped: number | null;
}

/** What a measure found over one set of pictures. */
export interface MetricValue {
  /** Null where no picture could be measured. */
  value: number | null;
  /** Ends of the 95 % interval over pictures; null where there is none. */
  low: number | null;
  high: number | null;
  /** Pictures that the figure is of. */
  pictures: number;
  /** Pictures that have none: without region, wrongly classified before an attack, … */
  skipped: number;
  /** Of single classes, groups, epsilons, severities. */
  parts?: { name: string; value: number | null }[];
  /** As it was measured. */
  params: Record<string, ParamValue>;
}
