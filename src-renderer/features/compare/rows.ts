// Two runs over the same test pictures as figures: differences, what changed, the order, and the CSV of it.
// A difference is always B - A, null where one of both has no figure.

import {
  heatParams,
  heatTitle,
  type CompareRow,
  type ComparisonRecord,
  type EvaluatedImage,
  type EvaluationSummary,
  type Methods,
  type Run,
} from '../../../src-main/contracts/index.ts';
import { isInside, type HeatMetrics } from '../../metrics/heat-metrics.svelte.ts';
import { allMetrics, epsText } from '../../metrics/metric-values.ts';
import { count } from '../../ui/format.ts';

/** What a column shows: the name, or a metric of A, of B, or their difference. */
export type Column = 'name' | MetricColumn;
export type MetricColumn = `${'a' | 'b' | 'difference'}:${string}`;
export const columnOf = (side: 'a' | 'b' | 'difference', key: string): MetricColumn => `${side}:${key}`;

export function difference(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : b - a;
}

/** Keys are those of metrics, or the probability of the true class. */
export const TRUE_SCORE = 'true-score';
const valueOfKey = (image: EvaluatedImage, key: string): number | null =>
  key === TRUE_SCORE ? image.trueScore : (image.values[key] ?? null);

export function columnValue({ a, b }: CompareRow, column: Exclude<Column, 'name'>): number | null {
  const at = column.indexOf(':');
  const key = column.slice(at + 1);
  switch (column.slice(0, at)) {
    case 'a':
      return valueOfKey(a, key);
    case 'b':
      return valueOfKey(b, key);
    default:
      return difference(valueOfKey(a, key), valueOfKey(b, key));
  }
}

const byName = (one: CompareRow, other: CompareRow) =>
  one.name.localeCompare(other.name, 'en', { numeric: true });

/** A sorted copy. Rows without the figure come last in both directions; equal ones by name. */
export function sortRows(rows: CompareRow[], column: Column, ascending: boolean): CompareRow[] {
  const sign = ascending ? 1 : -1;
  if (column === 'name') return rows.toSorted((one, other) => sign * byName(one, other));
  return rows.toSorted((one, other) => {
    const a = columnValue(one, column);
    const b = columnValue(other, column);
    if (a === null || b === null) return Number(a === null) - Number(b === null) || byName(one, other);
    return sign * (a - b) || byName(one, other);
  });
}

/** Largest size of a difference, so that all bars of a column share one scale; 0 if there is none. */
export function mostDifference(rows: CompareRow[], column: Exclude<Column, 'name'>): number {
  return rows.reduce((most, row) => Math.max(most, Math.abs(columnValue(row, column) ?? 0)), 0);
}

export type Filter = 'all' | 'changed' | 'entered' | 'left';

/** Heat is inside from half of it on. */
export const halfInside = (heat: HeatMetrics | null) => (image: EvaluatedImage) =>
  isInside(image, heat, { by: 'share', from: 0.5 });

export function passes({ a, b }: CompareRow, filter: Filter, heat: HeatMetrics | null): boolean {
  const inside = halfInside(heat);
  switch (filter) {
    case 'all':
      return true;
    case 'changed':
      return a.predictedId !== b.predictedId;
    case 'entered':
      return inside(a) === false && inside(b) === true;
    case 'left':
      return inside(a) === true && inside(b) === false;
  }
}

interface MeasureRow {
  /** Of the metric. */
  key: string;
  name: string;
  /** '%' figures are fractions, shown times 100; differences of them are points. */
  unit: '%' | '' | 's';
  a: number | null;
  b: number | null;
  /** Which way is better; 0 where neither is. */
  better: 1 | -1 | 0;
  /** What a map that knows nothing would get. */
  chance: number | null;
}

/** All that was measured of two runs, in the registry's order, those that neither has left out. */
export function measureRows(
  a: { run: Run; summary: EvaluationSummary },
  b: { run: Run; summary: EvaluationSummary },
  methods: Pick<Methods, 'measures' | 'saliency'> | null,
): MeasureRow[] {
  const ofA = allMetrics(a.summary, methods);
  const ofB = allMetrics(b.summary, methods);
  const place = (id: string) => methods?.measures.findIndex((one) => one.id === id) ?? 0;
  const all = [...new Map([...ofA, ...ofB].map((one) => [one.key, one])).values()].toSorted(
    (one, other) => place(one.info.id) - place(other.info.id),
  );
  const valueFor = (list: typeof ofA, key: string) => list.find((one) => one.key === key)?.metric ?? null;
  const rows = all.flatMap(({ key, title, info: { id, unit, direction } }): MeasureRow[] => {
    const one = valueFor(ofA, key);
    const other = valueFor(ofB, key);
    const of = {
      unit: unit === 'share' ? ('%' as const) : ('' as const),
      better: direction === 'higher' ? (1 as const) : direction === 'lower' ? (-1 as const) : (0 as const),
    };
    const whole = {
      ...of,
      key,
      name: id === 'accuracy' ? 'Test accuracy' : title,
      a: one?.value ?? null,
      b: other?.value ?? null,
      chance: one?.chance ?? other?.chance ?? null,
    };
    if (id !== 'fgsm') return [whole];
    const points = (one?.curve ?? []).flatMap(({ x, y }): MeasureRow[] => {
      const same = other?.curve?.find((point) => Math.abs(point.x - x) < 1e-9);
      return x > 0 && same
        ? [{ ...of, key: `${key}@${x}`, name: `FGSM ${epsText(x)}`, a: y, b: same.y, chance: null }]
        : [];
    });
    return points.length > 0 ? points : [whole];
  });
  rows.push({
    key: 'seconds',
    name: 'Training time',
    unit: 's',
    a: a.run.seconds,
    b: b.run.seconds,
    better: 0,
    chance: null,
  });
  return rows.filter((row) => row.a !== null || row.b !== null);
}

