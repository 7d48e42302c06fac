// What a saliency method is: a named way to mark, on a picture, what speaks for a class.

import type { z } from 'zod';
import type { Tensor } from '../graph/index.ts';
import type { ForwardPass } from '../nn/model.ts';
import type { Parametrised } from '../nn/registry.ts';

export interface SaliencyMethod<S extends z.ZodObject = z.ZodObject> extends Parametrised {
  readonly schema: S;
  /** @returns [B, h, w], >= 0, not scaled; h and w are the picture's or those of the feature maps */
  build(context: SaliencyContext, params: z.output<S>): Tensor;
}

export interface SaliencyContext {
  /** [B, 3, S, S] in [0, 1] */
  images: Tensor;
  /** [B, K], one-hot: the class to explain */
  target: Tensor;
  /** Eval mode: pictures do not touch each other. */
  forward(images: Tensor): ForwardPass;
}

/** Declares a method with its parameter type tied to its schema. */
export const saliencyMethod = <S extends z.ZodObject>(definition: SaliencyMethod<S>): SaliencyMethod<S> =>
  definition;
