// Weather on the way or on the lens: snow, frost, fog, spatter.

import {
  clip01,
  constantOf,
  cutToByte,
  roundToByte,
  type Chance,
  type Corruption,
  type Table,
} from './corruption.ts';
import { clippedZoom, gaussianBlur, luma, motionBlur, plasmaFractal, powerOfTwo } from './filters.ts';
import { water } from './spatter-water.ts';

/** Strength, and how fast the clouds get finer. */
const fogTable: Table<readonly [number, number]> = {
  cifar: [
    [0.2, 3],
    [0.5, 3],
    [0.75, 2.5],
    [1, 2],
    [1.5, 1.75],
  ],
  tiny: [
    [0.4, 3],
    [0.7, 3],
    [1, 2.5],
    [1.5, 2],
    [2, 1.75],
  ],
  imagenet: [
    [1.5, 2],
    [2, 2],
    [2.5, 1.7],
    [2.5, 1.5],
    [3, 1.4],
  ],
};

/** (x + c plasma) m / (m + c), m the largest value of the picture. */
export const fog: Corruption = {
  id: 'fog',
  title: 'Fog',
  summary: 'Lays clouds of grey over the picture.',
  group: 'weather',
  counted: true,
  apply(values, side, severity, chance) {
    const [strength, decay] = constantOf(fogTable, side, severity);
    const size = powerOfTwo(side);
    const clouds = plasmaFractal(size, decay, chance);
    const largest = values.reduce((most, value) => Math.max(most, value), 0);
    return values.map((value, i) => {
      const [row, column] = [Math.floor(i / 3 / side), Math.floor(i / 3) % side];
      return ((value + strength * clouds[row * size + column]) * largest) / (largest + strength);
    });
  },
};

/** Share of the picture and share of the frost. */
const frostTable: Table<readonly [number, number]> = {
  cifar: [
    [1, 0.2],
    [1, 0.3],
    [0.9, 0.4],
    [0.85, 0.4],
    [0.75, 0.45],
  ],
  tiny: [
    [1, 0.3],
    [0.9, 0.4],
    [0.8, 0.45],
    [0.75, 0.5],
    [0.7, 0.55],
  ],
  imagenet: [
    [1, 0.4],
    [0.8, 0.6],
    [0.7, 0.7],
    [0.65, 0.7],
    [0.6, 0.75],
  ],
};

/**
 * c0 x + c1 frost. The published set lays photographs of frosted panes over the pictures; here the pane is drawn: ridges
 * of two plasma fractals, bright needles on a bluish ground, so results are not those of the published set.
 */
export const frost: Corruption = {
  id: 'frost',
  title: 'Frost',
  summary: 'Lays ice over the picture, as on a cold pane.',
  group: 'weather',
  counted: true,
  apply(values, side, severity, chance) {
    const [own, ice] = constantOf(frostTable, side, severity);
    const size = powerOfTwo(side);
    const ground = plasmaFractal(size, 2.2, chance);
    const needles = plasmaFractal(size, 1.5, chance);
    const colour = [0.86, 0.94, 1];
    return values.map((value, i) => {
      const place = Math.floor(i / 3 / side) * size + (Math.floor(i / 3) % side);
      const ridge = (1 - Math.abs(2 * needles[place] - 1)) ** 3;
      return own * value + ice * colour[i % 3] * clip01(0.25 + 0.45 * ground[place] + 0.6 * ridge);
    });
  },
};

/** Mean and deviation of the flakes, zoom, threshold, radius and deviation of their motion, share of the picture. */
const snowTable: Table<readonly [number, number, number, number, number, number, number]> = {
  cifar: [
    [0.1, 0.2, 1, 0.6, 8, 3, 0.95],
    [0.1, 0.2, 1, 0.5, 10, 4, 0.9],
    [0.15, 0.3, 1.75, 0.55, 10, 4, 0.9],
    [0.25, 0.3, 2.25, 0.6, 12, 6, 0.85],
    [0.3, 0.3, 1.25, 0.65, 14, 12, 0.8],
  ],
  tiny: [
    [0.1, 0.2, 1, 0.6, 8, 3, 0.8],
    [0.1, 0.2, 1, 0.5, 10, 4, 0.8],
    [0.15, 0.3, 1.75, 0.55, 10, 4, 0.7],
    [0.25, 0.3, 2.25, 0.6, 12, 6, 0.65],
    [0.3, 0.3, 1.25, 0.65, 14, 12, 0.6],
  ],
  imagenet: [
    [0.1, 0.3, 3, 0.5, 10, 4, 0.8],
    [0.2, 0.3, 2, 0.5, 12, 4, 0.7],
    [0.55, 0.3, 4, 0.9, 12, 8, 0.7],
    [0.55, 0.3, 4.5, 0.85, 12, 8, 0.65],
    [0.55, 0.3, 2.5, 0.85, 12, 12, 0.55],
  ],
};

