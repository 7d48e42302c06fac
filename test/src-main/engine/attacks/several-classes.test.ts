// Pictures of several classes under an attack: on a network that is written down, where it is known what an attack
// within a bound can do.

import { afterAll, expect, it } from 'vitest';
import { attackById } from '../../../../src-main/engine/attacks/index.ts';
import { predictionsOf } from '../../../../src-main/engine/attacks/queries.ts';
import { matmul, mean, mul, scalar } from '../../../../src-main/engine/graph/index.ts';
import type { BuiltModel } from '../../../../src-main/engine/nn/model.ts';
import { randomFromSeed } from '../../../../src-main/engine/nn/random.ts';
import { attackPictures } from '../../../../src-main/engine/training/attack-pictures.ts';
import type { Architecture } from '../../../../src-main/engine/training/network.ts';
import { sessions } from './small-networks.ts';

afterAll(() => sessions.dispose());

/** The logits are ten times the means of the colours: red, green, blue. */
const model: BuiltModel = {
  parameters: [{ name: 'w', shape: [3, 3], init: 'linear', decay: true }],
  buffers: [],
  head: ['w'],
  unpublished: [],
  forward(images, weights) {
    const means = mean(images, [2, 3]);
    const logits = mul(scalar(10), matmul(means, weights.get('w')!));
    return { logits, features: images, pooled: means, stages: [], biased: [], bufferUpdates: new Map() };
  },
};
const sizePx = 2;
const architecture: Architecture = { key: 'colours', model, classes: 3, sizePx };
const weights = { w: Float32Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1]) };

const picture = (colour: readonly number[]): number[] =>
  colour.flatMap((value) => Array.from({ length: sizePx ** 2 }, () => value));
/** The larger of red and green falls below blue from a change of 0.05 on, and that of green and blue below red. */
const colours = [
  [0.6, 0.58, 0.5],
  [0.6, 0.58, 0.5],
  [0.5, 0.58, 0.6],
];
const owns = [[1, 0], [0], [1, 2]];

const predicted = async (id: string, eps: number, all?: readonly (readonly number[])[]) => {
  const attacked = await attackPictures({
    ...{ architecture, weights, sessions, eps, owns: all },
    ...{ attack: attackById(id), params: id === 'pgd' ? { steps: 40, step: 0.1 } : {} },
    images: Float32Array.from(colours.flatMap(picture)),
    labels: Int32Array.from(owns, ([own]) => own),
    random: randomFromSeed(3),
  });
  attacked.images.forEach((value, i) =>
    expect(Math.abs(value - Math.fround(picture(colours[Math.floor(i / 12)])[i % 12]))).toBeLessThan(
      eps + 1e-6,
    ),
  );
  return [...predictionsOf(attacked.logits, 3)];
};

it.each(['pgd', 'mim', 'apgd-ce', 'square'])(
  'errs only if all their classes are beaten, and then as soon as that can be done: %s',
  async (id) => {
    const isRight = (said: number[]) => said.map((one, i) => owns[i].includes(one));
    expect(isRight(await predicted(id, 0.045, owns))).toEqual([true, false, true]);
    expect(isRight(await predicted(id, 0.055, owns))).toEqual([false, false, false]);
  },
);

it('is let off with the label alone beaten where the others are not told', async () => {
  const said = await predicted('pgd', 0.055);
  expect(said[0]).toBe(0); // green was the label, and red is as right
});
