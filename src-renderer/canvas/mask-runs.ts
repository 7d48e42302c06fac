// Arithmetic of masks on their run lengths, without ever making a bitmap: a stroke on a mask of 24 megapixels
// costs the runs of the mask, not its pixels. Runs are column-major and start with zeros (contracts/geometry.ts).

import type { Point, Rle } from '../../src-main/contracts/index.ts';
import { eachRun } from './masks.ts';
import type { Size, XY } from './viewport.ts';

/** Rows first..end (exclusive) of one column, in order and apart. */
type Column = [first: number, end: number][];

export const emptyMask = ({ width, height }: Size): Rle => ({ width, height, counts: [width * height] });
export const isEmpty = ({ counts }: Rle): boolean =>
  counts.every((count, index) => index % 2 === 0 || count === 0);

export type MaskOperation = 'union' | 'subtract' | 'intersect';

/** Both of one size. */
export function combined(one: Rle, other: Rle, operation: MaskOperation): Rle {
  const keeps = (a: boolean, b: boolean) =>
    operation === 'union' ? a || b : operation === 'subtract' ? a && !b : a && b;
  const runs = new RunWriter();
  let [atOne, atOther] = [0, 0];
  let [leftOne, leftOther] = [one.counts[0] ?? 0, other.counts[0] ?? 0];
  for (let left = one.width * one.height; left > 0;) {
    while (leftOne === 0) leftOne = one.counts[++atOne]!;
    while (leftOther === 0) leftOther = other.counts[++atOther]!;
    const length = Math.min(leftOne, leftOther);
    runs.add(keeps(atOne % 2 === 1, atOther % 2 === 1), length);
    leftOne -= length;
    leftOther -= length;
    left -= length;
  }
  return { width: one.width, height: one.height, counts: runs.counts };
}

export function inverted(rle: Rle): Rle {
  const counts = rle.counts[0] === 0 ? rle.counts.slice(1) : [0, ...rle.counts];
  return { ...rle, counts: counts.length > 0 ? counts : [0] };
}

/** Joins runs of the same value that follow each other. */
class RunWriter {
  readonly counts: number[] = [0];
  add(isSet: boolean, length: number): void {
    if (length === 0) return;
    if (this.counts.length % 2 === (isSet ? 0 : 1)) this.counts[this.counts.length - 1]! += length;
    else this.counts.push(length);
  }
}

/** @param columns  by column; the rows of each in any order, they may overlap and reach out of the picture */
function fromColumns(columns: ReadonlyMap<number, Column>, { width, height }: Size): Rle {
  const runs = new RunWriter();
  let position = 0;
  const places = [...columns.keys()].filter((column) => column >= 0 && column < width).sort((a, b) => a - b);
  for (const column of places) {
    const rows = columns.get(column)!.sort((one, other) => one[0] - other[0]);
    for (const [first, end] of rows) {
      const from = Math.max(position, column * height + Math.max(0, first));
      const to = column * height + Math.min(height, end);
      if (to <= from) continue;
      runs.add(false, from - position);
      runs.add(true, to - from);
      position = to;
    }
  }
  runs.add(false, width * height - position);
  return { width, height, counts: runs.counts };
}

function addRows(columns: Map<number, Column>, column: number, first: number, end: number): void {
  const rows = columns.get(column);
  if (rows) rows.push([first, end]);
  else columns.set(column, [[first, end]]);
}

/** Rows whose centres lie in [top, bottom]. */
const centresIn = (top: number, bottom: number): [number, number] => [
  Math.ceil(top - 0.5),
  Math.floor(bottom - 0.5) + 1,
];

/**
 * What a round brush covers on its way: the pixels whose centres lie within the radius of the line. A click covers the
 * pixel under it at least.
 * @param diameters  of the brush, in pixels of the picture, at each point of the way (a pen's pressure changes it)
 */
export function strokeMask(way: readonly XY[], diameters: readonly number[], image: Size): Rle {
  const columns = new Map<number, Column>();
  way.forEach((to, index) => {
    const from = way[Math.max(0, index - 1)]!;
    const radius = diameters[index]! / 2;
    addCapsule(columns, from, to, radius, image);
    addRows(columns, Math.floor(to.x), Math.floor(to.y), Math.floor(to.y) + 1);
  });
  return fromColumns(columns, image);
}

