// How brightly drops of water shine: most at their rims. Follows the chain of OpenCV filters of the public code
// (edges, distance to them, equalised, embossed, smoothed).

import { filter2d, inside, roundToEven } from './filters.ts';

/**
 * Cuts off and rounds where OpenCV does: the equalisation makes large differences of small ones. The public code differs
 * in two rare cases: a liquid above 1 starts again at 0 there, and a picture without a drop is black.
 * @param liquid  [side, side], 0 where it is dry
 * @returns       [side, side] in [0, 1], the brightest place 1; all 0 without a drop
 */
export function water(liquid: Float64Array, side: number): Float64Array {
  const bytes = liquid.map((value) => Math.floor(255 * Math.min(1, value)));
  const toRim = distances(edges(bytes, side, 50, 150), side).map((value) => Math.min(20, value));
  const level = equalised(filter2d(toRim, side, 1, ones3).map((sum) => Math.floor(Math.fround(sum / 9))));
  const embossed = filter2d(level, side, 1, emboss).map((value) => Math.min(255, Math.max(0, value)));
  const shine = filter2d(embossed, side, 1, ones3).map((sum, i) => Math.round(sum / 9) * bytes[i]);
  const most = shine.reduce((largest, value) => Math.max(largest, value), 0);
  return most === 0 ? shine : shine.map((value) => value / most);
}

const ones3 = new Float64Array(9).fill(1);
const emboss = Float64Array.of(-2, -1, 0, -1, 1, 1, 0, 1, 2);

/** Canny 1986 with 3x3 Sobel slopes of length |x| + |y|: 1 on edges. @param values [side, side] in 0 … 255 */
function edges(values: Float64Array, side: number, low: number, high: number): Uint8Array {
  const across = slopes(values, side, Float64Array.of(-1, 0, 1, -2, 0, 2, -1, 0, 1));
  const down = slopes(values, side, Float64Array.of(-1, -2, -1, 0, 0, 0, 1, 2, 1));
  const length = across.map((x, i) => Math.abs(x) + Math.abs(down[i]));
  const at = (row: number, column: number): number =>
    row < 0 || column < 0 || row >= side || column >= side ? 0 : length[row * side + column];
  // Ridges of the slope, looked at along the nearest of four directions.
  const ridge = length.map((own, i) => {
    const [row, column] = [Math.floor(i / side), i % side];
    const [x, y] = [Math.abs(across[i]), Math.abs(down[i])];
    let [r, c] = [1, across[i] * down[i] < 0 ? -1 : 1];
    if (y < x * Math.tan(Math.PI / 8)) [r, c] = [0, 1];
    else if (y > x * Math.tan((3 * Math.PI) / 8)) [r, c] = [1, 0];
    const next = at(row + r, column + c);
    // Of two equal ones the second counts, but neither on a diagonal: so OpenCV has it.
    const tops = own > at(row - r, column - c) && (own > next || (own === next && r * c === 0));
    return own > low && tops ? own : 0;
  });
  // Strong ridges and what hangs together with them.
  const found = new Uint8Array(values.length);
  const waiting: number[] = [];
  ridge.forEach((value, i) => {
    if (value > high) waiting.push(i);
  });
  for (let i = waiting.pop(); i !== undefined; i = waiting.pop()) {
    if (found[i] === 1) continue;
    found[i] = 1;
    const [row, column] = [Math.floor(i / side), i % side];
    for (let r = Math.max(0, row - 1); r <= Math.min(side - 1, row + 1); r++)
      for (let c = Math.max(0, column - 1); c <= Math.min(side - 1, column + 1); c++)
        if (ridge[r * side + c] > 0) waiting.push(r * side + c);
  }
  return found;
}

/** 3x3 correlation with the border repeated. */
function slopes(values: Float64Array, side: number, kernel: Float64Array): Float64Array {
  const result = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++)
    for (let k = 0; k < 9; k++) {
      const row = inside(Math.floor(i / side) + Math.floor(k / 3) - 1, side, 'nearest');
      const column = inside((i % side) + (k % 3) - 1, side, 'nearest');
      result[i] += kernel[k] * values[row * side + column];
    }
  return result;
}

/** Chamfer distance to the nearest edge in two sweeps, with OpenCV's weights of a 5x5 mask: 1, 1.4, 2.1969. */
function distances(isEdge: Uint8Array, side: number): Float64Array {
  // In single precision, as in OpenCV.
  const result = Float32Array.from(isEdge, (edge) => (edge === 1 ? 0 : 1e6));
  const [diagonal, knight] = [Math.fround(1.4), Math.fround(2.1969)];
  const before = [
    [0, -1, 1],
    [-1, 0, 1],
    [-1, -1, diagonal],
    [-1, 1, diagonal],
    [-1, -2, knight],
    [-1, 2, knight],
    [-2, -1, knight],
    [-2, 1, knight],
  ];
  for (const turn of [1, -1])
    for (let step = 0; step < result.length; step++) {
      const i = turn === 1 ? step : result.length - 1 - step;
      for (const [down, right, length] of before) {
        const [row, column] = [Math.floor(i / side) + turn * down, (i % side) + turn * right];
        if (row < 0 || column < 0 || row >= side || column >= side) continue;
        result[i] = Math.min(result[i], result[row * side + column] + length);
      }
    }
  return Float64Array.from(result);
}

/** Levels spread so that each is as frequent: OpenCV's equalizeHist. @param values whole numbers 0 … 255 */
function equalised(values: Float64Array): Float64Array {
  const counts = new Float64Array(256);
  for (const value of values) counts[value] += 1;
  const lowest = counts.findIndex((count) => count > 0);
  if (counts[lowest] === values.length) return values;
  const scale = Math.fround(255 / (values.length - counts[lowest]));
  let sum = 0;
  const levels = counts.map((count, level) => {
    if (level > lowest) sum += count;
    return roundToEven(Math.fround(sum * scale));
  });
  return values.map((value) => levels[value]);
}