/** Flakes of bytes, smeared downwards and laid on twice, over a picture that is whitened. */
export const snow: Corruption = {
  id: 'snow',
  title: 'Snow',
  summary: 'Lets flakes fall through a whitened picture.',
  group: 'weather',
  counted: true,
  apply(values, side, severity, chance) {
    const [mean, deviation, zoom, threshold, radius, sigma, share] = constantOf(snowTable, side, severity);
    const flakes = new Float64Array(side * side).map(() => mean + deviation * chance.normal());
    const large = clippedZoom(flakes, side, 1, zoom).map((value) =>
      value < threshold ? 0 : cutToByte(clip01(value)),
    );
    const angle = -135 + 90 * chance.uniform();
    const falling = motionBlur(large, side, 1, radius, sigma, angle).map(roundToByte);
    return values.map((value, i) => {
      const pixel = Math.floor(i / 3);
      const white = Math.max(value, 1.5 * luma(values, pixel) + 0.5);
      const turned = falling[falling.length - 1 - pixel]; // by half a turn
      return share * value + (1 - share) * white + falling[pixel] + turned;
    });
  },
};

/** Mean, deviation and blur of the liquid, threshold, strength (water) or blur (mud), and whether it is mud. */
const spatterTable: Table<readonly [number, number, number, number, number, boolean]> = {
  cifar: [
    [0.62, 0.1, 0.7, 0.7, 0.5, false],
    [0.65, 0.1, 0.8, 0.7, 0.5, false],
    [0.65, 0.3, 1, 0.69, 0.5, false],
    [0.65, 0.1, 0.7, 0.69, 0.6, true],
    [0.65, 0.1, 0.5, 0.68, 0.6, true],
  ],
  tiny: [
    [0.62, 0.1, 0.7, 0.7, 0.6, false],
    [0.65, 0.1, 0.8, 0.7, 0.6, false],
    [0.65, 0.3, 1, 0.69, 0.6, false],
    [0.65, 0.1, 0.7, 0.68, 0.6, true],
    [0.65, 0.1, 0.5, 0.67, 0.6, true],
  ],
  imagenet: [
    [0.65, 0.3, 4, 0.69, 0.6, false],
    [0.65, 0.3, 3, 0.68, 0.6, false],
    [0.65, 0.3, 2, 0.68, 0.5, false],
    [0.65, 0.3, 1, 0.65, 1.5, true],
    [0.67, 0.4, 1, 0.65, 1.5, true],
  ],
};
const pale = [175 / 255, 238 / 255, 238 / 255];
const brown = [63 / 255, 42 / 255, 20 / 255];

/** Drops where blurred noise passes a threshold: water brightens them at their rims, mud covers them. */
export const spatter: Corruption = {
  id: 'spatter',
  title: 'Spatter',
  summary: 'Puts drops of water or mud on the lens.',
  group: 'weather',
  counted: false,
  apply(values, side, severity, chance) {
    const [mean, deviation, blur, threshold, strength, isMud] = constantOf(spatterTable, side, severity);
    const liquid = gaussianBlur(noiseOf(side, mean, deviation, chance), side, 1, blur);
    if (isMud) {
      const drops = liquid.map((value) => (value > threshold ? 1 : 0));
      const cover = gaussianBlur(drops, side, 1, strength).map((value) => (value < 0.8 ? 0 : value));
      return values.map((value, i) => {
        const share = cover[Math.floor(i / 3)];
        return value * (1 - share) + brown[i % 3] * share;
      });
    }
    const shine = water(
      liquid.map((value) => (value < threshold ? 0 : value)),
      side,
    );
    return values.map((value, i) => value + strength * shine[Math.floor(i / 3)] * pale[i % 3]);
  },
};

const noiseOf = (side: number, mean: number, deviation: number, chance: Chance): Float64Array =>
  new Float64Array(side * side).map(() => mean + deviation * chance.normal());
