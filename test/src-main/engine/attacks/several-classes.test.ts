// Pictures of several classes under an attack: on a network that is written down, where it is known what an attack
// within a bound can do.

import { afterAll, expect, it } from 'vitest';
import { attackById, type Norm } from '../../../../src-main/engine/attacks/index.ts';
import { predictionsOf } from '../../../../src-main/engine/attacks/queries.ts';
import { randomFromSeed } from '../../../../src-main/engine/nn/random.ts';
import { attackImages } from '../../../../src-main/engine/inference/attack-images.ts';
import type { Architecture } from '../../../../src-main/engine/data/architecture.ts';
import { meansOfColours, sessions } from './small-networks.ts';

afterAll(() => sessions.dispose());

const sizePx = 2;
const architecture: Architecture = { key: 'colours', model: meansOfColours, classes: 3, sizePx };
const weights = { w: Float32Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1]) };

const image = (colour: readonly number[]): number[] =>
  colour.flatMap((value) => Array.from({ length: sizePx ** 2 }, () => value));
/** The larger of red and green falls below blue from a change of 0.05 on, and that of green and blue below red. */
const colours = [
  [0.6, 0.58, 0.5],
  [0.6, 0.58, 0.5],
  [0.5, 0.58, 0.6],
];
const trueClasses = [[1, 0], [0], [1, 2]];

const quick: Record<string, Record<string, unknown>> = {
  pgd: { steps: 40, step: 0.1 },
  'apgd-dlr': { steps: 40 },
  fab: { steps: 40 },
  autoattack: { steps: 40, queries: 100 },
};
const predicted = async (
  id: string,
  eps: number,
  all?: readonly (readonly number[])[],
  norm: Norm = 'linf',
) => {
  const attacked = await attackImages({
    architecture,
    weights,
    sessions,
    eps,
    trueClasses: all,
    attack: attackById(id),
    params: { ...quick[id], ...(norm === 'l2' && { norm }) },
    images: Float32Array.from(colours.flatMap(image)),
    labels: Int32Array.from(trueClasses, ([first]) => first),
    random: randomFromSeed(3),
  });
  attacked.images.forEach((value, i) =>
    expect(Math.abs(value - Math.fround(image(colours[Math.floor(i / 12)])[i % 12]))).toBeLessThan(
      eps + 1e-6,
    ),
  );
  return [...predictionsOf(attacked.logits, 3)];
};

const isRight = (predicted: number[]) => predicted.map((one, i) => trueClasses[i].includes(one));

it.each([
  ...['pgd', 'mim', 'apgd-ce', 'apgd-dlr', 'square', 'autoattack'].map((id) => [id, 0.055] as const),
  // The plane that it walks to is that of one of the two classes.
  ['fab', 0.065] as const,
])('errs only if all their classes are beaten, and then as soon as that can be done: %s', async (id, eps) => {
  expect(isRight(await predicted(id, 0.045, trueClasses))).toEqual([true, false, true]);
  expect(isRight(await predicted(id, eps, trueClasses))).toEqual([false, false, false]);
});

/** Shortest: red 0.04 and green 0.02 down, blue 0.06 up, in each of 4 pixels. */
const shortest = 2 * Math.hypot(0.04, 0.02, 0.06);

it.each([
  ...['pgd', 'apgd-ce', 'apgd-dlr', 'fab', 'autoattack'].map((id) => [id, 1.07] as const),
  ['deepfool', 1.3] as const,
])('errs so in l2 too: %s', async (id, times) => {
  expect(isRight(await predicted(id, 0.93 * shortest, trueClasses, 'l2'))).toEqual([true, false, true]);
  expect(isRight(await predicted(id, times * shortest, trueClasses, 'l2'))).toEqual([false, false, false]);
});

it('is left alone where every class is right', async () => {
  const predictions = await predicted('apgd-dlr', 0.2, [[1, 0, 2], [0], [1, 2]]);
  expect(predictions[0]).toBe(0);
});

it('is let off with the label alone beaten where the others are not told', async () => {
  const predictions = await predicted('pgd', 0.055);
  expect(predictions[0]).toBe(0); // green was the label, and red is as right
});
