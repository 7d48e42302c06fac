// Metrics of an evaluation, in the words of the registry: their names, text, intervals and what they are made of.

import {
  heatTitle,
  metricKey,
  type EvaluationSummary,
  type MeasureInfo,
  type Methods,
  type Metric,
} from '../../src-main/contracts/index.ts';

export interface ListedMetric {
  info: MeasureInfo;
  metric: Metric;
  /** Of the metric among all: see `metricKey`. */
  key: string;
  /** With the heat map that it is of. */
  title: string;
}

/** "Attribution in box, Grad-CAM": a metric by its measure and the heat maps that it is of. */
export function metricTitle(
  { title }: MeasureInfo,
  params: Metric['params'],
  { saliency }: Pick<Methods, 'saliency'>,
): string {
  const heat = heatTitle(params, saliency);
  return heat === null ? title : `${title}, ${heat}`;
}

/** All that was measured, in the registry's order; what the registry does not know is left out. */
export const allMetrics = (
  { metrics }: Pick<EvaluationSummary, 'metrics'>,
  methods: Pick<Methods, 'measures' | 'saliency'> | null,
): ListedMetric[] =>
  metrics.flatMap((metric) => {
    const info = methods?.measures.find(({ id }) => id === metric.measure);
    if (!methods || !info) return [];
    const key = metricKey(metric.measure, metric.params, info.params);
    return [{ info, metric, key, title: metricTitle(info, metric.params, methods) }];
  });

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** "81.2 %", "0.034", "1,302 pictures", "–": a value in the unit of its measure. Pictures are counted, not rounded. */
export function metricText(value: number | null, unit: string): string {
  if (value === null) return '–';
  if (unit === 'pictures') return `${whole.format(value)} ${value === 1 ? 'picture' : 'pictures'}`;
  const text = unit === 'share' ? `${(value * 100).toFixed(1)} %` : String(Number(value.toPrecision(3)));
  return text.replace(/^-/, '−');
}

/** Of one picture, whose value can be of another unit than the figure of the set. */
export const imageMetricText = (value: number | null, { unit, imageUnit = unit }: MeasureInfo): string =>
  metricText(value, imageUnit);

/** "72.0 % to 88.1 %", or nothing where there is no interval. */
export const intervalText = ({ low, high }: Pick<Metric, 'low' | 'high'>, unit: string): string =>
  low === null || high === null ? '' : `${metricText(low, unit)} to ${metricText(high, unit)}`;

/** An epsilon as people quote it: "2/255". */
export function epsText(eps: number): string {
  const steps = eps * 255;
  return `${Number.isInteger(Number(steps.toFixed(3))) ? Math.round(steps) : steps.toFixed(1)}/255`;
}

interface Part {
  name: string;
  text: string;
}

/** Name of a part that is of all the others together. */
const OVERALL = 'overall';

/**
 * What a metric is made of: classes, groups, corruptions, the worst first; the points of its curve; mistakes, the most
 * frequent first.
 */
export function partsOf(
  { unit, partUnit = unit, curve: along, direction }: MeasureInfo,
  { parts = [], curve }: Pick<Metric, 'parts' | 'curve'>,
): { parts: Part[]; order: string } {
  if (curve)
    return {
      parts: curve.map(({ x, y }) => ({
        name: along === 'epsilon' ? `ε ${epsText(x)}` : `${(x * 100).toFixed(0)} %`,
        text: metricText(y, unit),
      })),
      order: '',
    };
  const isCount = partUnit === 'pictures';
  const isSorted = !isCount && direction !== 'none' && parts.length > 1;
  const sign = direction === 'lower' ? -1 : 1;
  const rank = (value: number | null) => (value === null ? Infinity : sign * value);
  const shown = isSorted
    ? [
        ...parts.filter(({ name }) => name === OVERALL),
        ...parts
          .filter(({ name }) => name !== OVERALL)
          .toSorted((a, b) => (rank(a.value) === rank(b.value) ? 0 : rank(a.value) - rank(b.value))),
      ]
    : parts;
  return {
    parts: shown.map(({ name, value }) => ({
      name,
      text: isCount && value !== null ? whole.format(value) : metricText(value, partUnit),
    })),
    order: isSorted ? 'worst first' : isCount ? 'most frequent first' : '',
  };
}
export const hasParts = ({ parts, curve }: Pick<Metric, 'parts' | 'curve'>): boolean =>
  (parts?.length ?? 0) + (curve?.length ?? 0) > 0;

/** Which way is better, in one sign; nothing where neither is. */
export const directionSign = ({ direction }: MeasureInfo): string =>
  ({ higher: '↑', lower: '↓', none: '' })[direction];
export const directionWords = ({ direction }: MeasureInfo): string =>
  ({ higher: 'higher is better', lower: 'lower is better', none: 'neither way is better' })[direction];
