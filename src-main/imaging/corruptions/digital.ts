// What cameras' and computers' processing does: brightness, contrast, saturation, pixels, JPEG, elastic warps.

import { loadSharp } from '../decode.ts';
import { clip01, constantOf, scaleOf, type Corruption, type Table } from './corruption.ts';
import { bilinear, gaussianBlur } from './filters.ts';

const contrastTable: Table<number> = {
  cifar: [0.75, 0.5, 0.4, 0.3, 0.15],
  tiny: [0.4, 0.3, 0.2, 0.1, 0.05],
  imagenet: [0.4, 0.3, 0.2, 0.1, 0.05],
};

/** (x - mean of the channel) c + mean. */
export const contrast: Corruption = {
  id: 'contrast',
  title: 'Contrast',
  summary: 'Draws all values towards their mean.',
  group: 'digital',
  counted: true,
  apply(values, side, severity) {
    const factor = constantOf(contrastTable, side, severity);
    const means = [0, 0, 0];
    values.forEach((value, i) => (means[i % 3] += (3 * value) / values.length));
    return values.map((value, i) => (value - means[i % 3]) * factor + means[i % 3]);
  },
};

const brightnessTable: Table<number> = {
  cifar: [0.05, 0.1, 0.15, 0.2, 0.3],
  tiny: [0.1, 0.2, 0.3, 0.4, 0.5],
  imagenet: [0.1, 0.2, 0.3, 0.4, 0.5],
};

/** The largest of the three values of a pixel is raised by c, at most to 1; hue and saturation stay. */
export const brightness: Corruption = {
  id: 'brightness',
  title: 'Brightness',
  summary: 'Makes the picture brighter, as strong daylight does.',
  group: 'weather',
  counted: true,
  apply(values, side, severity) {
    const more = constantOf(brightnessTable, side, severity);
    return eachPixel(values, (pixel) => {
      const largest = Math.max(...pixel);
      const raised = clip01(largest + more);
      return pixel.map((value) => (largest === 0 ? raised : (value * raised) / largest));
    });
  },
};

/** Factor and addend of the saturation. */
const saturateTable: Table<readonly [number, number]> = {
  cifar: [
    [0.3, 0],
    [0.1, 0],
    [1.5, 0],
    [2, 0.1],
    [2.5, 0.2],
  ],
  tiny: [
    [0.3, 0],
    [0.1, 0],
    [2, 0],
    [5, 0.1],
    [30, 0.2],
  ],
  imagenet: [
    [0.3, 0],
    [0.1, 0],
    [2, 0],
    [5, 0.1],
    [20, 0.2],
  ],
};

/** Saturation (largest - smallest) / largest becomes c0 s + c1 in [0, 1]; grey counts as red, as in the public code. */
export const saturate: Corruption = {
  id: 'saturate',
  title: 'Saturation',
  summary: 'Washes colours out or makes them glaring.',
  group: 'digital',
  counted: false,
  apply(values, side, severity) {
    const [factor, addend] = constantOf(saturateTable, side, severity);
    return eachPixel(values, (pixel) => {
      const largest = Math.max(...pixel);
      const range = largest - Math.min(...pixel);
      if (largest === 0) return pixel;
      const wanted = clip01((factor * range) / largest + addend);
      if (range === 0) return [largest, largest * (1 - wanted), largest * (1 - wanted)];
      return pixel.map((value) => largest - ((largest - value) * wanted * largest) / range);
    });
  },
};

function eachPixel(values: Float64Array, change: (pixel: number[]) => number[]): Float64Array {
  const result = new Float64Array(values.length);
  for (let i = 0; i < values.length; i += 3) result.set(change([values[i], values[i + 1], values[i + 2]]), i);
  return result;
}

const pixelateTable: Table<number> = {
  cifar: [0.95, 0.9, 0.85, 0.75, 0.65],
  tiny: [0.9, 0.8, 0.7, 0.6, 0.5],
  imagenet: [0.6, 0.5, 0.4, 0.3, 0.25],
};

/** Made smaller by c and larger again, with Pillow's box filter and its rounding to bytes. */
export const pixelate: Corruption = {
  id: 'pixelate',
  title: 'Pixelate',
  summary: 'Makes the pixels coarse.',
  group: 'digital',
  counted: true,
  apply(values, side, severity) {
    const small = Math.max(1, Math.floor(side * constantOf(pixelateTable, side, severity)));
    const bytes = values.map((value) => Math.round(255 * value));
    return boxResize(boxResize(bytes, side, small), small, side).map((byte) => byte / 255);
  },
};

