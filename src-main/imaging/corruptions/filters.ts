// The few filters that the corruptions are made of, on planes of numbers in any range.

import type { Chance } from './corruption.ts';

/** How a row goes on past its ends: its last value again, or mirrored, with the last value twice or once. */
type Border = 'nearest' | 'reflect' | 'reflect101';

/** The place inside 0 … length-1 that stands for a place outside. */
export function inside(place: number, length: number, border: Border): number {
  if (border === 'nearest' || length === 1) return Math.min(length - 1, Math.max(0, place));
  const period = border === 'reflect' ? 2 * length : 2 * length - 2;
  const wrapped = ((place % period) + period) % period;
  return wrapped < length ? wrapped : period - wrapped - (border === 'reflect' ? 1 : 0);
}

/** Weights of a Gaussian at -radius … radius, with sum 1. */
export function gaussianWeights(sigma: number, radius: number): Float64Array {
  const weights = new Float64Array(2 * radius + 1);
  let total = 0;
  for (let i = -radius; i <= radius; i++)
    total += weights[i + radius] = Math.exp((-i * i) / (2 * sigma * sigma));
  return weights.map((weight) => weight / total);
}

/**
 * Gaussian blur as scipy has it: cut at `truncate` standard deviations.
 * @param values  [height, width, channels]
 */
export function gaussianBlur(
  values: Float64Array,
  side: number,
  channels: number,
  sigma: number,
  { border = 'nearest' as Border, truncate = 4 } = {},
): Float64Array {
  const radius = Math.floor(truncate * sigma + 0.5);
  if (sigma <= 0 || radius === 0) return values.slice();
  const weights = gaussianWeights(sigma, radius);
  return blurAlong(
    blurAlong(values, side, channels, weights, border, true),
    side,
    channels,
    weights,
    border,
    false,
  );
}

function blurAlong(
  values: Float64Array,
  side: number,
  channels: number,
  weights: Float64Array,
  border: Border,
  down: boolean,
): Float64Array {
  const places = placesAround(side, (weights.length - 1) / 2, border);
  const width = side * channels;
  const result = new Float64Array(values.length);
  for (let row = 0; row < side; row++)
    if (down)
      for (let k = 0; k < weights.length; k++) {
        const [from, weight] = [places[row + k] * width, weights[k]];
        for (let i = 0; i < width; i++) result[row * width + i] += weight * values[from + i];
      }
    else
      for (let column = 0; column < side; column++)
        for (let k = 0; k < weights.length; k++) {
          const from = row * width + places[column + k] * channels;
          for (let channel = 0; channel < channels; channel++)
            result[row * width + column * channels + channel] += weights[k] * values[from + channel];
        }
  return result;
}

/** What -reach … length-1+reach stand for; looked up once, since radii may be larger than the picture. */
const placesAround = (length: number, reach: number, border: Border): Int32Array =>
  Int32Array.from({ length: length + 2 * reach }, (_, i) => inside(i - reach, length, border));

/** Correlation with a square kernel of odd side; the border is mirrored without repeating the last value. */
export function filter2d(
  values: Float64Array,
  side: number,
  channels: number,
  kernel: Float64Array,
): Float64Array {
  const size = Math.sqrt(kernel.length);
  const radius = (size - 1) / 2;
  const result = new Float64Array(values.length);
  const places = placesAround(side, radius, 'reflect101');
  const taps = Array.from(kernel, (weight, i) => ({
    weight,
    down: Math.floor(i / size),
    right: i % size,
  })).filter(({ weight }) => weight !== 0);
  for (let row = 0; row < side; row++)
    for (const { weight, down, right } of taps)
      for (let column = 0; column < side; column++) {
        const from = (places[row + down] * side + places[column + right]) * channels;
        for (let channel = 0; channel < channels; channel++)
          result[(row * side + column) * channels + channel] += weight * values[from + channel];
      }
  return result;
}

/**
 * Motion blur as ImageMagick has it: half a Gaussian along a line.
 * @param angle  degrees
 */
