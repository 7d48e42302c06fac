// What a saliency method is: a named way to mark, on a picture, what speaks for a class. Most are one program; those
// that look at a picture many times over (along a path, under noise, behind masks) say what one sample is, so that
// samples can be run in batches, added up and stopped, instead of being a graph of a hundred copies of the network.

import type { z } from 'zod';
import { reshape, type Shape, type Tensor } from '../graph/index.ts';
import type { Task } from '../nn/classification.ts';
import type { ForwardPass } from '../nn/model.ts';
import type { Normalisation } from '../nn/normalise.ts';
import type { Parametrised } from '../nn/registry.ts';

export type SaliencyMethod<S extends z.ZodObject = z.ZodObject> = SinglePassMethod<S> | SampledMethod<S>;

export interface SinglePassMethod<S extends z.ZodObject = z.ZodObject> extends Parametrised {
  readonly schema: S;
  /** @returns [B, h, w], >= 0, not scaled; h and w are the picture's or those of the feature maps */
  build(context: SaliencyContext, params: z.output<S>): Tensor;
  /** @returns [B, 3, S, S], d loss / d x, if that is what the map is made of; the measured box is drawn from it */
  lossGradient?(context: SaliencyContext, params: z.output<S>): Tensor | null;
}

export interface SampledMethod<S extends z.ZodObject = z.ZodObject> extends Parametrised {
  readonly schema: S;
  /** How many pictures of the training set it compares with, and what draws them; a method without this needs none. */
  references?(params: z.output<S>): { count: number; seed: number };
  samples(params: z.output<S>, setting: SampleSetting): Samples;
  /** Of what a sample gives. */
  readonly channels: 1 | 3;
  /** @returns [N, channels, S, S], what one sample adds to the total; pictures do not touch each other */
  sample(context: SampleContext, params: z.output<S>): Tensor;
  /**
   * @param total  [B, channels, S, S], the samples by their weights, added up
   * @returns      [B, h, w], >= 0, not scaled
   */
  finish(total: Tensor, context: SaliencyContext, params: z.output<S>): Tensor;
}

export interface SaliencyContext {
  /** [B, 3, S, S] in [0, 1] */
  images: Tensor;
  /** [B, K], a weight for each class: 1 at the class to explain, and -1 at the one it is held against, if any. */
  target: Tensor;
  /** [B, K], 1 at each class that a picture has: what the loss of 'multi' holds all logits against. */
  labels: Tensor;
  task: Task;
  /** What the network does to pictures first. */
  normalisation: Normalisation;
  /** Eval mode: pictures do not touch each other. */
  forward(images: Tensor): ForwardPass;
}

/** Here a picture stands once for each sample that is run at a time: N rows. */
export interface SampleContext extends SaliencyContext {
  /** [N, K], of the pictures as they are. */
  logits: Tensor;
  /** What each sample was fed, [N, ...shape]. */
  fed: Readonly<Record<string, Tensor>>;
}

export interface SampleSetting {
  sizePx: number;
  /** Pictures of the training set, [3, S, S] each; empty where the method asks for none. */
  references: readonly Float32Array[];
}

export interface Samples {
  readonly count: number;
  /** Of what one sample is fed, by name. All pictures are fed the same, so that a map does not depend on its batch. */
  readonly shapes: Readonly<Record<string, Shape>>;
  /** @param index 0 … count-1; asked in order. */
  at(index: number): Sample;
}

interface Sample {
  /** Share of this look in the total. */
  readonly weight: number;
  readonly fed: Readonly<Record<string, Float32Array>>;
}

/** Declares a method with its parameter type tied to its schema. */
export const saliencyMethod = <S extends z.ZodObject>(definition: SinglePassMethod<S>): SinglePassMethod<S> =>
  definition;
export const sampledMethod = <S extends z.ZodObject>(definition: SampledMethod<S>): SampledMethod<S> =>
  definition;

/** [N] -> [N, 1, 1, 1], to stand beside pictures. */
export const asColumn = (perImage: Tensor): Tensor => reshape(perImage, [perImage.shape[0], 1, 1, 1]);
