// What a sweep's points say together: which parameters matter, which points no other beats in two measures at once, and
// how each point runs through all parameters.

import type { ParamValue, SweepCell, SweepResult } from '../../../src-main/contracts/index.ts';
import { axesOf, axisValue } from './sweep-words.ts';

/** A point as the views draw it. */
export interface Point {
  /** Index into the result's cells. */
  cell: number;
  /** By axis; undefined where its objective does not have the parameter. */
  values: (ParamValue | undefined)[];
  mean: number;
}

/** Points with a mean of the measure. */
export function pointsOf(result: SweepResult, measure: string, part: 'tuning' | 'test'): Point[] {
  const axes = axesOf(result);
  return result.cells.flatMap((one, cell) => {
    const mean = one[part][measure]?.mean;
    return mean === undefined ? [] : [{ cell, values: axes.map((axis) => axisValue(one, axis)), mean }];
  });
}

const TREES = 64;
const DEPTH_MOST = 8;
const SHUFFLES = 8;
/** With fewer points a forest says nothing. */
export const LEAST_POINTS = 6;

type Tree = { value: number } | { axis: number; at: ParamValue | undefined; low: Tree; high: Tree };

/**
 * How much of what a small random forest (Breiman 2001) knows of the measure is lost when the values of one parameter are
 * shuffled, as shares of all of them; null for too few points, and where nothing matters. The same each time.
 */
export function importances(points: readonly Point[], axes: number): number[] | null {
  if (points.length < LEAST_POINTS) return null;
  const random = randomFrom(1);
  const trees = Array.from({ length: TREES }, () =>
    grow(
      points.map(() => points[Math.floor(random() * points.length)]),
      axes,
      random,
      0,
    ),
  );
  const predicted = (values: Point['values']): number =>
    trees.reduce((sum, tree) => sum + valueIn(tree, values), 0) / trees.length;
  const errorOf = (rows: readonly Point['values'][]): number =>
    rows.reduce((sum, values, i) => sum + (predicted(values) - points[i].mean) ** 2, 0) / rows.length;
  const base = errorOf(points.map(({ values }) => values));
  const losses = Array.from({ length: axes }, (_, axis) => {
    let sum = 0;
    for (let n = 0; n < SHUFFLES; n++) {
      const column = shuffled(
        points.map(({ values }) => values[axis]),
        random,
      );
      sum += errorOf(points.map(({ values }, i) => values.with(axis, column[i])));
    }
    return Math.max(0, sum / SHUFFLES - base);
  });
  const all = losses.reduce((sum, loss) => sum + loss, 0);
  return all > 0 ? losses.map((loss) => loss / all) : null;
}

function grow(points: readonly Point[], axes: number, random: () => number, depth: number): Tree {
  const mean = points.reduce((sum, one) => sum + one.mean, 0) / points.length;
  const spread = squares(points);
  if (points.length < 2 || depth === DEPTH_MOST || spread === 0) return { value: mean };
  // Of some axes only, so that trees differ.
  const tried = shuffled(
    Array.from({ length: axes }, (_, axis) => axis),
    random,
  ).slice(0, Math.max(1, Math.ceil((2 * axes) / 3)));
  let best: { gain: number; axis: number; at: ParamValue | undefined } | null = null;
  for (const axis of tried)
    for (const at of new Set(points.map(({ values }) => values[axis]))) {
      const low = points.filter(({ values }) => isLow(values[axis], at));
      if (low.length === 0 || low.length === points.length) continue;
      const high = points.filter(({ values }) => !isLow(values[axis], at));
      const gain = spread - squares(low) - squares(high);
      if (gain > (best?.gain ?? 0)) best = { gain, axis, at };
    }
  if (!best) return { value: mean };
  const { axis, at } = best;
  return {
    axis,
    at,
    low: grow(
      points.filter(({ values }) => isLow(values[axis], at)),
      axes,
      random,
      depth + 1,
    ),
    high: grow(
      points.filter(({ values }) => !isLow(values[axis], at)),
      axes,
      random,
      depth + 1,
    ),
  };
}

/** Numbers by their order, all else by being the same. */
const isLow = (value: ParamValue | undefined, at: ParamValue | undefined): boolean =>
  typeof value === 'number' && typeof at === 'number' ? value <= at : value === at;

const valueIn = (tree: Tree, values: Point['values']): number =>
  'value' in tree ? tree.value : valueIn(isLow(values[tree.axis], tree.at) ? tree.low : tree.high, values);

function squares(points: readonly Point[]): number {
  const mean = points.reduce((sum, one) => sum + one.mean, 0) / points.length;
  return points.reduce((sum, one) => sum + (one.mean - mean) ** 2, 0);
}

/** Mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    [copy[i], copy[other]] = [copy[other], copy[i]];
  }
  return copy;
}

type Direction = SweepResult['measures'][number]['direction'];
export interface Pair {
  cell: number;
  x: number;
  y: number;
  /** No other is better in one measure and as good in the other. */
  isFront: boolean;
}

/** Points with means of both measures; the front in the order of x. */
export function paretoOf(
  cells: readonly SweepCell[],
  [one, other]: readonly [string, string],
  [directionX, directionY]: readonly [Direction, Direction],
  part: 'tuning' | 'test',
): Pair[] {
  const pairs = cells.flatMap((cell, index) => {
    const [x, y] = [cell[part][one]?.mean, cell[part][other]?.mean];
    return x === undefined || y === undefined ? [] : [{ cell: index, x, y }];
  });
  const sign = (direction: Direction): number => (direction === 'lower' ? -1 : 1);
  const [sx, sy] = [sign(directionX), sign(directionY)];
  const beats = (a: { x: number; y: number }, b: { x: number; y: number }): boolean =>
    sx * a.x >= sx * b.x && sy * a.y >= sy * b.y && (a.x !== b.x || a.y !== b.y);
  return pairs
    .map((pair) => ({ ...pair, isFront: !pairs.some((rival) => beats(rival, pair)) }))
    .sort((a, b) => a.x - b.x);
}

/** Places of an axis' values from 0 to 1: numbers above 0 that span more than 30 times by their logarithm, words in order. */
export function placesOf(
  values: readonly (ParamValue | undefined)[],
): (value: ParamValue | undefined) => number | null {
  const known = [...new Set(values.filter((value) => value !== undefined))];
  if (known.length > 0 && known.every((value) => typeof value === 'number')) {
    const [low, high] = [Math.min(...known), Math.max(...known)];
    const least = Math.min(...known.filter((value) => value > 0));
    const isLog = low >= 0 && high / least > 30;
    // 0 has no logarithm: it stands a step below the least.
    const scaled = (value: number): number => (isLog ? Math.log10(value > 0 ? value : least / 10) : value);
    const [from, to] = [scaled(low), scaled(high)];
    return (value) =>
      typeof value === 'number' ? (to > from ? (scaled(value) - from) / (to - from) : 0.5) : null;
  }
  return (value) => {
    const at = value === undefined ? -1 : known.indexOf(value);
    return at < 0 ? null : known.length > 1 ? at / (known.length - 1) : 0.5;
  };
}
