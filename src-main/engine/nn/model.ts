// What a model is to the rest of the engine: a list of weights and a pure function that builds its forward graph.

import type { Tensor } from '../graph/index.ts';
import type { ParamSpec } from './params.ts';

export interface Model {
  readonly id: string;
  readonly title: string;
  /** One sentence in plain words. */
  readonly summary: string;
  readonly citation: string;
  /** Picture sides it is meant for, px: from, to. Others work. */
  readonly inputSizes: readonly [number, number];
  build(options: ModelOptions): BuiltModel;
}

export interface ModelOptions {
  classes: number;
  /** Side of the pictures; a model may choose its stem by it. */
  sizePx: number;
  /** How the last feature maps become one value a channel. */
  pool: 'average' | 'max';
}

export interface BuiltModel {
  /** Trainable, in a fixed order, named as in torchvision ("layer1.0.conv1.weight"). */
  readonly parameters: readonly ParamSpec[];
  /** Running statistics of batch-norm. */
  readonly buffers: readonly ParamSpec[];
  /**
   * Builds the forward graph; adds no state.
   * @param images   [B, 3, H, W] in [0, 1], any H and W; normalisation happens inside
   * @param weights  every parameter and buffer by name
   * @param mode     'train': batch-norm uses the batch's statistics, gradients go through them, and the new running
   *                 statistics come back in `bufferUpdates`; 'eval': it uses the running statistics
   */
  forward(images: Tensor, weights: ReadonlyMap<string, Tensor>, mode: Mode): ForwardPass;
}

export type Mode = 'train' | 'eval';

export interface ForwardPass {
  /** [B, K] */
  readonly logits: Tensor;
  /** [B, C, h, w], >= 0, output of the last convolution stage: the very node the logits are computed from. */
  readonly features: Tensor;
  /** New running statistics by name; empty in eval mode. */
  readonly bufferUpdates: ReadonlyMap<string, Tensor>;
}
