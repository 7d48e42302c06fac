// Grad-CAM as graph. It lives here because a heat map and an objective are both made of it.

import { gradient, mean, mul, relu, sum, type Tensor } from '../graph/index.ts';

/**
 * Element-wise Grad-CAM of one class: relu(sum over k of A_k * d score / d A_k).
 * @param features  [B, C, h, w], last convolution stage
 * @param score     scalar: sum over the batch of the explained logit, made from `features`
 * @returns         [B, h, w], >= 0, not scaled
 * @see Pillai & Pirsiavash 2021, section 3
 */
export function elementwiseGradCam(features: Tensor, score: Tensor): Tensor {
  const [slopes] = gradient(score, [features]);
  return relu(sum(mul(features, slopes), [1]));
}

/**
 * Grad-CAM of one class: relu(sum over k of w_k * A_k), w_k the spatial mean of d score / d A_k.
 * Arguments and result as above.
 * @see Selvaraju et al. 2017, eq. 1 and 2
 */
export function standardGradCam(features: Tensor, score: Tensor): Tensor {
  const [slopes] = gradient(score, [features]);
  return relu(sum(mul(features, mean(slopes, [2, 3], true)), [1]));
}
