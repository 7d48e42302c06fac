// The losses that attacks raise, on a network whose logits are its first pixels, beside their formulas.

import { afterAll, describe, expect, it } from 'vitest';
import { otherClassesOf, gradientsOf } from '../../../../src-main/engine/attacks/queries.ts';
import { reshape, slice } from '../../../../src-main/engine/graph/index.ts';
import type { BuiltModel } from '../../../../src-main/engine/nn/model.ts';
import { attackTarget } from '../../../../src-main/engine/inference/attack-images.ts';
import { imageNetNormalisation } from '../../../../src-main/engine/nn/normalise.ts';
import { sessions } from './small-networks.ts';

afterAll(() => sessions.dispose());

const sizePx = 2;
const length = 3 * sizePx ** 2;
const model = (classes: number): BuiltModel => ({
  parameters: [],
  buffers: [],
  head: [],
  unpublished: [],
  normalisation: imageNetNormalisation,
  forward(images) {
    const logits = slice(reshape(images, [images.shape[0], length]), [0, 0], [images.shape[0], classes]);
    return { logits, features: images, pooled: logits, stages: [], biased: [], bufferUpdates: new Map() };
  },
});

/** Loss and gradients by the engine for label 0 and goal 1; classes `alike` the label are out. */
async function byEngine(loss: 'dlr' | 'dlr-targeted', logits: readonly number[], alike: number[] = []) {
  const classes = logits.length;
  const target = attackTarget({
    architecture: { key: `pixels/${classes}`, model: model(classes), classes, sizePx },
    weights: {},
    sessions,
    batch: 1,
    trueClassIndices: alike.length > 0 ? [0, ...alike] : [],
  });
  const image = new Float32Array(length);
  image.set(logits);
  const { losses, gradient } = await gradientsOf(target, loss, image, [0], [1]);
  return { loss: losses[0], grads: [...gradient.subarray(0, classes)] };
}

/** Croce & Hein 2020, equations 6 and 7; for three classes the latter takes the last two of them. */
function byFormula(loss: 'dlr' | 'dlr-targeted', logits: readonly number[], alike: number[] = []): number {
  const own = Math.max(logits[0], ...alike.map((k) => logits[k]));
  const others = logits.filter((_, k) => k !== 0 && !alike.includes(k));
  const [first, ...rest] = [own, ...others].sort((a, b) => b - a);
  const [, third] = rest;
  const low = loss === 'dlr' || third === undefined ? third : (third + (rest[2] ?? rest[0])) / 2;
  const rise = (loss === 'dlr' ? Math.max(...others) : logits[1]) - own;
  return rise / (low === undefined ? 1 : first - low);
}

describe('the ratio of logits', () => {
  const cases: [what: string, logits: number[], alike?: number[]][] = [
    ['many classes', [2, 0.5, 1.25, -1, 0.25, 0]],
    ['four classes, the label not the largest', [1, 0.5, 1.25, -1]],
    ['three classes', [2, 1.25, 0.5]],
    ['three classes, the goal the least of them', [2, 0.5, 1.25]],
    ['two classes', [2, 0.5]],
    ['three classes left', [2, 1.25, 0.5, 2.5, 1], [3, 4]],
    ['three classes left, the goal the least of them', [2, 0.5, 1.25, 2.5, 1], [3, 4]],
    ['two classes left', [2, 0.5, 1.25, 2.5], [2, 3]],
    ['two classes left of three', [2, 0.5, 2.5], [2]],
  ];
  for (const [what, logits, alike] of cases)
    for (const loss of ['dlr', 'dlr-targeted'] as const)
      it(`and its slopes are those of the formula: ${loss}, ${what}`, async () => {
        const found = await byEngine(loss, logits, alike);
        expect(found.loss).toBeCloseTo(byFormula(loss, logits, alike), 5);
        const grads = logits.map((_, k) => {
          const at = (step: number) =>
            byFormula(
              loss,
              logits.map((z, j) => (j === k ? z + step : z)),
              alike,
            );
          return (at(1e-5) - at(-1e-5)) / 2e-5;
        });
        found.grads.forEach((grad, k) => expect(grad).toBeCloseTo(grads[k], 4));
        expect(Math.max(...found.grads)).toBeGreaterThan(0.1);
      });

  it('counts equal logits one by one', async () => {
    // Sorted 2, 1, 1, 0.5, 0.5: the third is 1, not 0.5; the fourth 0.5, not 0.
    const logits = [2, 1, 1, 0.5, 0.5, 0];
    for (const loss of ['dlr', 'dlr-targeted'] as const)
      expect((await byEngine(loss, logits)).loss).toBeCloseTo(byFormula(loss, logits), 6);
    expect(byFormula('dlr', logits)).toBe(-1);
  });
});

it('the other classes stand from the likeliest down, without those that are out', () => {
  const logits = Float32Array.of(9, 9, 3, -1e30, 1, 2, -1e30, 2);
  expect(otherClassesOf(logits, 0, 4, 0, 9)).toEqual([1, 2]);
  expect(otherClassesOf(logits, 1, 4, 0, 1)).toEqual([1]);
  expect(otherClassesOf(logits, 1, 4, 1, 9)).toEqual([3, 0]);
});
