// The programs that look at a trained network: evaluate and explain. All in eval mode, so that pictures do not
// touch each other and the padding of a short batch can simply be dropped.

import type { z } from 'zod';
import {
  add,
  broadcastTo,
  input,
  mul,
  reachable,
  reshape,
  sum,
  type Shape,
  type Tensor,
} from '../graph/index.ts';
import { classLoss, type Task } from '../nn/classification.ts';
import type { BuiltModel, ForwardPass } from '../nn/model.ts';
import type { Normalisation } from '../nn/normalise.ts';
import type { Program } from '../runtime/executor.ts';
import type { Samples, SampledMethod, SinglePassMethod } from '../saliency/index.ts';

interface InferenceOptions {
  model: BuiltModel;
  batch: number;
  classes: number;
  sizePx: number;
  /** 'single' unless given. */
  task?: Task;
}

/** Every program below takes images [B,3,S,S] in [0,1] and each parameter and running statistic under its name. */
function begin({ model, batch, classes, sizePx, task = 'single' }: InferenceOptions): {
  images: Tensor;
  labels: Tensor;
  task: Task;
  weights: Tensor[];
  normalisation: Normalisation;
  forward(images: Tensor): ForwardPass;
} {
  const weights = new Map(
    [...model.parameters, ...model.buffers].map(({ name, shape }) => [name, input(name, shape)]),
  );
  const passes = new Map<Tensor, ForwardPass>(); // a second pass of the same pictures costs nothing
  return {
    images: input('images', [batch, 3, sizePx, sizePx]),
    labels: input('labels', [batch, classes]),
    task,
    weights: [...weights.values()],
    normalisation: model.normalisation,
    forward(images) {
      const pass = passes.get(images) ?? model.forward(images, weights, 'eval');
      passes.set(images, pass);
      return pass;
    },
  };
}

/** Also takes labels [B,K]; gives logits [B,K] and crossEntropy [B]. */
export function buildEvaluate(options: InferenceOptions): Program {
  const { images, labels, task, weights, forward } = begin(options);
  const { logits } = forward(images);
  return {
    inputs: [images, labels, ...weights],
    outputs: { logits, crossEntropy: classLoss(logits, labels, task) },
  };
}

/**
 * Also takes target [B,K], the weights of the classes to explain, and, where the loss of 'multi' is explained, labels
 * [B,K]; gives map [B,h,w] >= 0, not scaled, and logits [B,K]; asked for the gradient, also gradient [B,3,S,S] of the
 * loss where the map is made of that. Feed by `inputs`.
 */
export function buildSaliency<S extends z.ZodObject>(
  options: InferenceOptions & { method: SinglePassMethod<S>; params: z.output<S>; withGradient?: boolean },
): Program {
  const { weights, ...context } = begin(options);
  const { images, labels, forward } = context;
  const target = input('target', [options.batch, options.classes]);
  const { method, params, withGradient = false } = options;
  const grads = withGradient ? method.lossGradient?.({ ...context, target }, params) : null;
  const outputs = {
    map: method.build({ ...context, target }, params),
    logits: forward(images).logits,
    ...(grads && { gradient: grads }),
  };
  return { inputs: reachable([images, target, labels, ...weights], Object.values(outputs)), outputs };
}

/** Names of the inputs of a program of samples that are not a network's. */
export const sampleWeight = 'sample/weight';
export const sampleInput = (name: string): string => `sample/${name}`;

/**
 * A few samples of each picture of a batch. Beside what `buildSaliency` takes, it takes for L samples their weights [L] and what
 * they are fed [L, ...shape], and the total so far; it gives the total with these samples, and the map that it makes when
 * it is complete. A sample of weight 0 may fill up the last run.
 */
export function buildSamples<S extends z.ZodObject>(
  options: InferenceOptions & {
    method: SampledMethod<S>;
    params: z.output<S>;
    shapes: Samples['shapes'];
    /** L */
    samples: number;
  },
): Program {
  const { batch, classes, method, params, samples } = options;
  const { weights, ...context } = begin(options);
  const { images, labels, forward } = context;
  const target = input('target', [batch, classes]);
  const { logits } = forward(images);
  /** [L, ...] or [1, ...] -> [L * B, ...] with one row for each sample of each picture. */
  const rows = (x: Tensor, each: Shape): Tensor =>
    reshape(broadcastTo(x, [samples, batch, ...each]), [samples * batch, ...each]);
  const everySample = (x: Tensor): Tensor => rows(reshape(x, [1, ...x.shape]), x.shape.slice(1));
  const fed = Object.entries(options.shapes).map(([name, shape]) => ({
    name,
    shape,
    values: input(sampleInput(name), [samples, ...shape]),
  }));
  const added = method.sample(
    {
      ...context,
      images: everySample(images),
      target: everySample(target),
      labels: everySample(labels),
      logits: everySample(logits),
      fed: Object.fromEntries(
        fed.map(({ name, shape, values }) => [name, rows(reshape(values, [samples, 1, ...shape]), shape)]),
      ),
    },
    params,
  );
  const each = added.shape.slice(1); // [channels, S, S]
  const weight = input(sampleWeight, [samples]);
  const before = input('total', [batch, ...each]);
  const weighted = mul(reshape(weight, [samples, 1, 1, 1, 1]), reshape(added, [samples, batch, ...each]));
  const total = add(before, sum(weighted, [0]));
  const outputs = {
    total,
    map: method.finish(total, { ...context, target }, params),
    logits,
  };
  const inputs = [images, target, labels, before, weight, ...fed.map(({ values }) => values), ...weights];
  return { inputs: reachable(inputs, Object.values(outputs)), outputs };
}
