// Batch normalisation (Ioffe & Szegedy 2015) as y = x * A[c] + B[c] with A and B made from the batch's sums, so that
// its first and second derivatives stay elementwise products and channel sums.

import {
  add,
  div,
  mean,
  mul,
  reshape,
  scalar,
  sqrt,
  square,
  stopGradient,
  sub,
  type Tensor,
} from '../graph/index.ts';
import type { Mode } from './model.ts';

/** Added to the variance. */
export const epsilon = 1e-5;
/** Share of the batch's statistics in the new running statistics. */
const runningShare = 0.1;

/** Where a network's batch-norm differs from PyTorch's defaults. */
export interface BatchNormTraits {
  readonly epsilon: number;
  readonly runningShare: number;
}

interface BatchNormResult {
  /** Shape of `x`. */
  readonly output: Tensor;
  /** [C]: what the map adds to each channel after scaling it; the rest of it is a product with one value a channel. */
  readonly bias: Tensor;
  /** [C] each; absent in eval mode. The variance that goes into it is the unbiased one, as in PyTorch. */
  readonly running?: { readonly mean: Tensor; readonly variance: Tensor };
}

/**
 * @param x        [B, C, H, W]
 * @param weights  scale, shift, running mean and running variance, [C] each
 * @param mode     'train' normalises with the mean and the biased variance over B, H, W; gradients go through both
 */
export function batchNorm(
  x: Tensor,
  weights: { scale: Tensor; shift: Tensor; mean: Tensor; variance: Tensor },
  mode: Mode,
  traits: BatchNormTraits = { epsilon, runningShare },
): BatchNormResult {
  const [batch, channels, height, width] = x.shape;
  const wide = (perChannel: Tensor): Tensor => reshape(perChannel, [1, channels, 1, 1]);
  const normalise = (values: Tensor, average: Tensor, variance: Tensor): { output: Tensor; bias: Tensor } => {
    const grad = div(weights.scale, sqrt(add(variance, scalar(traits.epsilon))));
    const scaled = mul(values, wide(grad));
    const bias = sub(weights.shift, mul(average, grad));
    return { output: add(scaled, wide(bias)), bias };
  };
  if (mode === 'eval') return normalise(x, weights.mean, weights.variance);

  const average = mean(x, [0, 2, 3]);
  // The variance of x less a constant, which is that of x: E[x²] - E[x]² loses all digits where the mean is far above
  // the deviation, as on flat pictures. With the mean as constant its own square is 0, but not that one's derivative.
  const centre = stopGradient(average);
  const centred = sub(x, wide(centre));
  const rest = sub(average, centre); // [C], 0
  const variance = sub(mean(square(centred), [0, 2, 3]), square(rest));
  const count = batch * height * width;
  const blend = (old: Tensor, fresh: Tensor, factor: number): Tensor =>
    add(
      mul(old, scalar(1 - traits.runningShare)),
      mul(stopGradient(fresh), scalar(traits.runningShare * factor)),
    );
  return {
    ...normalise(centred, rest, variance),
    running: {
      mean: blend(weights.mean, average, 1),
      variance: blend(weights.variance, variance, count / Math.max(1, count - 1)),
    },
  };
}
