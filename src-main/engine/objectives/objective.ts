// What an objective is: a named way to turn a batch into the scalar that training minimises.

import type { z } from 'zod';
import { AppError } from '../../contracts/errors.ts';
import { add, div, maximum, mul, scalar, sum, type Tensor } from '../graph/index.ts';
import type { Activation, ForwardPass, Mode, Noise } from '../nn/model.ts';
import type { ParamSpec } from '../nn/params.ts';
import type { Task } from '../nn/classification.ts';
import type { Parametrised } from '../nn/registry.ts';

export interface Objective<S extends z.ZodObject = z.ZodObject> extends Parametrised {
  readonly schema: S;
  /** Inputs beyond pictures, labels and regions. */
  readonly needs: { readonly composites?: boolean; readonly groups?: boolean };
  /** Pure: builds the loss graph. A picture without region contributes only cross-entropy. */
  build(context: ObjectiveContext, params: z.output<S>): ObjectiveGraph;
  /** For an objective that only weighs the pictures' class losses: what it puts in place of their mean in another's. */
  reweighting?(context: ObjectiveContext, params: z.output<S>): Reweighting;
}

/**
 * The class loss of a batch made of those of its pictures [B]; `next` as in ObjectiveGraph. Called once.
 */
export type Reweighting = (losses: Tensor) => { loss: Tensor; next: Readonly<Record<string, Tensor>> };

export interface ObjectiveContext {
  batch: number;
  classes: number;
  sizePx: number;
  /** [B, 3, S, S] in [0, 1] */
  images: Tensor;
  /** [B, K], what cross-entropy is taken with: `oneHot`, or with label smoothing e a mix (1 - e) oneHot + e / K. */
  labels: Tensor;
  /** [B, K], one-hot, never smoothed */
  oneHot: Tensor;
  /** 'single' unless given. For 'multi', `labels` and `oneHot` are multi-hot. */
  task?: Task;
  /** [B, K], one-hot: for 'multi', the one of a picture's classes whose evidence is looked at. */
  target?: Tensor;
  /** [B, 1, S, S], 1 inside the region of interest; fractions where it was resampled. */
  regionMask: Tensor;
  /** [B], 1 if the picture has a region */
  hasRegion: Tensor;
  /** [B], 1 for real pictures, 0 for the padding of a short batch; not all 0 */
  sampleWeight: Tensor;
  /** Scalar in [0, 1], multiplies the penalty weights. */
  ramp: Tensor;
  /** 2x2 composites [B, 3, 2S, 2S] and the one-hot cell [B, 4] that holds the picture itself, cells in reading order. */
  composites?: { images: Tensor; cell: Tensor };
  /** [B, G], one-hot group of each picture, and G; where `needs.groups`. */
  groups?: Tensor;
  groupCount?: number;
  /** A pass with the shared weights; running statistics of several passes are chained in the order of the calls. */
  forward(images: Tensor, options?: PassOptions): ForwardPass;
  /** Mean over the real pictures of a loss [B]: the class loss of an objective goes through here. */
  meanLoss(losses: Tensor): Tensor;
  /** A random tensor, drawn anew each step from the run's generator. The same name is the same tensor. */
  noise: Noise;
  /**
   * State of the objective beside the weights, as in the checkpoint; it begins at its `init`. Its next value belongs
   * into `ObjectiveGraph.next`, without which it stays. Names are the objective's own.
   */
  state(spec: ParamSpec): Tensor;
}

export interface PassOptions {
  /** In place of the model's own. */
  readonly activation?: Activation;
  /** 'train' unless told otherwise. */
  readonly mode?: Mode;
  /** This pass leaves the running statistics as they are. */
  readonly keepStatistics?: boolean;
}

export interface ObjectiveGraph {
  /** Scalar, the sum of `terms`. */
  total: Tensor;
  /** Each as it enters `total`; always 'class', the cross-entropy. A penalty of weight 0 is left out. */
  terms: Readonly<Record<string, Tensor>>;
  /** [B, K], of the pictures as the objective shows them to the model */
  logits: Tensor;
  /** Next value of each state that moves, by name. */
  next?: Readonly<Record<string, Tensor>>;
  /**
   * How a term of a batch is made of those of its parts, where gradients are accumulated: a mean over the real
   * pictures (what is not named), over the real pictures with a region, over the squared count of pictures (the
   * squared norm of the gradient of a mean), or a sum. 'whole' is what cannot be made of those of the parts.
   */
  means?: Readonly<Record<string, MeanOver | 'whole'>>;
}

export type MeanOver = 'pictures' | 'regions' | 'squared-pictures' | 'nothing';

/** For what is made of the softmax over classes. @throws AppError 'bad-input' where a picture may have several */
export function refuseSeveral(what: string, task: Task | undefined): void {
  if (task === 'multi')
    throw new AppError('bad-input', `${what} is made of the probabilities of one class a picture`, {
      reason: 'train with labels=one, or choose another objective',
    });
}

/** Declares an objective with its parameter type tied to its schema. */
export const objective = <S extends z.ZodObject>(definition: Objective<S>): Objective<S> => definition;

/** Sum of `terms`, and the terms themselves. */
export function totalOf(terms: Record<string, Tensor>, logits: Tensor): ObjectiveGraph {
  return { total: Object.values(terms).reduce((sumSoFar, term) => add(sumSoFar, term)), terms, logits };
}

/**
 * Mean over the pictures that count.
 * @param perImage  [B]
 * @param counted     [B], 0 or 1
 * @returns           scalar; 0 if none counts
 */
export const meanOver = (perImage: Tensor, counted: Tensor): Tensor =>
  div(sum(mul(perImage, counted)), maximum(sum(counted), scalar(1)));
