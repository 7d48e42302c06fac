// Weight gradients of every objective in train mode against finite differences, both in float64. This finds errors
// that every executor would share.

import { describe, expect, it } from 'vitest';
import { lossOf, nextOf, type StepSettings } from '../../../../src-main/engine/training/train-step.ts';
import { input } from '../../../../src-main/engine/graph/index.ts';
import { batch, evaluate, sizePx, tinyFeeds, tinyNetwork, trainStepOf, wave } from './tiny-network.ts';

const width = 1e-6;

describe('weight gradients of the training step', () => {
  it.each([
    ['standard', 'average', {}],
    ['standard', 'average', {}, { batchNorm: 'eval' }],
    ['box-aware', 'average', { lambdaInside: 2, lambdaOutside: 3 }, { batchNorm: 'eval' }],
    ['blackout', 'average', {}],
    ['box-aware', 'average', { lambdaInside: 2, lambdaOutside: 3 }],
    ['box-aware', 'max', { lambdaInside: 2, lambdaOutside: 3, of: 'log-probability' }],
    ['box-aware', 'average', { lambdaInside: 40, lambdaOutside: 60, reduction: 'paper' }],
    ['gradcam-consistency', 'average', { lambda: 25 }],
    ['gradcam-consistency', 'max', { lambda: 25 }],
  ] as [string, 'average' | 'max', object, Partial<StepSettings>?][])(
    'agree with finite differences: %s, %s pool, %o %o',
    (objective, pool, params, settings = {}) => {
      const step = trainStepOf(objective, { ...params }, { pool, ...settings });
      const feeds = tinyFeeds(step);
      const { outputs } = step.program;
      const next = evaluate(outputs, feeds);
      const total = { loss: outputs[lossOf('total')] };
      const lossAt = (name: string, direction: Float64Array, by: number): number =>
        evaluate(total, {
          ...feeds,
          [name]: Array.from(feeds[name], (value, i) => value + by * direction[i]),
        }).loss[0];

      for (const { name } of tinyNetwork(pool).parameters) {
        const weights = feeds[name];
        const direction = wave(weights.length, 2.1);
        const expected = (lossAt(name, direction, width) - lossAt(name, direction, -width)) / (2 * width);
        // Learning rate 1, no momentum: the gradient is the old value minus the next.
        const actual = direction.reduce((sum, d, i) => sum + d * (weights[i] - next[nextOf(name)][i]), 0);
        expect(Math.abs(actual - expected), name).toBeLessThan(1e-5 * Math.max(1, Math.abs(expected)));
      }
    },
  );
});

describe('batch-norm in evaluation mode', () => {
  it('uses the running statistics, and they stay', () => {
    const usual = trainStepOf('standard');
    const still = trainStepOf('standard', {}, { batchNorm: 'eval' });
    const feeds = tinyFeeds(still);
    const next = (step: typeof still) => evaluate(step.program.outputs, feeds);
    const { buffers } = tinyNetwork('average');
    expect(buffers.length).toBeGreaterThan(0);
    for (const { name } of buffers) {
      expect([...next(still)[nextOf(name)]], name).toEqual(Array.from(feeds[name]));
      expect([...next(usual)[nextOf(name)]], name).not.toEqual(Array.from(feeds[name]));
    }
    // What the step sees is what the run is judged by.
    const model = tinyNetwork('average');
    const weights = new Map(
      [...model.parameters, ...model.buffers].map(({ name, shape }) => [name, input(name, shape)]),
    );
    const { logits } = model.forward(input('images', [batch, 3, sizePx, sizePx]), weights, 'eval');
    const judged = evaluate({ logits }, feeds).logits;
    next(still).logits.forEach((value, i) => expect(value).toBeCloseTo(judged[i], 10));
  });
});
