// A network and a batch made of fixed formulas, the same as in test/reference/objectives.py.

import type { Tensor } from '../../../../src-main/engine/graph/index.ts';
import type { BuiltModel } from '../../../../src-main/engine/nn/index.ts';
import type { Activation } from '../../../../src-main/engine/nn/model.ts';
import { residualNetwork } from '../../../../src-main/engine/nn/residual.ts';
import { objectiveById } from '../../../../src-main/engine/objectives/index.ts';
import { evaluateReference } from '../../../../src-main/engine/runtime/index.ts';
import {
  buildTrainStep,
  type StepSettings,
  type TrainStep,
} from '../../../../src-main/engine/training/train-step.ts';

export const batch = 4;
export const classes = 3;
export const sizePx = 8;

export const tinyNetwork = (pool: 'average' | 'max', activation?: Activation): BuiltModel =>
  residualNetwork({
    stem: { channels: 4, window: 3, stride: 1, pooled: false },
    stages: [
      { channels: 4, blocks: 1, stride: 1 },
      { channels: 6, blocks: 1, stride: 2 },
    ],
    classes,
    pool,
    activation,
  });

/** sin(1.7 i + phase), i from 0. */
export const wave = (count: number, phase: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => Math.sin(1.7 * i + phase));

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export function tinyWeights(model: BuiltModel): Record<string, Float32Array> {
  const values: Record<string, Float32Array> = {};
  model.parameters.forEach(({ name, shape, init }, index) => {
    const isNorm = name.includes('bn') || name.includes('downsample.1');
    const base = init === 'ones' ? 1 : 0;
    values[name] = Float32Array.from(wave(product(shape), index), (x) => base + (isNorm ? 0.5 : 1) * 0.4 * x);
  });
  for (const { name, shape, init } of model.buffers)
    values[name] = new Float32Array(product(shape)).fill(init === 'ones' ? 1 : 0);
  return values;
}

const oneHot = (indices: readonly number[], width: number): Float32Array => {
  const values = new Float32Array(indices.length * width);
  indices.forEach((index, row) => (values[row * width + index] = 1));
  return values;
};

/** Picture 1 has no region, picture 3 is padding. */
export function tinyBatch(): Record<string, Float32Array> {
  const regionMask = new Float32Array(batch * sizePx * sizePx);
  for (let b = 0; b < batch; b++)
    for (let row = b; row < Math.min(sizePx, b + 4); row++)
      regionMask.fill(1, (b * sizePx + row) * sizePx + 1, (b * sizePx + row) * sizePx + 4 + b);
  const pixels = (count: number, phase: number): Float32Array =>
    Float32Array.from(wave(count, phase), (x) => 0.5 + 0.5 * x);
  return {
    images: pixels(batch * 3 * sizePx * sizePx, 0.3),
    composites: pixels(batch * 12 * sizePx * sizePx, 0.9),
    labels: oneHot([0, 1, 2, 0], classes),
    regionMask,
    hasRegion: Float32Array.of(1, 0, 1, 1),
    sampleWeight: Float32Array.of(1, 1, 1, 0),
    cell: oneHot([0, 1, 2, 3], 4),
  };
}

/** Values of the outputs in float64, by the reference interpreter. */
export function evaluate(
  outputs: Readonly<Record<string, Tensor>>,
  feeds: Readonly<Record<string, ArrayLike<number>>>,
): Record<string, Float64Array> {
  const names = Object.keys(outputs);
  const values = evaluateReference(
    names.map((name) => outputs[name]),
    (name) => feeds[name],
  );
  return Object.fromEntries(names.map((name, i) => [name, values[i]]));
}

export const trainStepOf = (
  objective: string,
  params: Record<string, unknown> = {},
  { pool = 'average', ...settings }: { pool?: 'average' | 'max' } & Partial<StepSettings> = {},
): TrainStep =>
  buildTrainStep({
    model: tinyNetwork(pool),
    objective: objectiveById(objective),
    params,
    batch,
    classes,
    sizePx,
    settings: { momentum: 0, weightDecay: 0, ...settings },
  });

/** Feeds of one step with the fixed weights and batch, momenta 0. */
export function tinyFeeds(step: TrainStep): Record<string, ArrayLike<number>> {
  const momenta = step.state.map(({ name, shape }) => [name, new Float32Array(product(shape))]);
  return {
    ...Object.fromEntries(momenta),
    ...tinyWeights(tinyNetwork('average')),
    ...tinyBatch(),
    ramp: [0.6],
    learningRate: [1],
  };
}