/** "+31.2", "−0.6", "0.0": a signed figure with a true minus, no sign on nothing. */
export function signed(value: number | null, digits: number): string {
  if (value === null) return '–';
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return (value > 0 ? '+' : '−') + text;
}

/** Of shares that are no part of a whole, and so may be many times 100 %. */
const shareDigits = (value: number): number => (Math.abs(value) >= 10 ? 0 : 1);

/** Digits behind the point that show three of the larger figure of a row; none of whole numbers. */
function digitsOf({ a, b }: MeasureRow): number {
  const known = [a, b].filter((value) => value !== null);
  const size = Math.max(...known.map(Math.abs));
  if (size === 0 || known.every(Number.isInteger)) return 0;
  return Math.min(12, Math.max(0, 2 - Math.floor(Math.log10(size))));
}

/** A figure without its unit, which stands beside the name, as exact as the other: "87.6", "0.700", "1,204". */
export function rowText(row: MeasureRow, value: number | null): string {
  if (value === null) return '–';
  if (row.unit === '%') return (value * 100).toFixed(shareDigits(value)).replace(/^-/, '−');
  const digits = digitsOf(row);
  if (row.unit === 's' || digits === 0) return count(value);
  return value.toFixed(digits).replace(/^-/, '−');
}

/** B − A, to the last digit that the figures themselves have. */
export function differenceText(row: MeasureRow): string {
  const value = difference(row.a, row.b);
  if (value === null) return '–';
  if (row.unit === '%') return signed(value * 100, shareDigits(value));
  return signed(value, row.unit === 's' ? 0 : digitsOf(row));
}

/** Which way B differs: 1 better, -1 worse, 0 for neither, or for a difference too small to be shown. */
export function toneOf(row: MeasureRow): 1 | -1 | 0 {
  const value = difference(row.a, row.b);
  if (value === null || row.better === 0 || /^[0.]+$/.test(differenceText(row))) return 0;
  return value * row.better > 0 ? 1 : -1;
}

/**
 * Comma-separated, one line a picture, shares as fractions; a name that begins a formula is made harmless. Every metric
 * that a picture of either run has, named with its parameters.
 */
export function csvOf(
  rows: readonly CompareRow[],
  className: (id: EvaluatedImage['classId']) => string,
  heat: HeatMetrics | null,
): string {
  const keys = [...new Set(rows.flatMap(({ a, b }) => [...Object.keys(a.values), ...Object.keys(b.values)]))]
    .filter((key) => key !== 'accuracy')
    .sort(
      (one, other) =>
        Number(other === heat?.inBox.key) - Number(one === heat?.inBox.key) || (one < other ? -1 : 1),
    );
  const head = [
    ...[
      'picture',
      'class',
      'a_says',
      'b_says',
      'a_right',
      'b_right',
      'a_true_score',
      'b_true_score',
      'area_share',
    ],
    ...keys.flatMap((key) => [`a ${key}`, `b ${key}`, `b-a ${key}`]),
  ];
  const lines = rows.map((row) => [
    row.name,
    className(row.a.classId),
    className(row.a.predictedId),
    className(row.b.predictedId),
    Number(row.a.correct),
    Number(row.b.correct),
    row.a.trueScore,
    row.b.trueScore,
    row.a.areaShare,
    ...keys.flatMap((key) =>
      (['a', 'b', 'difference'] as const).map((side) => columnValue(row, columnOf(side, key))),
    ),
  ]);
  return [head, ...lines].map((line) => line.map(csvCell).join(',')).join('\r\n') + '\r\n';
}

/** Which maps the numbers of a finding are of. */
export function findingHeat({ method, params }: ComparisonRecord, methods: Methods | null): string {
  const info = methods?.saliency.find(({ id }) => id === method);
  return info && methods ? (heatTitle(heatParams(info, params), methods.saliency) ?? method) : method;
}

function csvCell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(Number(value.toFixed(6)));
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
