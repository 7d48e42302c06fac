// Two runs over the same test pictures as figures: differences, what changed, the order, and the CSV of it.
// A difference is always B - A, null where one of both has no figure.

import type {
  CompareRow,
  EvaluatedImage,
  EvaluationSummary,
  MeasureInfo,
  Run,
} from '../../../src-main/contracts/index.ts';
import { epsText, moreMetrics } from '../../metrics/metric-values.ts';
import { count } from '../../ui/format.ts';

export type Column =
  'name' | 'energyA' | 'energyB' | 'energyDifference' | 'iouA' | 'iouB' | 'iouDifference' | 'scoreDifference';

export function difference(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : b - a;
}

export function columnValue(row: CompareRow, column: Exclude<Column, 'name'>): number | null {
  switch (column) {
    case 'energyA':
      return row.a.energyInBox;
    case 'energyB':
      return row.b.energyInBox;
    case 'energyDifference':
      return difference(row.a.energyInBox, row.b.energyInBox);
    case 'iouA':
      return row.a.iou;
    case 'iouB':
      return row.b.iou;
    case 'iouDifference':
      return difference(row.a.iou, row.b.iou);
    case 'scoreDifference':
      return row.b.trueScore - row.a.trueScore;
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
const INSIDE_FROM = 0.5;

export function passes({ a, b }: CompareRow, filter: Filter): boolean {
  const inside = ({ energyInBox }: EvaluatedImage) => energyInBox !== null && energyInBox >= INSIDE_FROM;
  switch (filter) {
    case 'all':
      return true;
    case 'changed':
      return a.predictedId !== b.predictedId;
    case 'entered':
      return a.energyInBox !== null && !inside(a) && inside(b);
    case 'left':
      return b.energyInBox !== null && inside(a) && !inside(b);
  }
}

interface MeasureRow {
  name: string;
  /** '%' figures are fractions, shown times 100; differences of them are points. */
  unit: '%' | '' | 's';
  a: number | null;
  b: number | null;
  /** Which way is better; 0 where neither is. */
  better: 1 | -1 | 0;
}

/** All measures of two evaluated runs, those that neither has left out. @param infos  the registry's */
export function measureRows(
  a: { run: Run; summary: EvaluationSummary },
  b: { run: Run; summary: EvaluationSummary },
  infos: readonly MeasureInfo[] = [],
): MeasureRow[] {
  const { measures: one } = a.summary;
  const { measures: other } = b.summary;
  const rows: MeasureRow[] = [
    { name: 'Test accuracy', unit: '%', a: one.accuracy, b: other.accuracy, better: 1 },
    { name: 'Heat in box', unit: '%', a: one.energyInBox, b: other.energyInBox, better: 1 },
    { name: 'Peak in box', unit: '%', a: one.pointingGame, b: other.pointingGame, better: 1 },
    { name: 'IoU, box from heat', unit: '', a: one.meanIou, b: other.meanIou, better: 1 },
    {
      name: 'Right and IoU ≥ 0.5',
      unit: '%',
      a: one.localisationAccuracy,
      b: other.localisationAccuracy,
      better: 1,
    },
    { name: 'Saliency metric', unit: '', a: one.saliencyMetric, b: other.saliencyMetric, better: -1 },
    { name: 'Outside blurred', unit: '%', a: one.outsideBlurred, b: other.outsideBlurred, better: 1 },
    { name: 'Outside swapped', unit: '%', a: one.outsideSwapped, b: other.outsideSwapped, better: 1 },
  ];
  for (const { eps, accuracy } of one.fgsm) {
    const same = other.fgsm.find((point) => Math.abs(point.eps - eps) < 1e-9);
    if (eps > 0 && same)
      rows.push({ name: `FGSM ${epsText(eps)}`, unit: '%', a: accuracy, b: same.accuracy, better: 1 });
  }
  const further = new Map(
    [a, b].flatMap(({ summary }) => moreMetrics(summary, infos)).map((one) => [one.info.id, one.info]),
  );
  for (const { key, title, unit, direction } of further.values())
    rows.push({
      name: title,
      unit: unit === 'share' ? '%' : '',
      a: a.summary.figures[key]?.value ?? null,
      b: b.summary.figures[key]?.value ?? null,
      better: direction === 'higher' ? 1 : direction === 'lower' ? -1 : 0,
    });
  rows.push({ name: 'Training time', unit: 's', a: a.run.seconds, b: b.run.seconds, better: 0 });
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

/** Comma-separated, one line a picture, figures as fractions; a name that begins a formula is made harmless. */
export function csvOf(rows: CompareRow[], className: (id: EvaluatedImage['classId']) => string): string {
  const head = [
    'picture',
    'class',
    'a_says',
    'b_says',
    'a_true_score',
    'b_true_score',
    'a_heat_in_box',
    'b_heat_in_box',
    'heat_in_box_b_minus_a',
    'a_iou',
    'b_iou',
    'iou_b_minus_a',
  ];
  const lines = rows.map((row) => [
    row.name,
    className(row.a.classId),
    className(row.a.predictedId),
    className(row.b.predictedId),
    row.a.trueScore,
    row.b.trueScore,
    row.a.energyInBox,
    row.b.energyInBox,
    columnValue(row, 'energyDifference'),
    row.a.iou,
    row.b.iou,
    columnValue(row, 'iouDifference'),
  ]);
  return [head, ...lines].map((line) => line.map(csvCell).join(',')).join('\r\n') + '\r\n';
}

function csvCell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(Number(value.toFixed(6)));
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
