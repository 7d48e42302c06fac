import { describe, expect, it } from 'vitest';
import { gradient, input, sum } from '../../../../src-main/engine/graph/index.ts';
import { crossEntropy, selectedLogit } from '../../../../src-main/engine/nn/index.ts';
import type { Task } from '../../../../src-main/engine/nn/classification.ts';
import { checkParams } from '../../../../src-main/engine/nn/registry.ts';
import { saliencyById, type SinglePassMethod } from '../../../../src-main/engine/saliency/index.ts';
import { buildEvaluate, buildSaliency } from '../../../../src-main/engine/inference/inference-steps.ts';
import {
  batch,
  classes,
  evaluate,
  sizePx,
  tinyBatch,
  tinyNetwork,
  tinyWeights,
} from '../training/tiny-network.ts';

const area = sizePx * sizePx;

function feedsOf(target: number[]): Record<string, ArrayLike<number>> {
  const oneHot = target.flatMap((one) => Array.from({ length: classes }, (_, k) => (k === one ? 1 : 0)));
  return { ...tinyWeights(tinyNetwork('average')), ...tinyBatch(), target: oneHot, labels: oneHot };
}

function mapOf(
  method: string,
  params: Record<string, unknown>,
  target: number[],
  { pool = 'average', task, labels }: { pool?: 'average' | 'max'; task?: Task; labels?: number[] } = {},
): Float64Array {
  const known = saliencyById(method) as SinglePassMethod;
  const program = buildSaliency({
    model: tinyNetwork(pool),
    batch,
    classes,
    sizePx,
    task,
    method: known,
    params: checkParams(known, params),
  });
  const feeds = feedsOf(target);
  return evaluate(program.outputs, { ...feeds, labels: labels ?? feeds.labels }).map;
}

/** Gradient of one class's logit in the pictures, eval mode. [B * 3 * S * S] */
function logitGradients(k: number): { grads: Float64Array; logits: Float64Array } {
  const model = tinyNetwork('average');
  const images = input('images', [batch, 3, sizePx, sizePx]);
  const target = input('target', [batch, classes]);
  const weights = new Map(
    [...model.parameters, ...model.buffers].map((p) => [p.name, input(p.name, p.shape)]),
  );
  const { logits } = model.forward(images, weights, 'eval');
  const [grads] = gradient(sum(selectedLogit(logits, target)), [images]);
  return evaluate({ grads, logits }, feedsOf([k, k, k, k])) as {
    grads: Float64Array;
    logits: Float64Array;
  };
}

const target = [2, 0, 1, 1];

describe('input gradient', () => {
  const perClass = [0, 1, 2].map(logitGradients);
  const { logits } = perClass[0];
  const softmax = (b: number): number[] => {
    const exps = [0, 1, 2].map((k) => Math.exp(logits[b * classes + k]));
    return exps.map((e) => e / (exps[0] + exps[1] + exps[2]));
  };
  /** Channel-reduced map from gradients given at (picture, flat index). */
  const reduce = (
    gradientAt: (b: number, i: number) => number,
    combine: (three: number[]) => number,
  ): Float64Array =>
    Float64Array.from({ length: batch * area }, (_, at) => {
      const [b, i] = [Math.floor(at / area), at % area];
      return combine([0, 1, 2].map((c) => gradientAt(b, (b * 3 + c) * area + i)));
    });
  const squared = (three: number[]): number => three.reduce((total, v) => total + v * v, 0);
  const expectClose = (actual: Float64Array, expected: Float64Array): void => {
    const largest = Math.max(...expected);
    expect(largest).toBeGreaterThan(1e-3);
    expected.forEach((value, i) => expect(Math.abs(actual[i] - value)).toBeLessThan(1e-9 * largest));
  };

  it('of the logit is its slope in each picture alone', () => {
    expectClose(
      mapOf('input-gradient', { score: 'logit', reduction: 'squared' }, target),
      reduce((b, i) => perClass[target[b]].grads[i], squared),
    );
  });

  it('of the loss is the sum over classes of (softmax - label) times the slope of the logit', () => {
    expectClose(
      mapOf('input-gradient', { score: 'loss', reduction: 'squared' }, target),
      reduce(
        (b, i) =>
          softmax(b).reduce(
            (total, p, k) => total + (p - (k === target[b] ? 1 : 0)) * perClass[k].grads[i],
            0,
          ),
        squared,
      ),
    );
  });

  it('of the log-probabilities is the sum over classes of (1 - K softmax) times the slope, whatever the class', () => {
    const map = mapOf('input-gradient', { score: 'log-probability', reduction: 'squared' }, target);
    expectClose(
      map,
      reduce(
        (b, i) => softmax(b).reduce((total, p, k) => total + (1 - classes * p) * perClass[k].grads[i], 0),
        squared,
      ),
    );
    expectClose(
      map,
      mapOf('input-gradient', { score: 'log-probability', reduction: 'squared' }, [0, 0, 0, 0]),
    );
  });

  describe('where a picture has several classes', () => {
    const sigmoid = (b: number, k: number): number => 1 / (1 + Math.exp(-logits[b * classes + k]));
    // Picture 1 is asked for class 0, which it does not have.
    const labels = [0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0];
    const several = { task: 'multi', labels } as const;

    it('of the probability is sigmoid’ times the slope of the class’s own logit', () => {
      expectClose(
        mapOf('input-gradient', { score: 'probability', reduction: 'squared' }, target, several),
        reduce((b, i) => {
          const p = sigmoid(b, target[b]);
          return p * (1 - p) * perClass[target[b]].grads[i];
        }, squared),
      );
    });

    it('of the loss is the sum over classes of (sigmoid - label) times the slope, the explained class among the labels', () => {
      expectClose(
        mapOf('input-gradient', { score: 'loss', reduction: 'squared' }, target, several),
        reduce(
          (b, i) =>
            perClass.reduce((total, { grads }, k) => {
              const label = k === target[b] ? 1 : labels[b * classes + k];
              return total + (sigmoid(b, k) - label) * grads[i];
            }, 0),
          squared,
        ),
      );
    });

    it('of the log-probabilities is the sum over classes of (1 - sigmoid) times the slope', () => {
      expectClose(
        mapOf('input-gradient', { score: 'log-probability', reduction: 'squared' }, target, several),
        reduce(
          (b, i) => perClass.reduce((total, { grads }, k) => total + (1 - sigmoid(b, k)) * grads[i], 0),
          squared,
        ),
      );
    });
  });

  it('takes the sum or the largest of the magnitudes over the channels', () => {
    const grad = (b: number, i: number): number => Math.abs(perClass[target[b]].grads[i]);
    expectClose(
      mapOf('input-gradient', { reduction: 'absolute-sum' }, target),
      reduce(grad, (three) => three[0] + three[1] + three[2]),
    );
    expectClose(
      mapOf('input-gradient', { reduction: 'absolute-max' }, target),
      reduce(grad, (three) => Math.max(...three)),
    );
  });
});

