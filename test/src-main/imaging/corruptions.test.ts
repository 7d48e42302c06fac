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
function picture(size = side): Uint8Array {
  return Uint8Array.from({ length: size * size * 3 }, (_, i) => {
    const [row, column, channel] = [Math.floor(i / (3 * size)), Math.floor(i / 3) % size, i % 3];
    const smooth = 128 + 90 * Math.sin(0.35 * row + 0.8 * channel) * Math.cos(0.23 * column);
    return Math.min(255, Math.max(0, Math.floor(smooth + ((i * 7919) % 64) - 32 + 0.5)));
  });
}

const { values: expected } = JSON.parse(
  readFileSync(new URL('../../fixtures/imaging/corruptions.json', import.meta.url), 'utf8'),
) as { values: Record<string, number[][]> }; // every eleventh, 0 … 255

/** sin(1.7 i) in the place of normal noise. */
function pattern(): Chance {
  let drawn = 0;
  return { uniform: () => 0.5, normal: () => Math.sin(1.7 * drawn++) };
}

const distance = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;

describe('common corruptions', () => {
  for (const [id, levels] of Object.entries(expected))
    it(`${id} is that of the public code's libraries at every severity`, async () => {
      for (const severity of severities) {
        const bytes = await corrupt(corruptionById(id), picture(), side, severity, pattern());
        levels[severity - 1].forEach((value, i) =>
          expect(Math.abs(bytes[11 * i] - value)).toBeLessThan(0.52),
        );
      }
    });

  it('are 15 and four to tune on, each at five severities, and change the picture', async () => {
    expect(corruptions.filter(({ counted }) => counted)).toHaveLength(15);
    expect(corruptions).toHaveLength(19);
    for (const corruption of corruptions)
      for (const severity of severities) {
        const bytes = await corrupt(corruption, picture(), side, severity, randomFromSeed(3));
        expect(bytes).toHaveLength(side * side * 3);
        // Light spatter may miss a small picture.
        if (corruption.id !== 'spatter')
          expect(distance(bytes, picture()), corruption.id).toBeGreaterThan(0.2);
      }
  });

  it('are the same for the same random numbers, and leave the picture handed in as it was', async () => {
    for (const corruption of corruptions) {
      const before = picture();
      const [one, same, other] = await Promise.all(
        [5, 5, 6].map((seed) => corrupt(corruption, before, side, 3, randomFromSeed(seed))),
      );
      expect(same).toEqual(one);
      expect(before).toEqual(picture());
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
          sum += distance(
            await corrupt(corruption, picture(), side, severity, randomFromSeed(seed)),
            picture(),
          );
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
        const bytes = await corrupt(corruption, picture(size), size, 5 as Severity, randomFromSeed(2));
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
