// Blurs: Gaussian, out of focus, frosted glass, motion, zoom.

import { constantOf, cutToByte, roundToByte, type Corruption, type Table } from './corruption.ts';
import {
  clippedZoom,
  filter2d,
  gaussianBlur as blurred,
  gaussianWeights,
  motionBlur as moved,
} from './filters.ts';

const gaussianTable: Table<number> = {
  cifar: [0.4, 0.6, 0.7, 0.8, 1],
  tiny: [0.5, 0.75, 1, 1.25, 1.5],
  imagenet: [1, 2, 3, 4, 6],
};

export const gaussianBlur: Corruption = {
  id: 'gaussian-blur',
  title: 'Gaussian blur',
  summary: 'Blurs with a bell-shaped window.',
  group: 'blur',
  counted: false,
  apply: (values, side, severity) => blurred(values, side, 3, constantOf(gaussianTable, side, severity)),
};

/** Radius of the disk and deviation of the blur that smooths its edge. */
const defocusTable: Table<readonly [number, number]> = {
  cifar: [
    [0.3, 0.4],
    [0.4, 0.5],
    [0.5, 0.6],
    [1, 0.2],
    [1.5, 0.1],
  ],
  tiny: [
    [0.5, 0.6],
    [1, 0.1],
    [1.5, 0.1],
    [2.5, 0.01],
    [3, 0.1],
  ],
  imagenet: [
    [3, 0.1],
    [4, 0.5],
    [6, 0.5],
    [8, 0.5],
    [10, 0.5],
  ],
};

/** Mean over a disk whose edge is smoothed. */
export const defocusBlur: Corruption = {
  id: 'defocus-blur',
  title: 'Defocus blur',
  summary: 'Blurs with a disk, as a lens out of focus does.',
  group: 'blur',
  counted: true,
  apply(values, side, severity) {
    const [radius, smoothing] = constantOf(defocusTable, side, severity);
    return filter2d(values, side, 3, disk(radius, smoothing));
  },
};

/** [size, size] with sum 1. */
function disk(radius: number, smoothing: number): Float64Array {
  const reach = radius <= 8 ? 8 : radius;
  const size = 2 * reach + 1;
  const kernel = new Float64Array(size * size);
  for (let i = 0; i < kernel.length; i++) {
    const [y, x] = [Math.floor(i / size) - reach, (i % size) - reach];
    kernel[i] = x * x + y * y <= radius * radius ? 1 : 0;
  }
  const total = kernel.reduce((sum, value) => sum + value, 0);
  const weights = gaussianWeights(smoothing, radius <= 8 ? 1 : 2);
  const square = new Float64Array(weights.length ** 2);
  for (let i = 0; i < square.length; i++)
    square[i] = weights[Math.floor(i / weights.length)] * weights[i % weights.length];
  return filter2d(
    kernel.map((value) => value / total),
    size,
    1,
    square,
  );
}

/** Deviation of the blur before and after, farthest exchange, rounds. */
const glassTable: Table<readonly [number, number, number]> = {
  cifar: [
    [0.05, 1, 1],
    [0.25, 1, 1],
    [0.4, 1, 1],
    [0.25, 1, 2],
    [0.4, 1, 2],
  ],
  tiny: [
    [0.1, 1, 1],
    [0.5, 1, 1],
    [0.6, 1, 2],
    [0.7, 2, 1],
    [0.9, 2, 2],
  ],
  imagenet: [
    [0.7, 1, 2],
    [0.9, 2, 1],
    [1, 2, 3],
    [1.1, 3, 2],
    [1.5, 4, 2],
  ],
};

/**
 * Pixels take the colour of near ones, between two blurs. As in the published sets, where the exchange of two pixels
 * only copies (its views alias) and the first blur is cut off to bytes.
 */
export const glassBlur: Corruption = {
  id: 'glass-blur',
  title: 'Glass blur',
  summary: 'Lets pixels take the colour of near ones, as behind frosted glass.',
  group: 'blur',
  counted: true,
  apply(values, side, severity, chance) {
    const [sigma, reach, rounds] = constantOf(glassTable, side, severity);
    const scattered = blurred(values, side, 3, sigma).map(cutToByte);
    const offset = (): number => Math.floor(2 * reach * chance.uniform()) - reach;
    for (let round = 0; round < rounds; round++)
      for (let row = side - reach; row > reach; row--)
        for (let column = side - reach; column > reach; column--) {
          const [right, down] = [offset(), offset()];
          const here = (row * side + column) * 3;
          const there = ((row + down) * side + column + right) * 3;
          // A severity's reach may be as large as the picture of a tiny side.
          if (Math.max(here, there) >= scattered.length) continue;
          scattered.copyWithin(here, there, there + 3);
        }
    return blurred(scattered, side, 3, sigma);
  },
};

/** Radius and deviation. */
const motionTable: Table<readonly [number, number]> = {
  cifar: [
    [6, 1],
    [6, 1.5],
    [6, 2],
    [8, 2],
    [9, 2.5],
  ],
  tiny: [
    [10, 1],
    [10, 1.5],
    [10, 2],
    [10, 2.5],
    [12, 3],
  ],
  imagenet: [
    [10, 3],
    [15, 5],
    [15, 8],
    [15, 12],
    [20, 15],
  ],
};

/** Along a line of at most 45 degrees; rounded to bytes, as ImageMagick hands them back. */
export const motionBlur: Corruption = {
  id: 'motion-blur',
  title: 'Motion blur',
  summary: 'Smears along a line, as a moving camera does.',
  group: 'blur',
  counted: true,
  apply(values, side, severity, chance) {
    const [radius, sigma] = constantOf(motionTable, side, severity);
    return moved(values, side, 3, radius, sigma, 90 * chance.uniform() - 45).map(roundToByte);
  },
};

/** First factor past the last, and the step between factors. */
const zoomTable: Table<readonly [number, number]> = {
  cifar: [
    [1.06, 0.01],
    [1.11, 0.01],
    [1.16, 0.01],
    [1.21, 0.01],
    [1.26, 0.01],
  ],
  tiny: [
    [1.06, 0.01],
    [1.11, 0.01],
    [1.16, 0.01],
    [1.21, 0.01],
    [1.26, 0.01],
  ],
  imagenet: [
    [1.11, 0.01],
    [1.16, 0.01],
    [1.21, 0.02],
    [1.26, 0.02],
    [1.31, 0.03],
  ],
};

/** Mean of the picture and of its enlargements. */
export const zoomBlur: Corruption = {
  id: 'zoom-blur',
  title: 'Zoom blur',
  summary: 'Smears away from the middle, as a camera that moves forward does.',
  group: 'blur',
  counted: true,
  apply(values, side, severity) {
    const [end, step] = constantOf(zoomTable, side, severity);
    const count = Math.ceil((end - 1) / step);
    const taken = 1 + step - 1; // with NumPy's round-off, which decides the size that 1.25 enlarges to
    const sum = values.slice();
    for (let k = 0; k < count; k++)
      clippedZoom(values, side, 3, 1 + k * taken).forEach((value, i) => (sum[i] += value));
    return sum.map((value) => value / (count + 1));
  },
};
