import { afterAll, describe, expect, it } from 'vitest';
import { attackById, type Attack } from '../../../../src-main/engine/attacks/index.ts';
import { imageDeviation, imageMean } from '../../../../src-main/engine/nn/normalise.ts';
import { randomFromSeed } from '../../../../src-main/engine/nn/random.ts';
import { onnxExecutor } from '../../../../src-main/engine/runtime/index.ts';
import { attackImages } from '../../../../src-main/engine/inference/attack-images.ts';
import { buildEvaluate } from '../../../../src-main/engine/inference/inference-steps.ts';
import { sessionCache } from '../../../../src-main/engine/data/session-cache.ts';
import {
  batch,
  classes,
  evaluate,
  sizePx,
  tinyBatch,
  tinyNetwork,
  tinyWeights,
} from '../training/tiny-network.ts';

const model = tinyNetwork('average');
const { images, labels } = tinyBatch();
const weights = tinyWeights(model);
const evaluation = buildEvaluate({ model, batch, classes, sizePx });
const lossesOf = (images: ArrayLike<number>): Float64Array =>
  evaluate(evaluation.outputs, { ...weights, labels, images: images }).crossEntropy;

const sessions = sessionCache(onnxExecutor({ threads: 1 }), 8);
afterAll(() => sessions.dispose());
const attacked = (eps: number, params: Parameters<Attack['run']>[2] = {}) =>
  attackImages({
    architecture: { key: 'tiny', model, classes, sizePx },
    weights,
    sessions,
    images,
    eps,
    params,
    attack: attackById('fgsm'),
    labels: Int32Array.from({ length: batch }, (_, b) =>
      labels.subarray(b * classes, (b + 1) * classes).indexOf(1),
    ),
    random: randomFromSeed(0),
  });

describe('FGSM', () => {
  it('moves every value by at most eps, most by exactly eps, and stays in [0, 1]', async () => {
    const eps = 0.05;
    const reached = (await attacked(eps)).images;
    let full = 0;
    reached.forEach((value, i) => {
      const moved = Math.abs(value - images[i]);
      expect(moved).toBeLessThan(eps + 1e-7);
      expect(value >= 0 && value <= 1).toBe(true);
      if (moved > eps - 1e-7) full++;
    });
    expect(full / reached.length).toBeGreaterThan(0.7);
    expect(Math.min(...reached)).toBe(0); // pictures that touch the range are clipped
  });

  it('raises the loss of every picture', async () => {
    const reached = (await attacked(0.003)).images;
    const before = lossesOf(images);
    lossesOf(reached).forEach((loss, b) => expect(loss).toBeGreaterThan(before[b]));
  });

  it('gives back the pictures at eps 0', async () => {
    const { images: reached, changed } = await attacked(0);
    expect([...reached]).toEqual([...images]);
    expect(changed).toEqual([false, false, false, false]);
  });

  it('in its legacy form pushes what normalises to below 0 up and above 1 down, whatever the gradient', async () => {
    const eps = 0.1;
    const plane = sizePx * sizePx;
    const reached = (await attacked(eps, { space: 'normalised' })).images;
    let [pushed, free] = [0, 0];
    reached.forEach((value, i) => {
      const channel = Math.floor(i / plane) % 3;
      const normalised = (images[i] - imageMean[channel]) / imageDeviation[channel];
      const moved = (value - images[i]) / imageDeviation[channel];
      expect(Math.abs(moved)).toBeLessThan(eps + 1e-5);
      if (normalised < -2 * eps) {
        expect(moved).toBeCloseTo(eps, 4);
        pushed++;
      } else if (normalised > 1 + 2 * eps) {
        expect(moved).toBeCloseTo(-eps, 4);
        pushed++;
      } else if (moved < -1e-4) free++;
    });
    expect(pushed).toBeGreaterThan(100);
    expect(free).toBeGreaterThan(10);
  });
});
