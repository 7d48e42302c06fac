// The scalars of a classifier that losses, penalties and heat maps are made of.

import { logSumExp, mul, scalar, sub, sum, type Tensor } from '../graph/index.ts';

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

/** [B]: sum over all classes of the log-probability (Ross et al. 2017, eq. 1). Knows no label. */
export const summedLogProbability = (logits: Tensor): Tensor =>
  sub(sum(logits, [1]), mul(logSumExp(logits), scalar(logits.shape[1])));
