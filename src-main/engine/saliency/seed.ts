// Random numbers of a heat map: the same for the same seed and sample, however samples are batched.

import { z } from 'zod';
import { randomFromSeed, type Random } from '../nn/random.ts';

const seed = z.int().min(0).max(0xffff_ffff).default(0);

export const seedField = () =>
  seed.meta({ title: 'Seed', help: 'Start of the random numbers; the same seed gives the same map.' });

/** For methods that compare with training pictures. */
export const imagesSeedField = () =>
  seed.meta({
    title: 'Seed',
    help: 'Start of the random numbers, those that draw the training pictures among them; the same seed gives the same map, and the same pictures for all runs on the same data.',
  });

export const randomOfSample = (seed: number, index: number): Random =>
  randomFromSeed(seed).fork(`look/${index}`); // the name decides what is drawn

export function normals(random: Random, count: number): Float32Array {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = random.normal();
  return values;
}
