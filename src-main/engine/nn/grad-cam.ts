// Grad-CAM and its relatives as graph. They live here because a heat map and an objective are both made of them.
// In all of them: A_k is a feature map, D_k = d score / d A_k.

import { add, div, gradient, mean, mul, relu, reshape, scalar, sum, type Tensor } from '../graph/index.ts';

/**
 * Element-wise Grad-CAM of one class: relu(sum over k of A_k * D_k).
 * @param features  [B, C, h, w], output of a convolution stage
 * @param score     scalar: sum over the batch of the explained logit, made from `features`
 * @returns         [B, h, w], >= 0, not scaled
 * @see Pillai & Pirsiavash 2021, section 3
 */
export function elementwiseGradCam(features: Tensor, score: Tensor): Tensor {
  const [grads] = gradient(score, [features]);
  return relu(sum(mul(features, grads), [1]));
}

/**
 * Grad-CAM of one class: relu(sum over k of w_k A_k), w_k the spatial mean of D_k.
 * Arguments and result as above.
 * @see Selvaraju et al. 2017, eq. 1 and 2
 */
export function standardGradCam(features: Tensor, score: Tensor): Tensor {
  const [grads] = gradient(score, [features]);
  return weightedMaps(features, mean(grads, [2, 3])); // eq. 1 within eq. 2
}

/**
 * Grad-CAM++ of one class: relu(sum over k of w_k A_k) with w_k = sum of alpha relu(D_k) over the map and
 * alpha = D_k² / (2 D_k² + (sum of A_k) D_k³). Only places with D_k > 0 count, where that is 1 / (2 + (sum of A_k) D_k):
 * in this form it needs no small number against dividing by 0.
 * Arguments and result as above.
 * @see Chattopadhyay et al. 2018, eq. 19, for the score exp(logit)
 */
export function gradCamPlusPlus(features: Tensor, score: Tensor): Tensor {
  const [grads] = gradient(score, [features]);
  const raising = relu(grads);
  const alpha = div(scalar(1), add(scalar(2), mul(sum(features, [2, 3], true), raising))); // eq. 19
  return weightedMaps(features, sum(mul(alpha, raising), [2, 3]));
}

/**
 * LayerCAM of one class: relu(sum over k of A_k relu(D_k)).
 * Arguments and result as above.
 * @see Jiang et al. 2021, eq. 5 to 7
 */
export function layerCam(features: Tensor, score: Tensor): Tensor {
  const [grads] = gradient(score, [features]);
  return relu(sum(mul(features, relu(grads)), [1])); // eq. 5 to 7, from the inside out
}

/** relu(sum over k of w_k A_k). @param weights [B, C] */
function weightedMaps(features: Tensor, weights: Tensor): Tensor {
  return relu(sum(mul(features, reshape(weights, [...weights.shape, 1, 1])), [1]));
}
