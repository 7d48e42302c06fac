// The programs that look at a trained network: evaluate, explain, attack. All in eval mode, so that pictures do not
// touch each other and the padding of a short batch can simply be dropped.

import { input, type Tensor } from '../graph/index.ts';
import type { Attack } from '../attacks/index.ts';
import { crossEntropy } from '../nn/classification.ts';
import type { BuiltModel, ForwardPass } from '../nn/model.ts';
import { checkParams } from '../nn/registry.ts';
import type { Program } from '../runtime/executor.ts';
import type { SaliencyMethod } from '../saliency/index.ts';
import { reachable } from './train-step.ts';

export interface InferenceOptions {
  model: BuiltModel;
  batch: number;
  classes: number;
  sizePx: number;
}

/** Every program below takes images [B,3,S,S] in [0,1] and each parameter and running statistic under its name. */
function begin({ model, batch, sizePx }: InferenceOptions): {
  images: Tensor;
  weights: Tensor[];
  forward(images: Tensor): ForwardPass;
} {
  const weights = new Map(
    [...model.parameters, ...model.buffers].map(({ name, shape }) => [name, input(name, shape)]),
  );
  const passes = new Map<Tensor, ForwardPass>(); // a second look at the same pictures costs nothing
  return {
    images: input('images', [batch, 3, sizePx, sizePx]),
    weights: [...weights.values()],
    forward(images) {
      const pass = passes.get(images) ?? model.forward(images, weights, 'eval');
      passes.set(images, pass);
      return pass;
    },
  };
}

/** Also takes labels [B,K]; gives logits [B,K] and crossEntropy [B]. */
export function buildEvaluate(options: InferenceOptions): Program {
  const { images, weights, forward } = begin(options);
  const labels = input('labels', [options.batch, options.classes]);
  const { logits } = forward(images);
  return {
    inputs: [images, labels, ...weights],
    outputs: { logits, crossEntropy: crossEntropy(logits, labels) },
  };
}

/** Also takes target [B,K] one-hot; gives map [B,h,w] >= 0, not scaled, and logits [B,K]. Feed by `inputs`. */
export function buildSaliency(
  options: InferenceOptions & { method: SaliencyMethod; params: Readonly<Record<string, unknown>> },
): Program {
  const { images, weights, forward } = begin(options);
  const target = input('target', [options.batch, options.classes]);
  const params = checkParams(options.method, options.params);
  const outputs = {
    map: options.method.build({ images, target, forward }, params),
    logits: forward(images).logits,
  };
  return { inputs: reachable([images, target, ...weights], Object.values(outputs)), outputs };
}

/** Also takes labels [B,K] and eps []; gives attacked [B,3,S,S] in [0,1] and logits [B,K] of the attacked pictures. */
export function buildAttack(
  options: InferenceOptions & { attack: Attack; params: Readonly<Record<string, unknown>> },
): Program {
  const { images, weights, forward } = begin(options);
  const labels = input('labels', [options.batch, options.classes]);
  const eps = input('eps', []);
  const params = checkParams(options.attack, options.params);
  const attacked = options.attack.build({ images, labels, eps, forward }, params);
  return {
    inputs: [images, labels, eps, ...weights],
    outputs: { attacked, logits: forward(attacked).logits },
  };
}
