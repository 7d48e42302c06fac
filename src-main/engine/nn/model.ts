// What a model is to the rest of the engine: a list of weights and a pure function that builds its forward graph.

import { AppError } from '../../contracts/errors.ts';
import {
  add,
  identity,
  minimum,
  mul,
  relu,
  scalar,
  softplus,
  square,
  sub,
  type Shape,
  type Tensor,
} from '../graph/index.ts';
import type { Normalisation } from './normalise.ts';
import type { ParamSpec } from './params.ts';

export interface Model {
  readonly id: string;
  readonly title: string;
  /** One sentence in plain words. */
  readonly summary: string;
  readonly citation: string;
  /** Picture sides it is meant for, px: from, to. Runs are of these; the graph is built for others, too, unless the model says otherwise. */
  readonly inputSizes: readonly [number, number];
  /** @throws AppError 'bad-input' when an option makes no sense for this model */
  build(options: ModelOptions): BuiltModel;
}

/**
 * 'softplus' is log(1 + exp(beta x)) / beta: ReLU for large beta, with a second derivative. 'smooth-relu' is ReLU but for
 * a parabola within `halfWidth` of 0: nothing below, (x + w)² / 4w, and x above.
 */
export type Activation =
  | { readonly kind: 'relu' }
  | { readonly kind: 'softplus'; readonly beta: number }
  | { readonly kind: 'smooth-relu'; readonly halfWidth: number };

/** Random numbers drawn anew each step by whoever runs the program: in [0, 1), normal (0, 1), or -1 and 1. */
export type NoiseKind = 'uniform' | 'normal' | 'rademacher';
export type Noise = (name: string, shape: Shape, kind: NoiseKind) => Tensor;

export interface ModelOptions {
  classes: number;
  /** Side of the pictures; a model may choose its stem by it. */
  sizePx: number;
  /** How the last feature maps become one value a channel. */
  pool: 'average' | 'max';
  /** ReLU unless given. */
  activation?: Activation;
  /** Share of values dropped in training where the model has dropout, 0 unless given. */
  dropout?: number;
  /** Attention-based dropout after the last two convolution stages, in training. */
  adl?: Adl;
  /** The last stage with stride 1, for feature maps of twice the side; as the paper has it unless given. */
  lastStride?: 1;
  /** First layer of the residual nets of 18 and more layers: 'auto' takes 'imagenet' (7x7 and pooling) from 96 px on. */
  stem?: 'auto' | 'imagenet' | 'small';
}

/** @see Choe & Shim 2019, Attention-based Dropout Layer for Weakly Supervised Object Localization */
interface Adl {
  /** Probability with which a step hides the most attended part; otherwise it is stressed. */
  readonly dropRate: number;
  /** What counts as the most attended part: attention from this share of its maximum on. */
  readonly threshold: number;
}

export interface BuiltModel {
  /** Trainable, in a fixed order, named as in torchvision ("layer1.0.conv1.weight"). */
  readonly parameters: readonly ParamSpec[];
  /** Running statistics of batch-norm. */
  readonly buffers: readonly ParamSpec[];
  /** Names of those parameters that form the classifier: weight [K, C] and bias [K] of the last layer. */
  readonly head: readonly string[];
  /** Names of parameters besides the head that published weights of this architecture do not have. */
  readonly unpublished: readonly string[];
  /** What `forward` does to the pictures first. */
  readonly normalisation: Normalisation;
  /**
   * Builds the forward graph; adds no state.
   * @param images   [B, 3, H, W] in [0, 1], any H and W; normalisation happens inside
   * @param weights  every parameter and buffer by name
   * @param mode     'train': batch-norm uses the batch's statistics, gradients go through them, and the new running
   *                 statistics come back in `bufferUpdates`; 'eval': it uses the running statistics
   */
  forward(
    images: Tensor,
    weights: ReadonlyMap<string, Tensor>,
    mode: Mode,
    options?: ForwardOptions,
  ): ForwardPass;
}

export type Mode = 'train' | 'eval';

export interface ForwardOptions {
  /** In place of the model's own. */
  activation?: Activation;
  /** What batch-norm does in train mode: 'eval' has the running statistics stay and be used. 'train' unless given. */
  batchNorm?: Mode;
  /** Dropout and ADL happen in train mode, and only when this is given. */
  noise?: Noise;
}

export interface ForwardPass {
  /** [B, K] */
  readonly logits: Tensor;
  /**
   * [B, C, h, w], >= 0, output of the last convolution stage: the very node the logits are computed from.
   * [B, C] for a model without convolutions; ask `featureMaps` for what must be maps.
   */
  readonly features: Tensor;
  /** Outputs of the convolution stages in order, the last is `features`; empty without convolutions. */
  readonly stages: readonly Tensor[];
  /** [B, C], what the head reads. */
  readonly pooled: Tensor;
  /**
   * Places where something is added to every pixel of a channel, for FullGrad: convolution biases and batch-norm as
   * the affine map it is in eval mode. `output` [B, C, h, w] is the node after the addition, `bias` [C] what was
   * added. Not among them: the shift of the pictures' normalisation and biases of dense layers. Empty in train mode.
   */
  readonly biased: readonly { readonly output: Tensor; readonly bias: Tensor }[];
  /** New running statistics by name; empty in eval mode. */
  readonly bufferUpdates: ReadonlyMap<string, Tensor>;
}

/** A node of its own, so that heat maps and objectives can differentiate in it: softplus is a product. */
export function activate(x: Tensor, activation: Activation): Tensor {
  switch (activation.kind) {
    case 'relu':
      return relu(x);
    case 'softplus':
      return identity(softplus(x, activation.beta));
    case 'smooth-relu':
      return identity(smoothRelu(x, activation.halfWidth));
  }
}

/** The parabola up to its end at w, where it is w with slope 1, and what lies beyond: nothing large cancels. */
function smoothRelu(x: Tensor, w: number): Tensor {
  const bent = minimum(relu(add(x, scalar(w))), scalar(2 * w));
  return add(mul(scalar(1 / (4 * w)), square(bent)), relu(sub(x, scalar(w))));
}

/** The activation cut off at 6: min(relu(x), 6), or with another activation a(x) - a(x - 6). */
export const activate6 = (x: Tensor, activation: Activation): Tensor =>
  activation.kind === 'relu'
    ? minimum(relu(x), scalar(6))
    : identity(sub(activate(x, activation), activate(sub(x, scalar(6)), activation)));

/**
 * The features as maps.
 * @returns  [B, C, h, w]
 * @throws   AppError 'bad-input' for a model without convolutions
 */
export function featureMaps({ features }: Pick<ForwardPass, 'features'>): Tensor {
  if (features.shape.length === 4) return features;
  throw new AppError(
    'bad-input',
    'this needs a model with convolutions: the features of this one are a vector, not maps',
  );
}
