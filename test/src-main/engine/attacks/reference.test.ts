// Attacks against foolbox and torchattacks (which holds the AutoAttack authors' code) on small trained networks.

import { afterAll, describe, expect, it } from 'vitest';
import { ascend } from '../../../../src-main/engine/attacks/ascent.ts';
import { logitsOf } from '../../../../src-main/engine/attacks/index.ts';
import { attackTarget } from '../../../../src-main/engine/inference/attack-images.ts';
import {
  architecture,
  attacked,
  classes,
  distancesOf,
  listedDraws,
  imageLength,
  someImages,
  predictedOf,
  reference,
  sessions,
  weightsOf,
  type Case,
} from './small-networks.ts';
import { comparable, compare, formOf, strengths } from './strengths.ts';

afterAll(() => sessions.dispose());

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i] - b[i]));
  return largest;
};

describe('step by step', () => {
  const target = attackTarget({ architecture, weights: weightsOf('standard'), sessions, batch: 4 });
  const { images, labels } = someImages(4);

  it('the network and the pictures are those of the reference', async () => {
    expect(largestDifference(await logitsOf(target, images), reference.logits)).toBeLessThan(1e-4);
  });

  for (const { attack, norm, eps, steps, images: expected } of reference.steps.filter(
    ({ attack }) => attack.startsWith('fgsm') || attack === 'pgd',
  ))
    it(`${attack} in ${norm} after ${steps ?? 1} steps is at foolbox's pictures`, async () => {
      if (attack !== 'pgd') {
        const space = attack === 'fgsm' ? 'pixel' : 'normalised';
        const { images: reached } = await attacked('fgsm', { space }, eps, { count: 4 });
        expect(largestDifference(reached, expected)).toBeLessThan(1e-5);
        return;
      }
      const pattern = Float64Array.from(images, (_, i) => Math.sin(1.7 * i));
      const first = Math.sqrt(pattern.subarray(0, imageLength).reduce((sum, x) => sum + x * x, 0));
      const size = norm === 'linf' ? eps : eps / first;
      const start = images.map((value, i) => Math.min(1, Math.max(0, value + size * pattern[i])));
      const reached = await ascend(target, {
        images,
        labels,
        eps,
        norm,
        start,
        steps: steps!,
        stepSize: eps / 4,
        loss: 'cross-entropy',
        keep: 'last',
      });
      expect(largestDifference(reached, expected)).toBeLessThan(1e-5);
    });
});

/** Params under which the attack that the reference took a case with goes the same way. */
const ways: Record<string, (one: Case) => [id: string, params: Record<string, unknown>, count: number]> = {
  apgd: ({ norm, loss, steps }) => [
    loss === 'cross-entropy' ? 'apgd-ce' : 'apgd-dlr',
    { norm, steps, ...(loss !== 'cross-entropy' && { targets: loss === 'dlr' ? 0 : 1 }) },
    3,
  ],
  square: ({ norm, queries }) => ['square', { norm, queries }, 1],
  'ifia-top-k': ({ k, steps, map, score, points, beta }) => [
    'ifia-top-k',
    { k, steps, map, score, points, beta },
    3,
  ],
  'targeted-explanation': ({ steps, stepSize, map, score, points, beta }) => [
    'targeted-explanation',
    { steps, stepSize, map, score, points, beta },
    3,
  ],
};

describe('by the same draws', () => {
  for (const one of reference.steps.filter(({ attack }) => attack in ways)) {
    const { attack, network, norm, eps } = one;
    it(`${[attack, norm, one.loss, one.map].filter(Boolean).join(', ')}: at the reference's pictures after ${one.steps ?? one.queries} steps`, async () => {
      const [id, params, count] = ways[attack](one);
      const { images } = await attacked(id, params, eps, { network, count, random: listedDraws() });
      expect(largestDifference(images, someImages(count).images)).toBeGreaterThan(1e-4);
      // The network is so sure of the first two pictures (cross-entropy about 1e-7) that in l2, where more than the
      // sign of the gradients counts, their rounding is followed.
      const from = one.loss === 'cross-entropy' && norm === 'l2' ? 2 * imageLength : 0;
      expect(largestDifference(images.subarray(from), one.images.slice(from))).toBeLessThan(1e-4);
    });
  }
});

describe('strength', { timeout: 240_000 }, () => {
  // What is quick: the attacks without chance, transfers, and Square. `npm run bench -- attacks` goes through all of the
  // reference, the many seeds of APGD included.
  const quick = comparable().filter(
    ({ attack, accuracies, network, source, norm }) =>
      accuracies === undefined ||
      source !== undefined ||
      (attack === 'square' && network === 'robust' && norm === 'linf'),
  );
  for (const strength of quick)
    it(`${formOf(strength)}: at most a point more of the ${strength.network} network's pictures stand than under the reference`, async () => {
      const { ours, reference, largestChange } = await compare(strength);
      expect(ours).toBeLessThanOrEqual(reference + 0.01 + 1e-6);
      expect(largestChange).toBeLessThan(strength.eps + 1e-6);
    });

  // One seed of ours for six of theirs: the accuracies of one attack with different seeds spread by a point.
  const once = comparable().filter(
    ({ attack, steps, network, norm }) =>
      (attack.startsWith('apgd') && steps === 20) ||
      (attack === 'autoattack' && network === (norm === 'l2' ? 'standard' : 'robust')) ||
      (attack === 'spsa' && network === 'standard'),
  );
  for (const strength of once)
    it(`${formOf(strength)}: with one seed at most three points more of the ${strength.network} network's pictures stand`, async () => {
      const { ours, reference, largestChange } = await compare(strength, 1);
      expect(ours).toBeLessThanOrEqual(reference + 0.03 + 1e-6);
      expect(largestChange).toBeLessThan(strength.eps + 1e-6);
    });

  const smallest: Record<string, Record<string, unknown>> = {
    deepfool: {},
    'cw-l2': { searches: 4, steps: 50, stepSize: 0.02, weight: 0.1 },
  };
  for (const { attack, network, norm, eps, accuracy, ...found } of strengths())
    if (attack in smallest)
      it(`${attack}, ${norm}: goes no farther than the reference before the ${network} network errs`, async () => {
        const params = { ...smallest[attack], ...(attack === 'deepfool' && { norm }) };
        const result = await attacked(attack, params, 100, { network }); // a ball that holds all pictures
        const fooled = distancesOf(result, norm!).filter((_, i) => predictedOf(result, i) !== i % classes);
        expect(fooled.length).toBeGreaterThanOrEqual(found.fooled!);
        const mean = fooled.reduce((sum, one) => sum + one, 0) / fooled.length;
        expect(mean).toBeLessThan(found.meanDistance! * 1.01);
        const standing = 1 - fooled.filter((one) => one <= eps).length / result.changed.length;
        expect(standing).toBeLessThanOrEqual(accuracy! + 0.01 + 1e-6);
      });
});
