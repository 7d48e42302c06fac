// A network written once. Its definition is run over a placeholder to learn which weights it has, and over pictures
// to build its graph; so the list of weights and the graph cannot come apart.

import {
  add,
  constant,
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
  pad,
  reshape,
  scalar,
  sigmoid,
  sub,
  zeros,
  type Shape,
  type Tensor,
} from '../graph/index.ts';
import { AppError } from '../../contracts/errors.ts';
import { batchNorm, type BatchNormTraits } from './batch-norm.ts';
import {
  activate,
  activate6,
  type BuiltModel,
  type ForwardPass,
  type Mode,
  type ModelOptions,
} from './model.ts';
import { imageNetNormalisation, normaliseImages, type Normalisation } from './normalise.ts';
import type { Init, ParamSpec } from './params.ts';

/** What a definition builds its network of. Names are those of the weights, without ".weight" and ".bias". */
export interface Layers {
  /** Square windows; "same" padding where not given. */
  conv(
    x: Tensor,
    name: string,
    options: {
      channels: number;
      window: number;
      stride?: number;
      /** 'same-tf': as TensorFlow has it, an odd pixel of border goes behind. */
      padding?: number | 'same-tf';
      bias?: boolean;
      groups?: number;
    },
  ): Tensor;
  norm(x: Tensor, name: string): Tensor;
  activate(x: Tensor): Tensor;
  /** The activation, and nothing above 6 (Krizhevsky 2010, "Convolutional Deep Belief Networks on CIFAR-10"). */
  activate6(x: Tensor): Tensor;
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

type Outcome = Pick<ForwardPass, 'features' | 'pooled' | 'logits'>;

/** @param images [B, 3, H, W], normalised */
type Definition = (layers: Layers, images: Tensor) => Outcome;

export type NetworkOptions = Omit<ModelOptions, 'sizePx' | 'lastStride' | 'stem'>;

interface NetworkTraits {
  /** Pictures of this side go through the definition, whatever is fed later; 64 unless given. */
  sidePx?: number;
  /** See `BuiltModel`. */
  unpublished?: readonly string[];
  /** ImageNet's means and deviations unless given. */
  normalisation?: Normalisation;
  /** PyTorch's defaults unless given. */
  batchNorm?: BatchNormTraits;
}

export function network(
  options: NetworkOptions,
  define: Definition,
  { sidePx = 64, unpublished = [], normalisation = imageNetNormalisation, batchNorm }: NetworkTraits = {},
): BuiltModel {
  const parameters: ParamSpec[] = [];
  const buffers: ParamSpec[] = [];
  const declared = layersOf({
    options,
    mode: 'eval',
    stageCount: 0,
    batchNorm,
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
    normalisation,
    forward(images, weights, mode, { activation, batchNorm: norm = mode, noise } = {}) {
      const { layers, stages, biased, bufferUpdates } = layersOf({
        options: { ...options, activation: activation ?? options.activation },
        mode,
        normMode: mode === 'train' ? norm : mode,
        noise,
        stageCount: declared.stages.length,
        batchNorm,
        weight(name) {
          const found = weights.get(name);
          if (!found) throw new AppError('internal', `the model needs a weight "${name}"`);
          return found;
        },
      });
      const outcome = define(layers, normaliseImages(images, normalisation));
      return { ...outcome, stages, biased: mode === 'eval' ? biased : [], bufferUpdates };
    },
  };
}

interface Run {
  options: NetworkOptions;
  mode: Mode;
  /** Of batch-norm; `mode` unless given. */
  normMode?: Mode;
  noise?: NonNullable<Parameters<BuiltModel['forward']>[3]>['noise'];
  /** Of the whole network; ADL acts on the last two. */
  stageCount: number;
  batchNorm?: BatchNormTraits;
  weight(name: string, shape: Shape, init: Init): Tensor;
}

function layersOf({ options, mode, normMode = mode, noise, stageCount, batchNorm: traits, weight }: Run) {
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
    conv(x, name, { channels, window, stride = 1, padding = (window - 1) / 2, bias = false, groups = 1 }) {
      const w = weight(`${name}.weight`, [channels, x.shape[1] / groups, window, window], 'he');
      const output =
        padding === 'same-tf' ? convSame(x, w, { stride, groups }) : conv(x, w, { stride, padding, groups });
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
        normMode,
        traits,
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
    activate6(x) {
      if (mode === 'train') return activate6(x, activation);
      // The same values as the difference of two, so that what is cut off stands among the biases of FullGrad.
      const above = marked(sub(x, scalar(6)));
      biased.push({ output: above, bias: constant(new Float32Array(x.shape[1]).fill(-6), [x.shape[1]]) });
      return identity(sub(activate(x, activation), activate(above, activation)));
    },
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
 * Convolution with TensorFlow's "SAME" padding: ceil(side / stride) windows, an odd pixel of border after the image.
 * @see tf.nn.conv2d; the symmetric border of PyTorch shifts every map of a strided layer by half a pixel
 */
function convSame(x: Tensor, w: Tensor, { stride, groups }: { stride: number; groups: number }): Tensor {
  const border = (axis: 2 | 3): [number, number] => {
    const [side, window] = [x.shape[axis], w.shape[axis]];
    const all = Math.max((Math.ceil(side / stride) - 1) * stride + window - side, 0);
    return [Math.floor(all / 2), Math.ceil(all / 2)];
  };
  const [top, bottom] = border(2);
  const [left, right] = border(3);
  if (top === bottom && left === right && top === left) return conv(x, w, { stride, padding: top, groups });
  return conv(pad(x, [0, 0, top, left], [0, 0, bottom, right]), w, { stride, groups });
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
