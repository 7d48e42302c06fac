// A network written once. Its definition is run over a placeholder to learn which weights it has, and over pictures
// to build its graph; so the list of weights and the graph cannot come apart.

import {
  add,
  conv,
  globalAveragePool,
  globalMaxPool,
  greater,
  identity,
  input,
  matmul,
  max,
  mean,
  mul,
  reshape,
  scalar,
  sigmoid,
  sub,
  zeros,
  type Shape,
  type Tensor,
} from '../graph/index.ts';
import { AppError } from '../../contracts/errors.ts';
import { batchNorm } from './batch-norm.ts';
import { activate, type BuiltModel, type ForwardPass, type Mode, type ModelOptions } from './model.ts';
import { normaliseImages } from './normalise.ts';
import type { Init, ParamSpec } from './params.ts';

/** What a definition builds its network of. Names are those of the weights, without ".weight" and ".bias". */
export interface Layers {
  /** Square windows; "same" padding where not given. */
  conv(
    x: Tensor,
    name: string,
    options: { channels: number; window: number; stride?: number; padding?: number; bias?: boolean },
  ): Tensor;
  norm(x: Tensor, name: string): Tensor;
  activate(x: Tensor): Tensor;
  /** Marks the output of a convolution stage, and is where ADL acts. */
  stage(x: Tensor): Tensor;
  /** [B, inputs] -> [B, outputs] */
  dense(x: Tensor, name: string, outputs: number): Tensor;
  /** The model's share of dropout on `x`, in training. */
  drop(x: Tensor, name: string): Tensor;
  /** Global pooling, dropout and the classifier `name`. */
  classify(features: Tensor, name: string): Outcome;
  /** The classifier `name` alone. @param pooled [B, C] */
  head(pooled: Tensor, name: string): Tensor;
}

export type Outcome = Pick<ForwardPass, 'features' | 'pooled' | 'logits'>;

/** @param images [B, 3, H, W], normalised */
export type Definition = (layers: Layers, images: Tensor) => Outcome;

export type NetworkOptions = Omit<ModelOptions, 'sizePx' | 'lastStride' | 'stem'>;

/**
 * @param sidePx       pictures of this side go through the definition, whatever is fed later
 * @param unpublished  see `BuiltModel`
 */
export function network(
  options: NetworkOptions,
  define: Definition,
  { sidePx = 64, unpublished = [] }: { sidePx?: number; unpublished?: readonly string[] } = {},
): BuiltModel {
  const parameters: ParamSpec[] = [];
  const buffers: ParamSpec[] = [];
  const declared = layersOf({
    options,
    mode: 'eval',
    stageCount: 0,
    weight(name, shape, init) {
      const isBuffer = name.endsWith('.running_mean') || name.endsWith('.running_var');
      (isBuffer ? buffers : parameters).push({ name, shape, init, decay: shape.length > 1 });
      return input(name, shape);
    },
  });
  define(declared.layers, zeros([1, 3, sidePx, sidePx]));

  return {
    parameters,
    buffers,
    head: declared.head,
    unpublished,
    forward(images, weights, mode, { activation, noise } = {}) {
      const { layers, stages, biased, bufferUpdates } = layersOf({
        options: { ...options, activation: activation ?? options.activation },
        mode,
        noise,
        stageCount: declared.stages.length,
        weight(name) {
          const found = weights.get(name);
          if (!found) throw new AppError('internal', `the model needs a weight "${name}"`);
          return found;
        },
      });
      const outcome = define(layers, normaliseImages(images));
      return { ...outcome, stages, biased: mode === 'eval' ? biased : [], bufferUpdates };
    },
  };
}

interface Run {
  options: NetworkOptions;
  mode: Mode;
  noise?: NonNullable<Parameters<BuiltModel['forward']>[3]>['noise'];
  /** Of the whole network; ADL acts on the last two. */
  stageCount: number;
  weight(name: string, shape: Shape, init: Init): Tensor;
}

