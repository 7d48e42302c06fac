import { describe, expect, it } from 'vitest';
import * as g from '../../../../src-main/engine/graph/index.ts';
import type { Tensor } from '../../../../src-main/engine/graph/index.ts';
import { onnxExecutor } from '../../../../src-main/engine/runtime/index.ts';
import { evaluate, gradientError, randomNumbers, relativeError, type Feeds } from './finite-differences.ts';

const batch = 3;
const side = 6;

/** Batch-norm from the batch's sums, as the models have it. */
function batchNorm(x: Tensor, scale: Tensor, shift: Tensor): Tensor {
  const average = g.mean(x, [0, 2, 3], true);
  const variance = g.sub(g.mean(g.square(x), [0, 2, 3], true), g.square(average));
  const grad = g.div(g.reshape(scale, average.shape), g.sqrt(g.add(variance, g.scalar(1e-3))));
  return g.add(g.mul(x, grad), g.sub(g.reshape(shift, average.shape), g.mul(average, grad)));
}

/** A small residual network with its weights, images and labels at random. */
function makeNetwork(seed: number) {
  const random = randomNumbers(seed);
  const feeds: Feeds = {};
  const feed = (name: string, shape: number[]): Tensor => {
    feeds[name] = Float64Array.from({ length: g.sizeOf(shape) }, () => random() - 0.5);
    return g.input(name, shape);
  };
  const images = feed('images', [batch, 2, side, side]);
  const labels = feed('labels', [batch, 3]);
  feeds.labels.fill(0);
  for (let b = 0; b < batch; b++) feeds.labels[b * 3 + b] = 1;
  const inside = feed('inside', [batch, 1, side, side]);
  feeds.inside.forEach((value, index) => (feeds.inside[index] = value > 0 ? 1 : 0));
  const weights = [
    feed('conv1', [3, 2, 3, 3]),
    feed('scale1', [3]),
    feed('shift1', [3]),
    feed('conv2', [4, 3, 3, 3]),
    feed('scale2', [4]),
    feed('shift2', [4]),
    feed('shortcut', [4, 3, 1, 1]),
    feed('head', [3, 4]),
  ];
  const [conv1, scale1, shift1, conv2, scale2, shift2, shortcut, head] = weights;
  const first = g.relu(batchNorm(g.conv(images, conv1, { padding: 1 }), scale1, shift1));
  const residual = batchNorm(g.conv(first, conv2, { stride: 2, padding: 1 }), scale2, shift2);
  const features = g.relu(g.add(residual, g.conv(first, shortcut, { stride: 2 })));
  const logits = g.matmul(g.globalAveragePool(features), head, { transposeB: true });
  const losses = g.neg(g.sum(g.mul(labels, g.logSoftmax(logits)), 1));
  return { feeds, images, labels, inside, weights, features, logits, losses };
}

function inputGradientPenalty(seed: number) {
  const network = makeNetwork(seed);
  const { images, inside, losses } = network;
  const [grads] = g.gradient(g.sum(losses), [images]);
  const outside = g.mul(grads, g.sub(g.scalar(1), inside));
  const total = g.add(g.mean(losses), g.mul(g.scalar(10), g.sum(g.square(outside))));
  return { ...network, total };
}

function gradCamPenalty(seed: number) {
  const network = makeNetwork(seed);
  const { features, labels, logits, losses } = network;
  const [grads] = g.gradient(g.sum(g.mul(logits, labels)), [features]);
  const map = g.relu(g.sum(g.mul(g.mean(grads, [2, 3], true), features), 1));
  const normalised = g.div(map, g.add(g.sum(map, [1, 2], true), g.scalar(1e-3)));
  const total = g.add(g.mean(losses), g.mul(g.scalar(3), g.sum(g.abs(g.sub(normalised, g.scalar(0.1))))));
  return { ...network, total };
}

describe('the weight gradients of a convolutional network with batch-norm', () => {
  for (const seed of [11, 12]) {
    it(`agree with finite differences when its input gradient is penalised (seed ${seed})`, () => {
      const { total, weights, feeds } = inputGradientPenalty(seed);
      expect(gradientError(total, weights, feeds, 1e-6)).toBeLessThan(1e-5);
    });

    it(`agree with finite differences when its Grad-CAM map is penalised (seed ${seed})`, () => {
      const { total, weights, feeds } = gradCamPenalty(seed);
      expect(gradientError(total, weights, feeds, 1e-6)).toBeLessThan(1e-5);
    });
  }

  it('are the same on ONNX Runtime', async () => {
    const { total, weights, feeds, images, labels, inside } = inputGradientPenalty(13);
    const grads = g.gradient(total, weights);
    const names = grads.map((_, index) => `slope${index}`);
    const outputs = Object.fromEntries(grads.map((tensor, index) => [names[index], tensor]));
    const executor = onnxExecutor({ threads: 1 });
    const session = await executor.compile({ inputs: [images, labels, inside, ...weights], outputs });
    const singles = Object.entries(feeds).map(([name, values]) => [name, Float32Array.from(values)]);
    const actual = await session.run(Object.fromEntries(singles));
    await session.dispose();
    const expected = evaluate(grads, feeds);
    names.forEach((name, index) => expect(relativeError(actual[name], expected[index])).toBeLessThan(1e-4));
  });
});
