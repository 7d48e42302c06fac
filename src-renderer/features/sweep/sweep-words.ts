// A sweep in words and colours: its values as typed, the heat map of two parameters, and figures with deviations.

import {
  boxGridOf,
  methodNamed,
  type Methods,
  type ParamValue,
  type Sweep,
  type SweepCell,
  type SweepConfig,
  type SweepMetricValue,
  type SweepResult,
} from '../../../src-main/contracts/index.ts';
import { colourAt, SEQUENTIAL, type ColourMap } from '../../heat/heat-colour.ts';
import { numberText } from '../../state/run-words.ts';

/** Of a grid of box-aware's weights; the others are objectives. */
const FAMILIES: Record<string, string> = {
  standard: 'Standard',
  blackout: 'Blackout',
  equal: 'Equal weights',
  all: 'All pairs',
  any: 'Any objective',
};
export const familyTitle = (id: string, methods: Methods | null): string =>
  FAMILIES[id] ?? methodNamed(methods?.objectives ?? [], id)?.title ?? id;

export const valueText = (value: ParamValue): string =>
  typeof value === 'number' ? numberText(value) : typeof value === 'boolean' ? (value ? 'yes' : 'no') : value;

/** "0, 0.1, 1" as numbers; null where it is no list of different numbers of at least 0. */
export function readValues(text: string): number[] | null {
  const values = text
    .split(/[\s,;]+/)
    .filter((one) => one !== '')
    .map(Number);
  const isGood =
    values.every((value) => value >= 0 && value <= 1e6) && new Set(values).size === values.length;
  return isGood && values.length > 0 && values.length <= 50 ? values : null;
}

/** "81.2 %", "3.41": a mean in the unit of its measure. */
export function meanText(value: number, unit: string, isShort = false): string {
  if (unit !== 'share') return String(Number(value.toPrecision(3)));
  return isShort ? (value * 100).toFixed(1) : `${(value * 100).toFixed(1)} %`;
}

/** "81.2 ± 0.4 %", "–". */
export function spreadText(value: SweepMetricValue | null, unit: string): string {
  if (value === null) return '–';
  if (value.std === null) return meanText(value.mean, unit);
  return `${meanText(value.mean, unit, true)} ± ${meanText(value.std, unit)}`;
}

/** "inside" for a weight of box-aware, whose names all begin alike; the name itself otherwise. */
export const axisText = (name: string): string =>
  /^lambda[A-Z]/.test(name) ? name.slice('lambda'.length).toLowerCase() : name;

/** "inside 0, outside 10"; nothing for the baselines; "lambda 0.1, model resnet18" for what else was varied. */
export function pointText(
  { objective, values }: Pick<SweepCell, 'objective' | 'values'>,
  family: string,
): string {
  const isGrid = family === 'equal' || family === 'all';
  if (isGrid && objective === 'standard') return 'both 0';
  if (family === 'equal') return `both ${valueText(values.lambdaInside)}`;
  return Object.entries(values)
    .map(([name, value]) => `${axisText(name)} ${valueText(value)}`)
    .join(', ');
}

export const cellTitle = (cell: SweepCell, methods: Methods | null): string =>
  [familyTitle(cell.objective, methods), pointText(cell, 'any')].filter(Boolean).join(': ');

export const stateWords: Record<Sweep['state'], { text: string; tone: 'good' | 'warn' | '' }> = {
  running: { text: 'Running', tone: 'good' },
  stopped: { text: 'Stopped', tone: 'warn' },
  done: { text: 'Done', tone: '' },
};

export interface MapCell {
  /** Index into the result's cells. */
  cell: number;
  value: number | null;
  /** What stands in the cell: the figure, or why there is none. */
  text: string;
  /** Of the fill and of the text on it; null for a cell without a figure. */
  fill: string | null;
  ink: string | null;
  isBest: boolean;
}

export interface TwoWayMap {
  /** Values of both parameters; numbers rise. */
  rows: ParamValue[];
  columns: ParamValue[];
  /** [row][column]; null where the sweep has no such point. */
  cells: (MapCell | null)[][];
  /** Ends of the colours; null while there is no figure. */
  range: [number, number] | null;
}

