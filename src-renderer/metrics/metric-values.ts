// Figures of an evaluation, in the words of the registry: their text, their intervals and what they are made of.

import type { EvaluationSummary, MetricValue, MeasureInfo } from '../../src-main/contracts/index.ts';

export interface ListedMetric {
  info: MeasureInfo;
  metricValue: MetricValue;
}

/** All that was measured, in the registry's order. */
export const allMetrics = (summary: EvaluationSummary, infos: readonly MeasureInfo[]): ListedMetric[] =>
  infos.flatMap((info) => {
    const metricValue = summary.figures[info.key];
    return metricValue ? [{ info, metricValue }] : [];
  });

/** Those beyond the usual set, which Inspect and Compare show by name. */
export const moreMetrics = (summary: EvaluationSummary, infos: readonly MeasureInfo[]): ListedMetric[] =>
  allMetrics(summary, infos).filter(({ info }) => !info.usual);

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
export const intervalText = ({ low, high }: Pick<MetricValue, 'low' | 'high'>, unit: string): string =>
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
 * What a figure is made of: classes, groups, corruptions, the worst first; epsilons as they rise; mistakes, the most
 * frequent first.
 */
export function partsOf(
  { unit, partUnit = unit, partsBy, direction }: MeasureInfo,
  { parts = [] }: MetricValue,
): { parts: Part[]; order: string } {
  const isCurve = partsBy === 'epsilon';
  const isCount = partUnit === 'pictures';
  const isSorted = !isCurve && !isCount && direction !== 'none' && parts.length > 1;
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
      name: isCurve ? `ε ${epsText(Number(name))}` : name,
      text: isCount && value !== null ? whole.format(value) : metricText(value, partUnit),
    })),
    order: isSorted ? 'worst first' : isCount ? 'most frequent first' : '',
  };
}

/** Which way is better, in one sign; nothing where neither is. */
export const directionSign = ({ direction }: MeasureInfo): string =>
  ({ higher: '↑', lower: '↓', none: '' })[direction];
export const directionWords = ({ direction }: MeasureInfo): string =>
  ({ higher: 'higher is better', lower: 'lower is better', none: 'neither way is better' })[direction];
