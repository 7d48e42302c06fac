// Noise of sensors and wires: Gaussian, shot, impulse, speckle.

import { constantOf, type Chance, type Corruption, type Table } from './corruption.ts';

const gaussianNoiseTable: Table<number> = {
  cifar: [0.04, 0.06, 0.08, 0.09, 0.1],
  tiny: [0.04, 0.08, 0.12, 0.15, 0.18],
  imagenet: [0.08, 0.12, 0.18, 0.26, 0.38],
};

/** x + c n, n normal. */
export const gaussianNoise: Corruption = {
  id: 'gaussian-noise',
  title: 'Gaussian noise',
  summary: 'Adds normal noise, as in low light.',
  group: 'noise',
  counted: true,
  apply(values, side, severity, chance) {
    const deviation = constantOf(gaussianNoiseTable, side, severity);
    return values.map((value) => value + deviation * chance.normal());
  },
};

const shotTable: Table<number> = {
  cifar: [500, 250, 100, 75, 50],
  tiny: [250, 100, 50, 30, 15],
  imagenet: [60, 25, 12, 5, 3],
};

/** Poisson(c x) / c. */
export const shotNoise: Corruption = {
  id: 'shot-noise',
  title: 'Shot noise',
  summary: 'Counts light in few particles, which makes bright parts grainy.',
  group: 'noise',
  counted: true,
  apply(values, side, severity, chance) {
    const count = constantOf(shotTable, side, severity);
    return values.map((value) => poisson(value * count, chance) / count);
  },
};

/** Knuth's product of uniforms; exact up to a mean of about 700, where exp underflows. */
function poisson(mean: number, chance: Chance): number {
  const limit = Math.exp(-mean);
  let drawn = -1;
  for (let product = 1; product > limit || drawn < 0; product *= chance.uniform()) drawn += 1;
  return drawn;
}

const impulseTable: Table<number> = {
  cifar: [0.01, 0.02, 0.03, 0.05, 0.07],
  tiny: [0.01, 0.02, 0.05, 0.08, 0.14],
  imagenet: [0.03, 0.06, 0.09, 0.17, 0.27],
};

/** A share c of all values becomes 0 or 1, either as likely. */
export const impulseNoise: Corruption = {
  id: 'impulse-noise',
  title: 'Impulse noise',
  summary: 'Sets some values to black or full, as a bad connection does.',
  group: 'noise',
  counted: true,
  apply(values, side, severity, chance) {
    const share = constantOf(impulseTable, side, severity);
    return values.map((value) => {
      const [hit, salt] = [chance.uniform() < share, chance.uniform() < 0.5];
      return hit ? Number(salt) : value;
    });
  },
};

const speckleTable: Table<number> = {
  cifar: [0.06, 0.1, 0.12, 0.16, 0.2],
  tiny: [0.15, 0.2, 0.25, 0.3, 0.35],
  imagenet: [0.15, 0.2, 0.35, 0.45, 0.6],
};

/** x + c x n, n normal. */
export const speckleNoise: Corruption = {
  id: 'speckle-noise',
  title: 'Speckle noise',
  summary: 'Adds noise that grows with brightness.',
  group: 'noise',
  counted: false,
  apply(values, side, severity, chance) {
    const deviation = constantOf(speckleTable, side, severity);
    return values.map((value) => value + value * deviation * chance.normal());
  },
};