/** What a sweep's points can be told apart by: the objective where there are several, and what was varied. */
export const axesOf = ({ sweep: { config } }: Pick<SweepResult, 'sweep'>): string[] => [
  ...(config.objectives.length > 1 && boxGridOf(config) === null ? [OBJECTIVE] : []),
  ...config.vary.map(({ name }) => name),
];
export const OBJECTIVE = 'objective';

/** A point's value of an axis; standard training has both weights 0 in a grid of them. */
export function axisValue(
  { objective, values }: Pick<SweepCell, 'objective' | 'values'>,
  axis: string,
): ParamValue | undefined {
  if (axis === OBJECTIVE) return objective;
  return values[axis] ?? (objective === 'standard' && /^lambda/.test(axis) ? 0 : undefined);
}

/**
 * Two of a sweep's parameters with a measure's means on one part of the pictures. Where several points share a place, the
 * best of them by the measure stands there.
 */
export function twoWayMap(
  { families, cells, choices, measures }: SweepResult,
  [row, column]: readonly [string, string],
  measure: string,
  part: 'tuning' | 'test',
  colours: ColourMap,
): TwoWayMap {
  const family = families.find(({ id }) => id === 'all' || id === 'any') ?? families[0];
  const { points } = family;
  const { unit = '', direction = 'higher' } = measures.find(({ key }) => key === measure) ?? {};
  const valuesOf = (axis: string): ParamValue[] => {
    const all = [...new Set(points.map((point) => axisValue(cells[point], axis)))];
    const known = all.filter((value) => value !== undefined);
    return known.every((value) => typeof value === 'number') ? known.sort((a, b) => a - b) : known;
  };
  const rows = valuesOf(row);
  const columns = valuesOf(column);
  const best = choices.find((one) => one.family === family.id && one.measure === measure)?.cell;
  const meanOf = (point: number): number | null => cells[point][part][measure]?.mean ?? null;
  const sign = direction === 'lower' ? -1 : 1;
  const placed = rows.map((ofRow) =>
    columns.map((ofColumn) => {
      const own = points.filter(
        (point) => axisValue(cells[point], row) === ofRow && axisValue(cells[point], column) === ofColumn,
      );
      return own.toSorted(
        (one, other) => sign * ((meanOf(other) ?? -sign * Infinity) - (meanOf(one) ?? -sign * Infinity)),
      )[0];
    }),
  );
  const means = placed.flat().flatMap((point) => (point === undefined ? [] : (meanOf(point) ?? [])));
  const range: TwoWayMap['range'] = means.length > 0 ? [Math.min(...means), Math.max(...means)] : null;
  const at = (cell: number | undefined): MapCell | null => {
    if (cell === undefined) return null;
    const value = meanOf(cell);
    if (value === null || range === null)
      return { cell, value, text: missingText(cells[cell]), fill: null, ink: null, isBest: false };
    const [least, most] = range;
    const colour = colourAt(SEQUENTIAL[colours], most > least ? (value - least) / (most - least) : 0.5);
    const light = (0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]) / 255;
    return {
      cell,
      value,
      text: meanText(value, unit, true),
      isBest: cell === best,
      fill: `rgb(${colour.map(Math.round).join(' ')})`,
      ink: light > 0.5 ? 'var(--casing-dark)' : 'var(--casing-light)',
    };
  };
  return { rows, columns, range, cells: placed.map((ofRow) => ofRow.map(at)) };
}

/** Why a cell has no figure yet, in a word that fits it. */
function missingText({ runs, isHalved }: SweepCell): string {
  if (isHalved) return '↓';
  if (runs.some(({ state }) => state === 'failed')) return '×';
  if (runs.some(({ state }) => state === 'running')) return '…';
  return '–';
}

/** "37 points, 3 times each: 111 runs". */
export const planText = (points: number, { repeat }: Pick<SweepConfig, 'repeat'>): string =>
  repeat === 1
    ? `${points} runs, once each`
    : `${points} points, ${repeat} times each: ${points * repeat} runs`;

/** Standard, blackout, and the pairs; no weights at all are standard. */
export const pointsOfGrid = (inside: readonly number[], outside: readonly number[]): number =>
  2 + inside.length * outside.length - (inside.includes(0) && outside.includes(0) ? 1 : 0);
