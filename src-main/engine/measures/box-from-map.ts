// From a heat map to a box. Two policies: the one of KC & Zhang's code for an input gradient ("P0"),
// on which IoU, localisation accuracy and saliency metric stand, and a plain threshold for any map, for the screen.

import type { Box } from '../../contracts/geometry.ts';
import type { Measure } from './measure.ts';

/** Gray levels of 255 that P0 keeps are above this. */
export const keptAbove = 50;

export const boxFromMap: Measure = {
  id: 'box-from-map',
  title: 'Box from map',
  summary: `The tightest box round all that is above ${keptAbove} of 255 in the gray picture of the input gradient.`,
  citation: 'KC & Zhang 2021.',
  direction: 'none',
  range: [null, null],
  unit: 'pixels',
};

/**
 * Policy P0: joint min-max of |gradient| over the three channels to 0..255, cut to whole numbers, luminance
 * .299 R + .587 G + .114 B rounded, kept where above 50, tightest rectangle round all that is kept.
 * @param gradient  [3, size, size] of one picture
 * @returns         null if nothing is kept, as for a flat gradient
 */
export function boxFromGradient(gradient: Float32Array, sizePx: number): Box | null {
  const pixels = sizePx * sizePx;
  let least = Infinity;
  let greatest = 0;
  for (let i = 0; i < 3 * pixels; i++) {
    const value = Math.abs(gradient[i]);
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  if (!(greatest > least)) return null;
  const level = (i: number): number =>
    Math.floor((255 * (Math.abs(gradient[i]) - least)) / (greatest - least));
  const gray = (i: number): number =>
    Math.round(0.299 * level(i) + 0.587 * level(pixels + i) + 0.114 * level(2 * pixels + i));
  return tightestBox(pixels, sizePx, (i) => gray(i) > keptAbove);
}

/**
 * Min-max of the map to 0..1, kept where above `threshold`, tightest rectangle round all that is kept.
 * @param map        [height, width]
 * @param threshold  0..1
 * @returns          in the map's pixels; null if nothing is kept, as for a flat map
 */
export function boxFromHeat(map: Float32Array, widthPx: number, threshold: number): Box | null {
  let least = Infinity;
  let greatest = -Infinity;
  for (const value of map) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  if (!(greatest > least)) return null;
  return tightestBox(map.length, widthPx, (i) => (map[i] - least) / (greatest - least) > threshold);
}

/** Box round the pixels of a mask, with continuous edges; null if it has none. */
export function boxOfMask(inside: ArrayLike<number>, widthPx: number): Box | null {
  return tightestBox(inside.length, widthPx, (i) => inside[i] > 0);
}

function tightestBox(pixels: number, widthPx: number, kept: (pixel: number) => boolean): Box | null {
  let [left, top, right, bottom] = [Infinity, Infinity, -1, -1];
  for (let i = 0; i < pixels; i++) {
    if (!kept(i)) continue;
    const x = i % widthPx;
    const y = Math.floor(i / widthPx);
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  // The last pixel belongs to the box: inclusive indices become continuous edges by + 1.
  return right < 0 ? null : { x: left, y: top, width: right + 1 - left, height: bottom + 1 - top };
}
