// What an objective is: a named way to turn a batch into the scalar that training minimises.

import type { z } from 'zod';
import { add, div, maximum, mul, scalar, sum, type Tensor } from '../graph/index.ts';
import type { ForwardPass } from '../nn/model.ts';
import type { Parametrised } from '../nn/registry.ts';

export interface Objective<S extends z.ZodObject = z.ZodObject> extends Parametrised {
  readonly schema: S;
  /** Inputs beyond pictures, labels and regions. */
  readonly needs: { readonly composites?: boolean };
  /** Pure: builds the loss graph. A picture without region contributes only cross-entropy. */
  build(context: ObjectiveContext, params: z.output<S>): ObjectiveGraph;
}

export interface ObjectiveContext {
  batch: number;
  classes: number;
  sizePx: number;
  /** [B, 3, S, S] in [0, 1] */
  images: Tensor;
  /** [B, K], one-hot */
  labels: Tensor;
  /** [B, 1, S, S], 1 inside the region of interest; fractions where it was resampled. */
  inside: Tensor;
  /** [B], 1 if the picture has a region */
  hasRegion: Tensor;
  /** [B], 1 for real pictures, 0 for the padding of a short batch; not all 0 */
  weight: Tensor;
  /** Scalar in [0, 1], multiplies the penalty weights. */
  ramp: Tensor;
  /** 2x2 composites [B, 3, 2S, 2S] and the one-hot cell [B, 4] that holds the picture itself, cells in reading order. */
  composites?: { images: Tensor; cell: Tensor };
  /** Train mode with the shared weights; running statistics of several calls are chained in the order of the calls. */
  forward(images: Tensor): ForwardPass;
}

export interface ObjectiveGraph {
  /** Scalar, the sum of `terms`. */
  total: Tensor;
  /** Each as it enters `total`; always 'class', the cross-entropy. A penalty of weight 0 is left out. */
  terms: Readonly<Record<string, Tensor>>;
  /** [B, K], of the pictures as the objective shows them to the model */
  logits: Tensor;
}

/** Declares an objective with its parameter type tied to its schema. */
export const objective = <S extends z.ZodObject>(definition: Objective<S>): Objective<S> => definition;

/** Sum of `terms`, and the terms themselves. */
export function totalOf(terms: Record<string, Tensor>, logits: Tensor): ObjectiveGraph {
  return { total: Object.values(terms).reduce((sumSoFar, term) => add(sumSoFar, term)), terms, logits };
}

/**
 * Mean over the pictures that count.
 * @param perPicture  [B]
 * @param counted     [B], 0 or 1
 * @returns           scalar; 0 if none counts
 */
export const meanOver = (perPicture: Tensor, counted: Tensor): Tensor =>
  div(sum(mul(perPicture, counted)), maximum(sum(counted), scalar(1)));
