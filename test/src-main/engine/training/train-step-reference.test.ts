// The objectives against PyTorch's double backward. A plain step of learning rate 1 without momentum gives the
// gradient as the difference of old and new weights.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { objectiveById } from '../../../../src-main/engine/objectives/index.ts';
import { onnxExecutor, referenceExecutor, type Executor } from '../../../../src-main/engine/runtime/index.ts';
import { buildTrainStep, lossOf, nextOf } from '../../../../src-main/engine/training/train-step.ts';
import { batch, classes, sizePx, tinyBatch, tinyNetwork, tinyWeights, wave } from './tiny-network.ts';

interface Case {
  objective: string;
  pool: 'average' | 'max';
  params: Record<string, number | string>;
  ramp: number;
  logits: number[];
  terms: Record<string, number>;
  /** By parameter: norm of the gradient and its product with sin(1.7 i + 0.5). */
  gradients: Record<string, [number, number]>;
  running: Record<string, [number, number]>;
}

const fixture = JSON.parse(
  readFileSync(new URL('../../../fixtures/engine/objectives.json', import.meta.url), 'utf8'),
) as { origin: string; cases: Case[] };

const executors: [Executor, number][] = [
  [referenceExecutor(), 2e-6],
  [onnxExecutor({ threads: 1 }), 1e-4],
];

function condense(values: Float64Array): [number, number] {
  const pattern = wave(values.length, 0.5);
  return [Math.hypot(...values), values.reduce((sum, value, i) => sum + value * pattern[i], 0)];
}

describe.each(executors)('training step on executor %o', (executor, tolerance) => {
  it.each(fixture.cases)(
    'gives the loss, weight gradients and running statistics of PyTorch: $objective, $pool pool, $params',
    async ({ objective, pool, params, ramp, logits, terms, gradients, running }) => {
      const model = tinyNetwork(pool);
      const step = buildTrainStep({
        model,
        objective: objectiveById(objective),
        params,
        batch,
        classes,
        sizePx,
        settings: { momentum: 0, weightDecay: 0 },
      });
      const weights = tinyWeights(model);
      const session = await executor.compile(step.program);
      const outputs = await session.run({
        ...weights,
        ...tinyBatch(),
        ramp: Float32Array.of(ramp),
        learningRate: Float32Array.of(1),
      });
      await session.dispose();

      const close = (actual: number, expected: number, scale = Math.abs(expected)): void => {
        expect(Math.abs(actual - expected)).toBeLessThan(tolerance * Math.max(1, scale));
      };
      expect(step.terms).toEqual(Object.keys(terms));
      for (const [term, value] of Object.entries(terms)) close(outputs[lossOf(term)][0], value);
      close(
        outputs[lossOf('total')][0],
        Object.values(terms).reduce((a, b) => a + b),
      );
      logits.forEach((value, i) => close(outputs.logits[i], value));
      for (const { name } of model.parameters) {
        const grad = Float64Array.from(weights[name], (value, i) => value - outputs[nextOf(name)][i]);
        const [norm, projection] = condense(grad);
        close(norm, gradients[name][0]);
        close(projection, gradients[name][1], gradients[name][0]);
      }
      for (const { name } of model.buffers)
        condense(Float64Array.from(outputs[nextOf(name)])).forEach((value, i) =>
          close(value, running[name][i]),
        );
    },
  );
});