/** A pixel counts where its middle lies in the window, fully or not at all. [from, from, 3] -> [to, to, 3] of bytes. */
function boxResize(values: Float64Array, from: number, to: number): Float64Array {
  const scale = from / to;
  const half = Math.max(scale, 1) / 2;
  const windows = Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - half + 0.5));
    const last = Math.min(from, Math.floor(centre + half + 0.5));
    return Array.from({ length: last - first }, (_, k) => first + k).filter((place) => {
      const off = (place - centre + 0.5) / Math.max(scale, 1);
      return off > -0.5 && off <= 0.5;
    });
  });
  const wide = new Float64Array(from * to * 3);
  for (let row = 0; row < from; row++)
    windows.forEach((window, column) => {
      for (let channel = 0; channel < 3; channel++) {
        const sum = window.reduce((total, place) => total + values[(row * from + place) * 3 + channel], 0);
        wide[(row * to + column) * 3 + channel] = Math.round(sum / window.length);
      }
    });
  const result = new Float64Array(to * to * 3);
  windows.forEach((window, row) => {
    for (let i = 0; i < to * 3; i++) {
      const sum = window.reduce((total, place) => total + wide[place * to * 3 + i], 0);
      result[row * to * 3 + i] = Math.round(sum / window.length);
    }
  });
  return result;
}

const jpegTable: Table<number> = {
  cifar: [80, 65, 58, 50, 40],
  tiny: [65, 58, 50, 40, 25],
  imagenet: [25, 18, 15, 10, 7],
};

/** Written as JPEG of quality c and read again. */
export const jpegCompression: Corruption = {
  id: 'jpeg-compression',
  title: 'JPEG compression',
  summary: 'Packs the picture tightly as JPEG, which leaves blocks and halos.',
  group: 'digital',
  counted: true,
  async apply(values, side, severity) {
    const sharp = await loadSharp();
    const bytes = Buffer.from(Uint8Array.from(values, (value) => Math.round(255 * value)));
    const packed = await sharp(bytes, { raw: { width: side, height: side, channels: 3 } })
      .jpeg({ quality: constantOf(jpegTable, side, severity) })
      .toBuffer();
    const { data } = await sharp(packed)
      .removeAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    return Float64Array.from(data, (byte) => byte / 255);
  },
};

/** Strength and smoothness of the warp, and how far the corners of the affine map move, in shares of the side. */
const elasticTable: Table<readonly [number, number, number]> = {
  cifar: [
    [0, 0, 0.08],
    [0.05, 0.2, 0.07],
    [0.08, 0.06, 0.06],
    [0.1, 0.04, 0.05],
    [0.1, 0.03, 0.03],
  ],
  tiny: [
    [0, 0, 0.08],
    [0.05, 0.3, 0.06],
    [0.1, 0.08, 0.06],
    [0.1, 0.03, 0.03],
    [0.16, 0.03, 0.02],
  ],
  imagenet: [
    [2, 0.7, 0.1],
    [2, 0.08, 0.2],
    [0.05, 0.01, 0.02],
    [0.07, 0.01, 0.02],
    [0.12, 0.01, 0.02],
  ],
};

/** A random affine map, then every pixel is fetched from a place that a smooth random field moves. */
export const elasticTransform: Corruption = {
  id: 'elastic-transform',
  title: 'Elastic transform',
  summary: 'Stretches and twists small parts of the picture.',
  group: 'digital',
  counted: true,
  apply(values, side, severity, chance) {
    const [strength, smoothness, reach] = constantOf(elasticTable, side, severity);
    const unit = scaleOf(side) === 'imagenet' ? (side * 244) / 224 : side; // 244: the public code's slip
    const signed = (): number => 2 * chance.uniform() - 1;

    const middle = Math.floor(side / 2);
    const third = Math.floor(side / 3);
    const corners = [
      [middle + third, middle + third],
      [middle + third, middle - third],
      [middle - third, middle - third],
    ];
    const moved = corners.map(([x, y]) => [x + reach * unit * signed(), y + reach * unit * signed()]);
    const back = affineOf(moved, corners);
    const turned = new Float64Array(values.length);
    eachPlace(side, (row, column, at) => {
      // OpenCV fetched from a grid of 1/32 px when the published sets were made.
      const [x, y] = back(column, row).map((place) => Math.round(32 * place) / 32);
      for (let c = 0; c < 3; c++) turned[at + c] = bilinear(values, side, 3, y, x, c, 'reflect101');
    });

    const field = (): Float64Array => {
      const random = new Float64Array(side * side).map(signed);
      const smooth = gaussianBlur(random, side, 1, smoothness * unit, { border: 'reflect', truncate: 3 });
      return smooth.map((value) => value * strength * unit);
    };
    const [right, down] = [field(), field()];
    const result = new Float64Array(values.length);
    eachPlace(side, (row, column, at) => {
      const [y, x] = [row + down[at / 3], column + right[at / 3]];
      for (let c = 0; c < 3; c++) result[at + c] = bilinear(turned, side, 3, y, x, c, 'reflect');
    });
    return result;
  },
};

function eachPlace(side: number, visit: (row: number, column: number, at: number) => void): void {
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++) visit(row, column, (row * side + column) * 3);
}

/** The affine map that takes three points to three others. */
function affineOf(from: number[][], to: number[][]): (x: number, y: number) => [number, number] {
  const [[x0, y0], [x1, y1], [x2, y2]] = from;
  const area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0);
  return (x, y) => {
    const second = ((x - x0) * (y2 - y0) - (x2 - x0) * (y - y0)) / area;
    const third = ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) / area;
    const first = 1 - second - third;
    return [
      first * to[0][0] + second * to[1][0] + third * to[2][0],
      first * to[0][1] + second * to[1][1] + third * to[2][1],
    ];
  };
}
