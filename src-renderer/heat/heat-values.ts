// Heat maps as numbers: decoding, one scale for two maps, the box that a threshold cuts out.
// Everything here is pure; heat-colour.ts makes colours of it.

import { AppError } from '../../src-main/contracts/errors.ts';
import type { Box } from '../../src-main/contracts/geometry.ts';
import type { HeatMap } from '../../src-main/contracts/explanations.ts';

/**
 * A heat map over a whole picture. `values` is row-major and a density: 1 is what every pixel would have
 * if the heat were spread evenly, so maps of different resolution can be compared. All 0 if empty.
 */
export interface Heat {
  widthPx: number;
  heightPx: number;
  values: Float32Array;
  /** Largest value. */
  peak: number;
  /**
   * Where the colours end: the value that a hundredth of the cells exceed. A single spike would else leave the
   * rest of an input gradient dark. Equal to the peak if hardly any cell is above 0.
   */
  end: number;
}

const HOTTEST_SHARE = 0.01;

function heatOf(widthPx: number, heightPx: number, values: Float32Array): Heat {
  const sorted = values.toSorted();
  const peak = sorted.at(-1) ?? 0;
  const end = sorted[Math.max(0, Math.ceil(sorted.length * (1 - HOTTEST_SHARE)) - 1)] ?? 0;
  return { widthPx, heightPx, values, peak, end: end > 0 ? end : peak };
}

/** Values of the wire form as a density. */
export function decodeHeat(map: HeatMap): Heat {
  const count = map.widthPx * map.heightPx;
  const bytes = Uint8Array.from(atob(map.values), (character) => character.charCodeAt(0));
  if (bytes.length !== count * 4)
    throw new AppError('bad-input', 'a heat map does not have as many values as its size says', {
      reason: `${bytes.length / 4} values for ${map.widthPx} x ${map.heightPx}`,
    });
  const view = new DataView(bytes.buffer);
  const values = new Float32Array(count);
  for (let index = 0; index < count; index += 1) values[index] = view.getFloat32(index * 4, true) * count;
  return heatOf(map.widthPx, map.heightPx, values);
}

/** Value at a place given as fractions (0..1) of width and height; nearest cell. */
export function heatAt(heat: Heat, fractionX: number, fractionY: number): number {
  const x = Math.min(heat.widthPx - 1, Math.max(0, Math.floor(fractionX * heat.widthPx)));
  const y = Math.min(heat.heightPx - 1, Math.max(0, Math.floor(fractionY * heat.heightPx)));
  return heat.values[y * heat.widthPx + x];
}

/** The same density on another grid, bilinear between cell centres. */
export function resampleHeat(heat: Heat, widthPx: number, heightPx: number): Heat {
  if (heat.widthPx === widthPx && heat.heightPx === heightPx) return heat;
  const values = new Float32Array(widthPx * heightPx);
  for (let y = 0; y < heightPx; y += 1) {
    const [top, bottom, down] = between(y, heightPx, heat.heightPx);
    for (let x = 0; x < widthPx; x += 1) {
      const [left, right, across] = between(x, widthPx, heat.widthPx);
      const at = (row: number, column: number) => heat.values[row * heat.widthPx + column];
      const upper = at(top, left) * (1 - across) + at(top, right) * across;
      const lower = at(bottom, left) * (1 - across) + at(bottom, right) * across;
      values[y * widthPx + x] = upper * (1 - down) + lower * down;
    }
  }
  return heatOf(widthPx, heightPx, values);
}

/** The two source cells that a target cell's centre lies between, and its share of the second. */
function between(index: number, target: number, source: number): [number, number, number] {
  const position = ((index + 0.5) * source) / target - 0.5;
  const first = Math.floor(position);
  return [Math.max(0, first), Math.min(source - 1, first + 1), position - first];
}

/**
 * Signed difference B - A on the finer of the two grids, each in units of the scale's end given for it. With the
 * same end for both, a unit means the same amount in both.
 */
export function heatDifference(
  a: Heat,
  b: Heat,
  endA: number,
  endB: number,
): { widthPx: number; heightPx: number; values: Float32Array } {
  const widthPx = Math.max(a.widthPx, b.widthPx);
  const heightPx = Math.max(a.heightPx, b.heightPx);
  const fromA = resampleHeat(a, widthPx, heightPx).values;
  const fromB = resampleHeat(b, widthPx, heightPx).values;
  const perA = endA > 0 ? 1 / endA : 0;
  const perB = endB > 0 ? 1 / endB : 0;
  return { widthPx, heightPx, values: fromA.map((value, index) => fromB[index] * perB - value * perA) };
}

/**
 * Tightest box, in pixels of a picture of the given size, round every cell above `threshold` (0..1) of the way
 * from the coldest to the hottest: all spots, not only the largest. Null for a flat map. The same rule as the
 * engine's `boxFromHeat`. The box of the measures is drawn otherwise, from the three channels of the loss gradient, and
 * comes with the map as `measuredBox`.
 */
export function boxAbove(
  heat: Heat,
  threshold: number,
  imageWidthPx: number,
  imageHeightPx: number,
): Box | null {
  const coldest = heat.values.reduce((least, value) => Math.min(least, value), Infinity);
  if (!(heat.peak > coldest)) return null;
  const least = coldest + threshold * (heat.peak - coldest);
  let left = Infinity;
  let right = -1;
  let top = Infinity;
  let bottom = -1;
  for (let y = 0; y < heat.heightPx; y += 1)
    for (let x = 0; x < heat.widthPx; x += 1)
      if (heat.values[y * heat.widthPx + x] > least) {
        left = Math.min(left, x);
        right = Math.max(right, x);
        top = Math.min(top, y);
        bottom = y;
      }
  if (right < 0) return null;
  const perX = imageWidthPx / heat.widthPx;
  const perY = imageHeightPx / heat.heightPx;
  return {
    x: left * perX,
    y: top * perY,
    width: (right + 1 - left) * perX,
    height: (bottom + 1 - top) * perY,
  };
}

/** How many cells have which share of the peak: `bins` equal steps from 0 to 1, the last with 1 itself. */
export function heatHistogram(heat: Heat, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  if (heat.peak === 0) return counts;
  for (const value of heat.values) counts[Math.min(bins - 1, Math.floor((value / heat.peak) * bins))] += 1;
  return counts;
}