describe('Grad-CAM', () => {
  const head = tinyWeights(tinyNetwork('average'))['fc.weight'];

  it('is relu(features weighted by the head) / cells under average pooling, in both forms', () => {
    const model = tinyNetwork('average');
    const images = input('images', [batch, 3, sizePx, sizePx]);
    const weights = new Map(
      [...model.parameters, ...model.buffers].map((p) => [p.name, input(p.name, p.shape)]),
    );
    const { features } = evaluate(
      { features: model.forward(images, weights, 'eval').features },
      feedsOf(target),
    );
    const cells = (sizePx / 2) ** 2;
    const expected = Array.from({ length: batch * cells }, (_, at) => {
      const [b, i] = [Math.floor(at / cells), at % cells];
      let heat = 0;
      for (let c = 0; c < 6; c++)
        heat += (head[target[b] * 6 + c] * features[(b * 6 + c) * cells + i]) / cells;
      return Math.max(0, heat);
    });
    expect(Math.max(...expected)).toBeGreaterThan(1e-3);
    for (const form of ['elementwise', 'standard'])
      mapOf('grad-cam', { form }, target).forEach((value, i) => expect(value).toBeCloseTo(expected[i], 9));
  });

  it('differs between the two forms under max pooling, and only there', () => {
    const elementwise = mapOf('grad-cam', { form: 'elementwise' }, target, { pool: 'max' });
    const standard = mapOf('grad-cam', { form: 'standard' }, target, { pool: 'max' });
    const difference = elementwise.reduce((total, value, i) => total + Math.abs(value - standard[i]), 0);
    expect(difference).toBeGreaterThan(1e-2);
  });
});

describe('evaluation', () => {
  it('treats every picture alone: another neighbour changes nothing', () => {
    const program = buildEvaluate({ model: tinyNetwork('average'), batch, classes, sizePx });
    const feeds = feedsOf(target);
    const other = Array.from(feeds.images);
    other.fill(0.9, 3 * area * 3); // the last picture
    const before = evaluate(program.outputs, feeds);
    const after = evaluate(program.outputs, { ...feeds, images: other });
    expect([...after.logits.slice(0, 9)]).toEqual([...before.logits.slice(0, 9)]);
    expect([...after.logits.slice(9)]).not.toEqual([...before.logits.slice(9)]);
  });

  it('gives the cross-entropy of each picture', () => {
    const logits = input('logits', [2, 3]);
    const labels = input('labels', [2, 3]);
    const { losses } = evaluate(
      { losses: crossEntropy(logits, labels) },
      { logits: [1, 2, 3, 1000, 0, 0], labels: [0, 0, 1, 1, 0, 0] },
    );
    expect(losses[0]).toBeCloseTo(Math.log(1 + Math.exp(-1) + Math.exp(-2)), 12);
    expect(losses[1]).toBeCloseTo(0, 12); // no overflow
  });
});
