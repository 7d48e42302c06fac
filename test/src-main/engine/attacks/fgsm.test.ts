import { describe, expect, it } from 'vitest';
import { attackById } from '../../../../src-main/engine/attacks/index.ts';
import { buildAttack, buildEvaluate } from '../../../../src-main/engine/training/inference-steps.ts';
import {
  batch,
  classes,
  evaluate,
  sizePx,
  tinyBatch,
  tinyNetwork,
  tinyWeights,
} from '../training/tiny-network.ts';

const options = { model: tinyNetwork('average'), batch, classes, sizePx };
const feeds: Record<string, ArrayLike<number>> = { ...tinyWeights(options.model), ...tinyBatch() };
const attack = buildAttack({ ...options, attack: attackById('fgsm'), params: {} });
const evaluation = buildEvaluate(options);
const lossesOf = (images: ArrayLike<number>): Float64Array =>
  evaluate(evaluation.outputs, { ...feeds, images }).crossEntropy;

describe('FGSM', () => {
  it('moves every value by at most eps, most by exactly eps, and stays in [0, 1]', () => {
    const eps = 0.05;
    const { attacked } = evaluate(attack.outputs, { ...feeds, eps: [eps] });
    let full = 0;
    attacked.forEach((value, i) => {
      const moved = Math.abs(value - feeds.images[i]);
      expect(moved).toBeLessThan(eps + 1e-12);
      expect(value >= 0 && value <= 1).toBe(true);
      if (moved > eps - 1e-12) full++;
    });
    expect(full / attacked.length).toBeGreaterThan(0.7);
    expect(Math.min(...attacked)).toBe(0); // pictures that touch the range are clipped
  });

  it('raises the loss of every picture', () => {
    const { attacked } = evaluate(attack.outputs, { ...feeds, eps: [0.003] });
    const before = lossesOf(feeds.images);
    lossesOf(attacked).forEach((loss, b) => expect(loss).toBeGreaterThan(before[b]));
  });

  it('gives back the pictures and their logits at eps 0', () => {
    const { attacked, logits } = evaluate(attack.outputs, { ...feeds, eps: [0] });
    expect([...attacked]).toEqual([...(feeds.images as Float32Array)]);
    expect([...logits]).toEqual([...evaluate(evaluation.outputs, feeds).logits]);
  });
});