function layersOf({ options, mode, noise, stageCount, weight }: Run) {
  const { classes, pool, activation = { kind: 'relu' }, dropout = 0, adl } = options;
  const stages: Tensor[] = [];
  const biased: { output: Tensor; bias: Tensor }[] = [];
  const head: string[] = [];
  const bufferUpdates = new Map<string, Tensor>();
  const random = mode === 'train' ? noise : undefined;
  const affine = (x: Tensor, name: string, outputs: number, init: Init): Tensor => {
    const w = weight(`${name}.weight`, [outputs, x.shape[1]], init);
    return add(matmul(x, w, { transposeB: true }), weight(`${name}.bias`, [outputs], 'zeros'));
  };
  /** A node that a sum of two branches does not take apart, so that the logits are computed from `biased.output`. */
  const marked = (x: Tensor): Tensor => (mode === 'eval' ? identity(x) : x);

  const layers: Layers = {
    conv(x, name, { channels, window, stride = 1, padding = (window - 1) / 2, bias = false }) {
      const w = weight(`${name}.weight`, [channels, x.shape[1], window, window], 'he');
      const output = conv(x, w, { stride, padding });
      if (!bias) return output;
      const shift = weight(`${name}.bias`, [channels], 'zeros');
      const shifted = marked(add(output, reshape(shift, [1, channels, 1, 1])));
      biased.push({ output: shifted, bias: shift });
      return shifted;
    },
    norm(x, name) {
      const shape = [x.shape[1]];
      const result = batchNorm(
        x,
        {
          scale: weight(`${name}.weight`, shape, 'ones'),
          shift: weight(`${name}.bias`, shape, 'zeros'),
          mean: weight(`${name}.running_mean`, shape, 'zeros'),
          variance: weight(`${name}.running_var`, shape, 'ones'),
        },
        mode,
      );
      const output = marked(result.output);
      biased.push({ output, bias: result.bias });
      if (result.running) {
        bufferUpdates.set(`${name}.running_mean`, result.running.mean);
        bufferUpdates.set(`${name}.running_var`, result.running.variance);
      }
      return output;
    },
    activate: (x) => activate(x, activation),
    stage(x) {
      const number = stages.length + 1;
      const hides = adl !== undefined && random !== undefined && number > stageCount - 2;
      const output = hides ? attentionDropout(x, random(`adl/${number}`, [], 'uniform'), adl) : x;
      stages.push(output);
      return output;
    },
    dense: (x, name, outputs) => affine(x, name, outputs, 'he-dense'),
    drop(x, name) {
      if (dropout === 0 || random === undefined) return x;
      const kept = greater(random(`dropout/${name}`, x.shape, 'uniform'), scalar(dropout)); // 0 or 1
      return mul(x, mul(kept, scalar(1 / (1 - dropout))));
    },
    head(pooled, name) {
      head.push(`${name}.weight`, `${name}.bias`);
      return affine(pooled, name, classes, 'linear');
    },
    classify(features, name) {
      const pooled = pool === 'max' ? globalMaxPool(features) : globalAveragePool(features); // [B, C]
      return { features, pooled, logits: layers.head(layers.drop(pooled, name), name) };
    },
  };
  return { layers, stages, biased, head, bufferUpdates };
}

/**
 * Hides the most attended part of the maps, or stresses it by how attended it is: one draw for the whole batch.
 * @param x     [B, C, h, w]
 * @param draw  [], uniform in [0, 1)
 * @see Choe & Shim 2019, section 3
 */
function attentionDropout(
  x: Tensor,
  draw: Tensor,
  { dropRate, threshold }: { dropRate: number; threshold: number },
): Tensor {
  const attention = mean(x, [1], true); // [B, 1, h, w]
  const shown = greater(mul(max(attention, [2, 3], true), scalar(threshold)), attention);
  const hide = greater(scalar(dropRate), draw);
  const stress = sub(scalar(1), hide);
  return mul(x, add(mul(hide, shown), mul(stress, sigmoid(attention))));
}
