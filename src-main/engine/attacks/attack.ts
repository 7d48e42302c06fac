// What an attack is: a named way to change pictures a little so that a model errs.

import type { z } from 'zod';
import type { Tensor } from '../graph/index.ts';
import type { ForwardPass } from '../nn/model.ts';
import type { Parametrised } from '../nn/registry.ts';

export interface Attack<S extends z.ZodObject = z.ZodObject> extends Parametrised {
  readonly schema: S;
  /** @returns [B, 3, S, S] in [0, 1], at most eps away from the picture in every value */
  build(context: AttackContext, params: z.output<S>): Tensor;
}

export interface AttackContext {
  /** [B, 3, S, S] in [0, 1] */
  images: Tensor;
  /** [B, K], one-hot: the true class */
  labels: Tensor;
  /** Scalar, share of the pixel range. A graph input, so that one program serves a whole curve. */
  eps: Tensor;
  /** Eval mode: pictures do not touch each other. */
  forward(images: Tensor): ForwardPass;
}