export function motionBlur(
  values: Float64Array,
  side: number,
  channels: number,
  radius: number,
  sigma: number,
  angle: number,
): Float64Array {
  const weights = gaussianWeights(sigma, 2 * radius).slice(2 * radius); // from the middle on
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const [right, down] = [Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180)];
  const result = new Float64Array(values.length);
  weights.forEach((weight, k) => {
    const [x, y] = [Math.ceil(k * right - 0.5), Math.ceil(k * down - 0.5)];
    for (let row = 0; row < side; row++)
      for (let column = 0; column < side; column++) {
        const from = inside(row + y, side, 'nearest') * side + inside(column + x, side, 'nearest');
        for (let channel = 0; channel < channels; channel++)
          result[(row * side + column) * channels + channel] +=
            (weight / total) * values[from * channels + channel];
      }
  });
  return result;
}

/** The middle of the picture enlarged by `factor`, bilinear, cut to the same side. */
export function clippedZoom(
  values: Float64Array,
  side: number,
  channels: number,
  factor: number,
): Float64Array {
  const crop = Math.ceil(side / factor);
  const top = Math.floor((side - crop) / 2);
  const large = roundToEven(crop * factor);
  const trim = Math.floor((large - side) / 2);
  const scale = large > 1 ? (crop - 1) / (large - 1) : 0;
  const result = new Float64Array(values.length);
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++)
      for (let channel = 0; channel < channels; channel++)
        result[(row * side + column) * channels + channel] = bilinear(
          values,
          side,
          channels,
          top + (row + trim) * scale,
          top + (column + trim) * scale,
          channel,
          'nearest',
        );
  return result;
}

/** The value between pixels. @param row, column  from the middle of the first pixel */
export function bilinear(
  values: Float64Array,
  side: number,
  channels: number,
  row: number,
  column: number,
  channel: number,
  border: Border,
): number {
  const [top, left] = [Math.floor(row), Math.floor(column)];
  const [down, right] = [row - top, column - left];
  const at = (r: number, c: number): number =>
    values[(inside(r, side, border) * side + inside(c, side, border)) * channels + channel];
  return (
    (1 - down) * ((1 - right) * at(top, left) + right * at(top, left + 1)) +
    down * ((1 - right) * at(top + 1, left) + right * at(top + 1, left + 1))
  );
}

/**
 * Heights in [0, 1] by the diamond-square algorithm on a torus: at each halving of the step, points get the mean of
 * their four neighbours and a random share of a range that shrinks by `decay`.
 * @returns  [size, size]
 */
export function plasmaFractal(size: number, decay: number, chance: Chance): Float64Array {
  const heights = new Float64Array(size * size);
  const wrap = (place: number): number => (place + size) % size;
  let range = 100;
  for (let step = size; step >= 2; step /= 2, range /= decay) {
    const half = step / 2;
    const set = (row: number, column: number, neighbours: readonly (readonly [number, number])[]) => {
      const sum = neighbours.reduce((total, [r, c]) => total + heights[wrap(r) * size + wrap(c)], 0);
      heights[row * size + column] = sum / 4 + range * range * (2 * chance.uniform() - 1);
    };
    const square = (row: number, column: number) =>
      [
        [row - half, column - half],
        [row - half, column + half],
        [row + half, column - half],
        [row + half, column + half],
      ] as const;
    const diamond = (row: number, column: number) =>
      [
        [row - half, column],
        [row + half, column],
        [row, column - half],
        [row, column + half],
      ] as const;
    for (let row = half; row < size; row += step)
      for (let column = half; column < size; column += step) set(row, column, square(row, column));
    for (let row = 0; row < size; row += step)
      for (let column = half; column < size; column += step) set(row, column, diamond(row, column));
    for (let row = half; row < size; row += step)
      for (let column = 0; column < size; column += step) set(row, column, diamond(row, column));
  }
  let [low, high] = [Infinity, -Infinity];
  for (const height of heights) [low, high] = [Math.min(low, height), Math.max(high, height)];
  return heights.map((height) => (height - low) / (high - low));
}

/** The nearest whole number, of two the even one: how Python and OpenCV round. */
export function roundToEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** Least power of two that is not below `side`. */
export const powerOfTwo = (side: number): number => 2 ** Math.ceil(Math.log2(side));

/** Brightness of a pixel by ITU-R 601. */
export const luma = (values: Float64Array, pixel: number): number =>
  0.299 * values[3 * pixel] + 0.587 * values[3 * pixel + 1] + 0.114 * values[3 * pixel + 2];
