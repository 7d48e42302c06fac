// From a heat map to a box. Two policies for an input gradient, of KC & Zhang's code ("P0", kc-zhang) and of Singh
// et al.'s ("P1", art), and a plain threshold for any map.

import type { Box } from '../../contracts/geometry.ts';

/** Gray levels of 255 that P0 keeps are above this. */
const keptAbove = 50;

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
    Math.round(luminance(level(i), level(pixels + i), level(2 * pixels + i)));
  return tightestBox(pixels, sizePx, (i) => gray(i) > keptAbove);
}

const luminance = (red: number, green: number, blue: number): number =>
  0.299 * red + 0.587 * green + 0.114 * blue;

/** The largest value of a map, or 0; of more values than a call takes arguments. */
export const peakOf = (map: Float32Array): number => map.reduce((most, value) => Math.max(most, value), 0);

/**
 * Policy P1 up to the threshold: standardise, clip to the 2nd and 98th percentile, min-max, mean of 3 x 3, Gaussian
 * of 3 px at a side of 224, min-max, cubehelix colours, gray levels. The code takes the min-max over the batch;
 * here it is the picture's own, so that a picture's box does not depend on its neighbours.
 * @param map  [size, size], >= 0
 * @returns    [size, size], gray levels 0..255; null for a flat map
 */
export function artMap(map: Float32Array, sizePx: number): Float32Array | null {
  const sorted = map.slice().sort();
  const quantile = (share: number): number => {
    const place = share * (sorted.length - 1);
    const low = Math.floor(place);
    return sorted[low] + (sorted[Math.min(sorted.length - 1, low + 1)] - sorted[low]) * (place - low);
  };
  const [low, high] = [quantile(0.02), quantile(0.98)];
  if (!(high > low)) return null;
  const clipped = map.map((value) => (Math.min(high, Math.max(low, value)) - low) / (high - low));
  const smooth = blurred(blurred(clipped, sizePx, [1, 1, 1]), sizePx, gaussian((3 * sizePx) / 224));
  let [least, greatest] = [Infinity, -Infinity];
  for (const value of smooth) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return greatest > least ? smooth.map((value) => helixGray((value - least) / (greatest - least))) : null;
}

/** Gray level of the cubehelix colour map of 256 colours (Green 2011; start 0.5, rotations -1.5, hue 1, gamma 1). */
function helixGray(value: number): number {
  const x = Math.min(255, Math.floor(256 * value)) / 255;
  const amplitude = (x * (1 - x)) / 2;
  const angle = 2 * Math.PI * (0.5 / 3 - 1.5 * x);
  const channel = (cosine: number, sine: number): number =>
    Math.floor(
      255 * Math.min(1, Math.max(0, x + amplitude * (cosine * Math.cos(angle) + sine * Math.sin(angle)))),
    );
  return Math.round(luminance(channel(-0.14861, 1.78277), channel(-0.29227, -0.90649), channel(1.97294, 0)));
}

/** Taps of a Gaussian, cut at four standard deviations. */
function gaussian(deviation: number): number[] {
  const radius = Math.floor(4 * deviation + 0.5);
  return Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * deviation ** 2)),
  );
}

/** Rows, then columns, weighed by odd taps that are scaled to sum to 1; the rim is reflected, edge pixel included. */
function blurred(map: Float32Array, sizePx: number, taps: readonly number[]): Float32Array {
  const radius = (taps.length - 1) / 2;
  const total = taps.reduce((sum, tap) => sum + tap, 0);
  const reflect = (i: number): number => {
    const at = ((i % (2 * sizePx)) + 2 * sizePx) % (2 * sizePx);
    return at < sizePx ? at : 2 * sizePx - 1 - at;
  };
  const along = (from: Float32Array, step: number, stride: number): Float32Array => {
    const to = new Float32Array(from.length);
    for (let line = 0; line < sizePx; line++)
      for (let i = 0; i < sizePx; i++) {
        let sum = 0;
        for (let t = -radius; t <= radius; t++)
          sum += taps[t + radius] * from[line * stride + reflect(i + t) * step];
        to[line * stride + i * step] = sum / total;
      }
    return to;
  };
  return along(along(map, 1, sizePx), sizePx, 1);
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

/** Box round the largest part, by pixels, of what is above the threshold; parts touch by sides or corners. */
export function boxOfLargestPart(map: Float32Array, widthPx: number, threshold: number): Box | null {
  const height = map.length / widthPx;
  const part = new Int32Array(map.length).fill(-1);
  let [largest, largestSize] = [-1, 0];
  const open: number[] = [];
  for (let seed = 0; seed < map.length; seed++) {
    if (part[seed] >= 0 || !(map[seed] > threshold)) continue;
    part[seed] = seed;
    open.push(seed);
    let size = 0;
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      size += 1;
      const x = place % widthPx;
      const y = Math.floor(place / widthPx);
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++)
        for (let u = Math.max(0, x - 1); u <= Math.min(widthPx - 1, x + 1); u++) {
          const next = v * widthPx + u;
          if (part[next] >= 0 || !(map[next] > threshold)) continue;
          part[next] = seed;
          open.push(next);
        }
    }
    if (size > largestSize) [largest, largestSize] = [seed, size];
  }
  return largest < 0 ? null : tightestBox(map.length, widthPx, (i) => part[i] === largest);
}

/** Box round the pixels of a mask, with continuous edges; null if it has none. */
export function boxOfMask(regionMask: ArrayLike<number>, widthPx: number): Box | null {
  return tightestBox(regionMask.length, widthPx, (i) => regionMask[i] > 0);
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
