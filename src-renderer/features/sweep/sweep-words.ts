// A sweep in words and colours: its grid as typed, the heat map of its two weights, and figures with deviations.

import {
  familyPoints,
  type Sweep,
  type SweepCell,
  type SweepConfig,
  type SweepFamily,
  type SweepMetricValue,
  type SweepResult,
} from '../../../src-main/contracts/index.ts';
import { colourAt, SEQUENTIAL, type ColourMap } from '../../heat/heat-colour.ts';
import { numberText } from '../../state/run-words.ts';

export const familyTitles: Record<SweepFamily, string> = {
  standard: 'Standard',
  blackout: 'Blackout',
  equal: 'Equal weights',
  all: 'All pairs',
};

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

/** "inside 0, outside 10"; nothing for the baselines. */
export function weightsText(
  { objective, lambdaInside, lambdaOutside }: SweepCell,
  family: SweepFamily,
): string {
  if (family === 'standard' || family === 'blackout') return '';
  if (family === 'equal') return `both ${numberText(lambdaInside)}`;
  return objective === 'standard'
    ? 'both 0'
    : `inside ${numberText(lambdaInside)}, outside ${numberText(lambdaOutside)}`;
}

export function cellTitle({ objective, lambdaInside, lambdaOutside }: SweepCell): string {
  if (objective === 'blackout') return 'Blackout';
  if (objective === 'standard') return 'Standard: both weights 0';
  return `Weight inside ${numberText(lambdaInside)}, outside ${numberText(lambdaOutside)}`;
}

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

export interface WeightMap {
  /** Rising. */
  inside: number[];
  outside: number[];
  /** [inside][outside] */
  cells: MapCell[][];
  /** Ends of the colours; null while there is no figure. */
  range: [number, number] | null;
}

/** The grid of the two weights with a measure's means on one part of the pictures. */
export function weightMap(
  { sweep, cells, choices, measures }: SweepResult,
  measure: string,
  part: 'tuning' | 'test',
  colours: ColourMap,
): WeightMap {
  const rising = (values: readonly number[]) => values.toSorted((one, other) => one - other);
  const inside = rising(sweep.config.grid.lambdaInside);
  const outside = rising(sweep.config.grid.lambdaOutside);
  const unit = measures.find(({ key }) => key === measure)?.unit ?? '';
  const best = choices.find((one) => one.family === 'all' && one.measure === measure)?.cell;
  const points = familyPoints(sweep.config, 'all');
  const known = points.flatMap((point) => cells[point][part][measure]?.mean ?? []);
  const range: WeightMap['range'] = known.length > 0 ? [Math.min(...known), Math.max(...known)] : null;
  const at = (lambdaInside: number, lambdaOutside: number): MapCell => {
    const cell = points.find(
      (point) => cells[point].lambdaInside === lambdaInside && cells[point].lambdaOutside === lambdaOutside,
    )!;
    const value = cells[cell][part][measure]?.mean ?? null;
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
  return { inside, outside, range, cells: inside.map((row) => outside.map((column) => at(row, column))) };
}

/** Why a cell has no figure yet, in a word that fits it. */
function missingText({ runs }: SweepCell): string {
  if (runs.some(({ state }) => state === 'failed')) return '×';
  if (runs.some(({ state }) => state === 'running')) return '…';
  return '–';
}

/** "37 points, 3 times each: 111 runs". */
export const planText = (points: number, { repeat }: Pick<SweepConfig, 'repeat'>): string =>
  repeat === 1
    ? `${points} runs, once each`
    : `${points} points, ${repeat} times each: ${points * repeat} runs`;
