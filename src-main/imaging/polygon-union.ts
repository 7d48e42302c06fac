// The union of polygons as run lengths, pixel for pixel as COCO's own tools draw it (maskApi.c of pycocotools:
// outlines on a grid five times as fine, a column filled between the rows where an outline crosses its middle). Only
// the crossings of the picture's columns are looked at, so the work does not grow with the area, nor with how far
// outside a hostile file puts its points.

import type { Point, Rle } from '../contracts/geometry.ts';

/** Crossings of all outlines of one shape; a million points that jump from edge to edge are no outline. */
const maxCrossings = 20_000_000;

/** Steps of the fine grid in a pixel. */
const fine = 5;

/**
 * @param rings  each filled even-odd by itself
 * @returns      the union, and whether any two rings have a pixel in common; null if there is too much to draw
 */
export function unionOfPolygons(
  rings: readonly (readonly Point[])[],
  widthPx: number,
  heightPx: number,
): { rle: Rle; overlaps: boolean } | null {
  const counts = rings.map((ring) => mostCrossings(ring, widthPx));
  const most = counts.reduce((sum, count) => sum + count, 0);
  if (!(most <= maxCrossings)) return null;
  const starts = new Uint32Array(most);
  const ends = new Uint32Array(most);
  const crossings = new Uint32Array(Math.max(0, ...counts));
  let intervals = 0;
  let areas = 0;
  for (const ring of rings) {
    const found = cross(ring, widthPx, heightPx, crossings);
    const sorted = crossings.subarray(0, found).sort();
    for (let i = 0; i + 1 < found; i += 2) {
      if (sorted[i] === sorted[i + 1]) continue;
      starts[intervals] = sorted[i];
      ends[intervals++] = sorted[i + 1];
      areas += sorted[i + 1] - sorted[i];
    }
  }
  const from = starts.subarray(0, intervals).sort();
  const to = ends.subarray(0, intervals).sort();
  // Intervals that only touch are one run: at equal places a start counts before an end.
  const runs: number[] = [];
  let at = 0;
  let union = 0;
  for (let i = 0, j = 0; i < intervals;) {
    const start = from[i];
    for (let depth = 0; ;) {
      if (i < intervals && from[i] <= to[j]) {
        depth++;
        i++;
      } else {
        depth--;
        j++;
        if (depth === 0) break;
      }
    }
    const end = to[j - 1];
    runs.push(start - at, end - start);
    union += end - start;
    at = end;
  }
  const size = widthPx * heightPx;
  if (at < size || runs.length === 0) runs.push(size - at);
  return { rle: { width: widthPx, height: heightPx, counts: runs }, overlaps: areas > union };
}

const onFineGrid = (value: number): number => Math.trunc(fine * value + 0.5);

/** First and last column whose middle lies between two places of the fine grid; none if the first is after the last. */
const firstColumn = (low: number) => Math.max(0, Math.ceil((low - 2) / fine));
const lastColumn = (high: number, widthPx: number) => Math.min(widthPx - 1, Math.floor((high - 3) / fine));

function mostCrossings(ring: readonly Point[], widthPx: number): number {
  let sum = 0;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const a = onFineGrid(ring[j][0]);
    const b = onFineGrid(ring[i][0]);
    sum += Math.max(0, lastColumn(Math.max(a, b), widthPx) - firstColumn(Math.min(a, b)) + 1);
  }
  return sum;
}

/** Writes column * height + row of every crossing; a column of none has none. @returns how many */
function cross(ring: readonly Point[], widthPx: number, heightPx: number, out: Uint32Array): number {
  let count = 0;
  for (let i = 0; i < ring.length; i++) {
    const next = ring[i + 1 === ring.length ? 0 : i + 1];
    let xs = onFineGrid(ring[i][0]);
    let ys = onFineGrid(ring[i][1]);
    let xe = onFineGrid(next[0]);
    let ye = onFineGrid(next[1]);
    const dx = Math.abs(xe - xs);
    const dy = Math.abs(ye - ys);
    if (dx === 0) continue;
    const isFlat = dx >= dy;
    if (isFlat ? xs > xe : ys > ye) [xs, ys, xe, ye] = [xe, ye, xs, ys];
    const first = firstColumn(Math.min(xs, xe));
    const last = lastColumn(Math.max(xs, xe), widthPx);
    const slope = isFlat ? (ye - ys) / dx : (xe - xs) / dy;
    for (let column = first; column <= last; column++) {
      // The outline passes from place `left` of the fine grid to the one after it.
      const left = fine * column + 2;
      let fineRow: number;
      if (isFlat) {
        const t = left - xs;
        fineRow = Math.min(Math.trunc(ys + slope * t + 0.5), Math.trunc(ys + slope * (t + 1) + 0.5));
      } else fineRow = ys + stepBefore(xs, slope, dy, left);
      const row = (fineRow + 0.5) / fine - 0.5;
      out[count++] = column * heightPx + (row < 0 ? 0 : row > heightPx ? heightPx : Math.ceil(row));
    }
  }
  return count;
}

/** The last step t of 0 .. dy - 1 of a steep edge before it passes between `left` and `left + 1`. */
function stepBefore(xs: number, slope: number, dy: number, left: number): number {
  const place = (t: number) => Math.trunc(xs + slope * t + 0.5);
  const isPast = slope > 0 ? (t: number) => place(t) > left : (t: number) => place(t) <= left;
  // Solved, then put right by the same rounding that the steps have; more than a step off it is only by rounding
  // of numbers so large that no picture reaches them.
  let t = Math.min(dy, Math.max(1, Math.ceil((left + 0.5 - xs) / slope)));
  for (let tries = 0; tries < 4 && t > 1 && isPast(t - 1); tries++) t--;
  for (let tries = 0; tries < 4 && t < dy && !isPast(t); tries++) t++;
  return t - 1;
}