/** All within `radius` of the segment: convex, so that each column meets it in one piece. */
function addCapsule(columns: Map<number, Column>, a: XY, b: XY, radius: number, image: Size): void {
  const firstColumn = Math.max(0, Math.floor(Math.min(a.x, b.x) - radius));
  const lastColumn = Math.min(image.width - 1, Math.ceil(Math.max(a.x, b.x) + radius));
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  // The sides of the body, a radius to the left and right of the line.
  const side =
    length === 0
      ? { x: 0, y: 0 }
      : { x: (-(b.y - a.y) / length) * radius, y: ((b.x - a.x) / length) * radius };
  for (let column = firstColumn; column <= lastColumn; column += 1) {
    const x = column + 0.5;
    let top = Infinity;
    let bottom = -Infinity;
    const meet = (y: number) => {
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    };
    for (const end of [a, b]) {
      const half = Math.sqrt(radius ** 2 - (x - end.x) ** 2);
      if (half >= 0) {
        meet(end.y - half);
        meet(end.y + half);
      }
    }
    for (const sign of [1, -1]) {
      const [ax, bx] = [a.x + sign * side.x, b.x + sign * side.x];
      if (ax === bx || x < Math.min(ax, bx) || x > Math.max(ax, bx)) continue;
      meet(a.y + sign * side.y + ((x - ax) / (bx - ax)) * (b.y - a.y));
    }
    if (bottom >= top) addRows(columns, column, ...centresIn(top, bottom));
  }
}

/** Pixels whose centres lie in the rings, even-odd. */
export function maskOfRings(rings: readonly (readonly Point[])[], image: Size): Rle {
  const crossings = new Map<number, number[]>();
  for (const ring of rings)
    ring.forEach(([ax, ay], index) => {
      const [bx, by] = ring[(index + 1) % ring.length]!;
      const first = Math.max(0, Math.ceil(Math.min(ax, bx) - 0.5));
      const last = Math.min(image.width - 1, Math.ceil(Math.max(ax, bx) - 0.5) - 1);
      for (let column = first; column <= last; column += 1) {
        const y = ay + ((column + 0.5 - ax) / (bx - ax)) * (by - ay);
        const known = crossings.get(column);
        if (known) known.push(y);
        else crossings.set(column, [y]);
      }
    });
  const columns = new Map<number, Column>();
  for (const [column, ys] of crossings) {
    ys.sort((one, other) => one - other);
    // Half-open, so that two shapes that share a line share no pixel.
    for (let at = 0; at + 1 < ys.length; at += 2)
      addRows(columns, column, Math.ceil(ys[at]! - 0.5), Math.ceil(ys[at + 1]! - 0.5));
  }
  return fromColumns(columns, image);
}

/** Larger by `radius` pixels all round, or smaller for less than 0. */
export function grownMask(rle: Rle, radius: number): Rle {
  if (radius < 0) return inverted(grownMask(inverted(rle), -radius));
  const columns = new Map<number, Column>();
  eachRun(rle, (column, first, last) => {
    for (let dx = -Math.floor(radius); dx <= radius; dx += 1) {
      const half = Math.floor(Math.sqrt(radius ** 2 - dx ** 2));
      addRows(columns, column + dx, first - half, last + 1 + half);
    }
  });
  return fromColumns(columns, rle);
}

/** Parts that hang together by the sides of pixels, the first column's first. */
export function partsOf(rle: Rle): Rle[] {
  const runs: { column: number; first: number; last: number; parent: number }[] = [];
  const root = (at: number): number => {
    while (runs[at]!.parent !== at) at = runs[at]!.parent = runs[runs[at]!.parent]!.parent;
    return at;
  };
  let before = 0; // first run of the column before
  let here = 0; // first run of this column
  eachRun(rle, (column, first, last) => {
    const at = runs.length;
    if (at > 0 && runs[at - 1]!.column !== column) [before, here] = [here, at];
    runs.push({ column, first, last, parent: at });
    if (runs[before]!.column !== column - 1) return;
    for (let other = before; other < here && runs[other]!.first <= last; other += 1)
      if (runs[other]!.last >= first) runs[root(at)]!.parent = root(other);
  });
  const parts = new Map<number, Map<number, Column>>();
  runs.forEach(({ column, first, last }, at) => {
    const key = root(at);
    const columns = parts.get(key) ?? new Map<number, Column>();
    parts.set(key, columns);
    addRows(columns, column, first, last + 1);
  });
  return [...parts.values()].map((columns) => fromColumns(columns, rle));
}

/** With what it encloses: all that cannot be reached from the picture's edge. */
export function filledMask(rle: Rle): Rle {
  let result = rle;
  for (const part of partsOf(inverted(rle))) {
    let meetsEdge = false;
    eachRun(part, (column, first, last) => {
      meetsEdge ||= column === 0 || column === rle.width - 1 || first === 0 || last === rle.height - 1;
    });
    if (!meetsEdge) result = combined(result, part, 'union');
  }
  return result;
}
