// Every method against Captum, pytorch-grad-cam, TorchRay's rules and formulas written out in PyTorch, on a small
// residual net with batch-norm, and on others where more kinds of layers are on the way.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Task } from '../../../../src-main/engine/nn/classification.ts';
import { network as networkOf } from '../../../../src-main/engine/nn/layers.ts';
import type { Activation, BuiltModel } from '../../../../src-main/engine/nn/model.ts';
import { residualNetwork } from '../../../../src-main/engine/nn/residual.ts';
import { vggStages } from '../../../../src-main/engine/nn/vgg.ts';
import { onnxExecutor, referenceExecutor, type Executor } from '../../../../src-main/engine/runtime/index.ts';
import {
  saliencyById,
  saliencyMethods,
  type Samples,
  type SaliencyMethod,
} from '../../../../src-main/engine/saliency/index.ts';
import { heatMaps, rawMaps } from '../../../../src-main/engine/inference/heat-maps.ts';
import { sessionCache } from '../../../../src-main/engine/data/session-cache.ts';
import { classes, sizePx, tinyNetwork, tinyWeights, wave } from '../training/tiny-network.ts';

type Pool = 'average' | 'max';

/** Two blocks a stage: the second has a skip that is the identity. */
const residual =
  (block: 'basic' | 'bottleneck', channels: [number, number]) => (pool: Pool, activation?: Activation) =>
    residualNetwork({
      classes,
      pool,
      activation,
      block,
      stem: { channels: 4, window: 3, stride: 1, pooled: false },
      stages: channels.map((each, s) => ({ channels: each, blocks: 2, stride: s + 1 })),
    });
const networks = {
  tiny: tinyNetwork,
  deep: residual('basic', [4, 6]),
  bottleneck: residual('bottleneck', [2, 3]),
  plain: (pool: Pool, activation?: Activation): BuiltModel =>
    networkOf({ classes, pool, activation }, (net, images) =>
      net.classify(
        vggStages(net, images, [
          [4, 4],
          [6, 6],
        ]),
        'fc',
      ),
    ),
};

interface Case {
  method: string;
  by: string;
  network: { net: keyof typeof networks; pool: Pool; task: Task; softplus?: number };
  target: 'one' | 'two';
  params: Record<string, number | string | boolean>;
  maps: number[];
}

const fixture = JSON.parse(
  readFileSync(new URL('../../../fixtures/engine/saliency.json', import.meta.url), 'utf8'),
) as { origin: string; cases: Case[] };

const [batch, samples] = [2, 3];
const targets = { one: [0, 0, 1, 1, 0, 0], two: [-1, 0, 1, 1, -1, 0] };

const weightsOf = (model: BuiltModel): Record<string, Float32Array> => {
  const weights = tinyWeights(model);
  model.buffers.forEach(({ name, shape }, index) => {
    const pattern = wave(shape[0], index + 0.7);
    weights[name] = Float32Array.from(pattern, (x) => (name.endsWith('mean') ? 0.3 * x : 1 + 0.5 * x));
  });
  return weights;
};

const pixels = (count: number, phase: number): Float32Array =>
  Float32Array.from(wave(count, phase), (x) => 0.5 + 0.5 * x);

/** What the reference feeds random methods, in place of random numbers. */
function fixedSamples(method: SaliencyMethod): SaliencyMethod {
  if (!('samples' in method) || ['integrated-gradients', 'occlusion'].includes(method.id)) return method;
  const image = 3 * sizePx * sizePx;
  return {
    ...method,
    samples(params, setting): Samples {
      const { shapes } = method.samples(params, { ...setting, references: [new Float32Array(image)] });
      return {
        count: samples,
        shapes,
        at(index) {
          const all: Record<string, Float32Array> = {
            noise: Float32Array.from(wave(image, index + 0.1)),
            from: pixels(image, index + 2),
            mask: pixels(sizePx * sizePx, index + 4),
            place: Float32Array.of((index + 0.5) / samples),
          };
          const fed = Object.fromEntries(Object.keys(shapes).map((name) => [name, all[name]]));
          return { weight: 1 / (samples * Number(params.shown ?? 1)), fed };
        },
      };
    },
  };
}

const request = (executor: Executor, { network, target, params, method }: Case) => {
  const { net, pool, task, softplus } = network;
  const model = networks[net](
    pool,
    softplus === undefined ? undefined : { kind: 'softplus', beta: softplus },
  );
  return {
    architecture: { key: 'one', model, task, classes, sizePx },
    weights: weightsOf(model),
    sessions: sessionCache(executor, 4),
    method: fixedSamples(saliencyById(method)),
    params,
    images: pixels(batch * 3 * sizePx * sizePx, 0.3),
    targets: Float32Array.from(targets[target]),
    trueClasses: task === 'multi' ? [[1, 2], [1]] : undefined,
  };
};

const executors: [Executor, number][] = [
  [referenceExecutor(), 2e-6],
  [onnxExecutor({ threads: 1 }), 1e-4],
];

describe.each(executors)('on executor %o', (executor, tolerance) => {
  it.each(fixture.cases)(
    '$method gives the heat maps of $by: $network, $target class, $params',
    async (one) => {
      const asked = request(executor, one);
      const { values } = await rawMaps(asked);
      await asked.sessions.dispose();
      const largest = Math.max(...one.maps);
      expect(largest).toBeGreaterThan(0);
      expect(values.length).toBe(one.maps.length);
      one.maps.forEach((value, i) => expect(Math.abs(values[i] - value)).toBeLessThan(tolerance * largest));
    },
  );
});

it('holds a case of every method', () => {
  const known = new Set(fixture.cases.map(({ method }) => method));
  expect(saliencyMethods.filter(({ id }) => !known.has(id))).toEqual([]);
});

it('stretches maps of feature maps to the size of the pictures', async () => {
  const one = fixture.cases.find(({ method }) => method === 'hirescam')!;
  const asked = request(referenceExecutor(), { ...one, params: {} });
  const maps = await heatMaps(asked);
  expect(maps.length).toBe(batch * sizePx * sizePx);
  expect((await rawMaps(asked)).side).toBe(sizePx / 2);
});
