// Weights, pictures and condensed gradients as the scripts of test/reference have them, so that fixtures hold results
// only.

import type { BuiltModel } from '../../../../src-main/engine/nn/index.ts';

/** Norm, and product with a fixed pattern. */
export type Condensed = [number, number];

export const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Fixed numbers in [-1, 1) that look random, as in test/reference/models.py. */
export function noise(count: number, phase: number): Float32Array {
  const values = new Float32Array(count);
  const start = Math.imul(phase, 0x85ebca77);
  for (let i = 0; i < count; i++) {
    let h = (Math.imul(i, 0x9e3779b1) + start) | 0;
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
    values[i] = ((h ^ (h >>> 15)) >>> 8) / 2 ** 23 - 1;
  }
  return values;
}

export function fixedWeights(model: BuiltModel): Record<string, Float32Array> {
  const values: Record<string, Float32Array> = {};
  const made = (name: string, count: number, phase: number, base: number, factor: number): void => {
    const u = noise(count, phase);
    for (let i = 0; i < count; i++) u[i] = base + factor * u[i];
    values[name] = u;
  };
  model.parameters.forEach(({ name, shape }, place) => {
    if (shape.length > 1) made(name, product(shape), place, 0, Math.sqrt(6 / product(shape.slice(1))));
    else if (name.endsWith('bn3.weight')) made(name, product(shape), place, 0.2, 0.04);
    else if (name.endsWith('weight')) made(name, product(shape), place, 1, 0.2);
    else made(name, product(shape), place, 0, 0.1);
  });
  model.buffers.forEach(({ name, shape }, place) =>
    name.endsWith('running_var')
      ? made(name, product(shape), 1000 + place, 1, 0.4)
      : made(name, product(shape), 1000 + place, 0, 0.1),
  );
  return values;
}

export function condense(values: Float32Array): Condensed {
  const pattern = noise(values.length, 77);
  let [squares, along] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    squares += values[i] ** 2;
    along += values[i] * pattern[i];
  }
  return [Math.sqrt(squares), along];
}

export const isClose = (actual: Condensed, [norm, along]: Condensed): boolean =>
  Math.abs(actual[0] - norm) < 1e-4 * norm && Math.abs(actual[1] - along) < 1e-4 * norm;
