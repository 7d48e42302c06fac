// The scalars of a classifier that losses, penalties and heat maps are made of.

import {
  exp,
  logSoftmax,
  logSumExp,
  mul,
  neg,
  scalar,
  sigmoidCrossEntropy,
  softplus,
  sub,
  sum,
  type Tensor,
} from '../graph/index.ts';

/**
 * Cross-entropy of each picture, in nats.
 * @param logits  [B, K]
 * @param labels  [B, K], one-hot
 * @returns       [B], >= 0
 */
export const crossEntropy = (logits: Tensor, labels: Tensor): Tensor =>
  sub(logSumExp(logits), selectedLogit(logits, labels));

/** [B]: the logit of the one-hot class. */
export const selectedLogit = (logits: Tensor, labels: Tensor): Tensor => sum(mul(logits, labels), [1]);

/** 'single': a picture has one class. 'multi': it has any number of classes, and labels are multi-hot. */
export type Task = 'single' | 'multi';

/** [B]: sum over all classes of the log-probability (Ross et al. 2017, eq. 1). Knows no label. */
export const summedLogProbability = (logits: Tensor, task: Task = 'single'): Tensor =>
  task === 'single'
    ? sub(sum(logits, [1]), mul(logSumExp(logits), scalar(logits.shape[1])))
    : neg(sum(softplus(neg(logits)), [1]));

/**
 * Class loss of each picture, in nats: cross-entropy, or for 'multi' the sum over classes of the binary cross-entropy
 * (K times its mean, as Pillai & Pirsiavash 2021 have it).
 * @param logits  [B, K]
 * @param labels  [B, K], one-hot or multi-hot
 * @returns       [B], >= 0
 */
export const classLoss = (logits: Tensor, labels: Tensor, task: Task = 'single'): Tensor =>
  task === 'single' ? crossEntropy(logits, labels) : sum(sigmoidCrossEntropy(logits, labels), [1]);

/** Divergence KL(p || q) of the predictions of two rows of logits [B, K], in nats. @returns [B], >= 0 */
export function klDivergence(p: Tensor, q: Tensor): Tensor {
  const logP = logSoftmax(p);
  return sum(mul(exp(logP), sub(logP, logSoftmax(q))), [1]);
}
