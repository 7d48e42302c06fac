import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { randomFromSeed } from '../../../src-main/engine/nn/random.ts';
import {
  corrupt,
  corruptionById,
  corruptions,
  scaleOf,
  severities,
  type Chance,
  type Severity,
} from '../../../src-main/imaging/corruptions/index.ts';

const side = 32;

/** The picture of test/reference/corruptions.py, at any side. */
function image(size = side): Uint8Array {
  return Uint8Array.from({ length: size * size * 3 }, (_, i) => {
    const [row, column, channel] = [Math.floor(i / (3 * size)), Math.floor(i / 3) % size, i % 3];
    const smooth = 128 + 90 * Math.sin(0.35 * row + 0.8 * channel) * Math.cos(0.23 * column);
    return Math.min(255, Math.max(0, Math.floor(smooth + ((i * 7919) % 64) - 32 + 0.5)));
  });
}

interface Condensed {
  bytes: number[]; // every n-th
  means: number[]; // of three by three blocks, channels last
}
const { values: expected } = JSON.parse(
  readFileSync(new URL('../../fixtures/imaging/corruptions.json', import.meta.url), 'utf8'),
) as { values: Record<string, Record<string, Condensed[]>> };

/** The random numbers of test/reference/corruptions.py. */
function hashed(): Chance {
  let drawn = 0;
  const uniform = (): number => {
    let x = drawn++;
    for (const [factor, shift] of [
      [0x9e3779b1, 15],
      [0x85ebca6b, 13],
      [0xc2b2ae35, 16],
    ]) {
      x = Math.imul(x, factor);
      x ^= x >>> shift;
    }
    return (x >>> 0) / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(3) * (uniform() + uniform() + uniform() + uniform() - 2);
  return { uniform, normal };
}

/**
 * Largest difference of the mean of a block, in levels; rounding in place of cutting off makes 0.5. Where exact results
 * are whole levels, round-off decides which byte they become: in colours by way of hue and saturation, under a kernel of
 * one tap, and in OpenCV's fixed point of 1/1024 px. JPEG has no other tolerance: Pillow and sharp share libjpeg-turbo.
 */
const blockTolerance = (id: string): number =>
  ({ saturate: 0.25, 'defocus-blur': 0.15, brightness: 0.15, 'elastic-transform': 0.1 })[id] ?? 0.03;

function blockMeans(bytes: Uint8Array, size: number): number[] {
  const sums = Array.from({ length: 27 }, () => ({ total: 0, count: 0 }));
  const third = (place: number): number => Math.floor((3 * place) / size);
  bytes.forEach((byte, i) => {
    const pixel = Math.floor(i / 3);
    const sum = sums[9 * third(Math.floor(pixel / size)) + 3 * third(pixel % size) + (i % 3)];
    sum.total += byte;
    sum.count += 1;
  });
  return sums.map(({ total, count }) => total / count);
}

const farthest = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i])));

const distance = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;

