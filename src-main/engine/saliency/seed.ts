// Random numbers of a heat map: the same for the same seed and look, however looks are batched.

import { z } from 'zod';
import { randomFromSeed, type Random } from '../nn/random.ts';

export const seedField = () =>
  z
    .int()
    .min(0)
    .max(0xffff_ffff)
    .default(0)
    .meta({ title: 'Seed', help: 'Start of the random numbers; the same seed gives the same map.' });

export const randomOfLook = (seed: number, index: number): Random =>
  randomFromSeed(seed).fork(`look/${index}`);

export function normals(random: Random, count: number): Float32Array {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = random.normal();
  return values;
}