describe('common corruptions', () => {
  for (const [size, cases] of Object.entries(expected))
    for (const [id, levels] of Object.entries(cases))
      it(`${id} at ${size} px is that of the public code’s libraries at every severity`, async () => {
        const original = image(Number(size));
        for (const severity of severities) {
          const { bytes, means } = levels[severity - 1];
          const made = await corrupt(corruptionById(id), original, Number(size), severity, hashed());
          const every = { 32: 61, 64: 251, 224: 3067 }[size]!;
          const samples = Array.from(made.filter((_, i) => i % every === 0));
          expect(samples).toHaveLength(bytes.length);
          expect(farthest(samples, bytes)).toBeLessThanOrEqual(id === 'elastic-transform' ? 2 : 1);
          expect(farthest(blockMeans(made, Number(size)), means)).toBeLessThan(blockTolerance(id));
        }
      });

  it('are compared with the public code at all three of its sides, but for frost, which is drawn', () => {
    const compared = corruptions.map(({ id }) => id).filter((id) => id !== 'frost');
    expect(Object.keys(expected)).toEqual(['32', '64', '224']);
    for (const cases of Object.values(expected)) expect(Object.keys(cases).sort()).toEqual(compared.sort());
  });

  it('are 15 and four to tune on, each at five severities, and change the picture', async () => {
    expect(corruptions.filter(({ counted }) => counted)).toHaveLength(15);
    expect(corruptions).toHaveLength(19);
    for (const corruption of corruptions)
      for (const severity of severities) {
        const bytes = await corrupt(corruption, image(), side, severity, randomFromSeed(3));
        expect(bytes).toHaveLength(side * side * 3);
        // Light spatter may miss a small picture.
        if (corruption.id !== 'spatter') expect(distance(bytes, image()), corruption.id).toBeGreaterThan(0.2);
      }
  });

  it('are the same for the same random numbers, and leave the picture handed in as it was', async () => {
    for (const corruption of corruptions) {
      const before = image();
      const [one, same, other] = await Promise.all(
        [5, 5, 6].map((seed) => corrupt(corruption, before, side, 3, randomFromSeed(seed))),
      );
      expect(same).toEqual(one);
      expect(before).toEqual(image());
      const noChance = /contrast|brightness|saturate|pixelate|jpeg|zoom|defocus|gaussian-blur/;
      if (noChance.test(corruption.id)) expect(other).toEqual(one);
      else expect(other).not.toEqual(one);
    }
  });

  it('go farther with severity where the published constants grow', async () => {
    const growing = corruptions.filter(
      ({ id }) => !/saturate|spatter|elastic|glass|motion|snow|frost/.test(id),
    );
    expect(growing).toHaveLength(12);
    for (const corruption of growing) {
      const distances: number[] = [];
      for (const severity of severities) {
        let sum = 0;
        for (let seed = 0; seed < 4; seed++)
          sum += distance(await corrupt(corruption, image(), side, severity, randomFromSeed(seed)), image());
        distances.push(sum);
      }
      for (let i = 1; i < 5; i++)
        expect(distances[i], corruption.id).toBeGreaterThanOrEqual(distances[i - 1]);
      expect(distances[4], corruption.id).toBeGreaterThan(1.05 * distances[0]);
    }
  });

  it('keep an even picture even where they only blur, warp or recode', async () => {
    const even = new Uint8Array(side * side * 3).fill(120);
    for (const id of ['defocus-blur', 'gaussian-blur', 'glass-blur', 'motion-blur', 'zoom-blur', 'pixelate'])
      expect(await corrupt(corruptionById(id), even, side, 5, randomFromSeed(1)), id).toEqual(even);
    for (const id of ['elastic-transform', 'jpeg-compression', 'contrast'])
      expect(
        distance(await corrupt(corruptionById(id), even, side, 5, randomFromSeed(1)), even),
        id,
      ).toBeLessThanOrEqual(1);
  });

  it('move the light of a point without losing any', async () => {
    const point = new Uint8Array(side * side * 3);
    point.fill(255, (16 * side + 16) * 3, (16 * side + 16) * 3 + 3);
    const smeared = await corrupt(corruptionById('motion-blur'), point, side, 1, randomFromSeed(1));
    expect(smeared.reduce((sum, value) => sum + value, 0)).toBeCloseTo(3 * 255, -1);
    expect(Math.max(...smeared)).toBeLessThan(150);
  });

  it('take the constants of the published side that is nearest', async () => {
    expect([16, 32, 45, 46, 64, 119, 120, 224, 512].map(scaleOf)).toEqual([
      ...['cifar', 'cifar', 'cifar', 'tiny', 'tiny', 'tiny', 'imagenet', 'imagenet', 'imagenet'],
    ]);
    for (const size of [16, 64, 120])
      for (const corruption of corruptions) {
        const bytes = await corrupt(corruption, image(size), size, 5 as Severity, randomFromSeed(2));
        expect(bytes).toHaveLength(size * size * 3);
      }
  });

  it('draw Poisson numbers with the mean and the variance that shot noise has', async () => {
    const grey = new Uint8Array(96 * 96 * 3).fill(128);
    const bytes = await corrupt(corruptionById('shot-noise'), grey, 96, 2, randomFromSeed(1)); // c = 100
    const values = Array.from(bytes, (byte) => byte / 255);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(mean).toBeCloseTo(128 / 255, 2);
    expect(variance / (128 / 255 / 100)).toBeCloseTo(1, 1);
  });

  it('are refused by name when unknown', () => {
    expect(() => corruptionById('rain')).toThrow(
      'there is no corruption "rain"; known are: gaussian-noise, shot-noise',
    );
  });
});
