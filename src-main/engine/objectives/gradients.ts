// Input gradients and their norms, as penalties are made of them.

import { abs, gradient, l2Norm, max, mul, reshape, square, sum, type Tensor } from '../graph/index.ts';
import { imageDeviation, perChannel } from '../nn/normalise.ts';
import { meanOver, totalOf, type ObjectiveGraph } from './objective.ts';

type GradientUnits = 'pixels' | 'normalised';

/**
 * @param score   scalar made from `images`
 * @returns       [B, 3, S, S], d score / d images by pixel value or by ImageNet-normalised value
 */
export function gradientsOf(score: Tensor, images: Tensor, units: GradientUnits): Tensor {
  const [grads] = gradient(score, [images]);
  return units === 'pixels' ? grads : mul(grads, perChannel(imageDeviation));
}

/** A change of pictures in the given units as a change of pixel values. [B, 3, S, S] */
export const inPixels = (change: Tensor, units: GradientUnits): Tensor =>
  units === 'pixels' ? change : mul(change, perChannel(imageDeviation));

type Norm = '1' | '2' | 'inf';

/** The p-norm over `axes` to the given power; its derivative is 0 where all of x is. */
export function normOf(x: Tensor, axes: readonly number[], p: Norm, power: number): Tensor {
  if (p === '2') return power === 2 ? sum(square(x), axes) : l2Norm(x, axes);
  const norm = p === '1' ? sum(abs(x), axes) : max(abs(x), axes);
  return power === 2 ? square(norm) : norm;
}

interface GradientPenalty {
  p: Norm;
  /** 2: the norm is squared. */
  power: number;
  /**
   * 'per-image': mean over pictures of the norm of each one's gradient, the scores summed.
   * 'batch': one norm of the whole batch's gradient, the scores averaged.
   */
  reduction: 'per-image' | 'batch';
  /** [B], 1 for pictures that count */
  sampleWeight: Tensor;
  /** Scalar */
  factor: Tensor;
  /** From a way to make one scalar of scores [B] to the gradient [B, 3, S, S]. */
  grads(total: (scores: Tensor) => Tensor): Tensor;
}

/**
 * Class loss plus factor times the norm of the input gradient of a score of each picture.
 * @param classLoss  scalar
 */
export function withGradientPenalty(
  term: string,
  classLoss: Tensor,
  logits: Tensor,
  { p, power, reduction, sampleWeight, factor, grads }: GradientPenalty,
): ObjectiveGraph {
  if (reduction === 'per-image') {
    const norms = normOf(
      grads((scores) => sum(mul(scores, sampleWeight))),
      [1, 2, 3],
      p,
      power,
    );
    return totalOf({ class: classLoss, [term]: mul(meanOver(norms, sampleWeight), factor) }, logits);
  }
  const pixelGradients = grads((scores) => meanOver(scores, sampleWeight));
  const counted = mul(pixelGradients, reshape(sampleWeight, [pixelGradients.shape[0], 1, 1, 1]));
  const graph = totalOf(
    { class: classLoss, [term]: mul(normOf(counted, [0, 1, 2, 3], p, power), factor) },
    logits,
  );
  // The sum of magnitudes is linear in the gradient, and so a mean over the parts; other norms are of the whole.
  const squared = p === '2' && power === 2;
  const mean = squared ? 'squared-pictures' : p === '1' && power === 1 ? 'pictures' : 'whole';
  return { ...graph, means: { [term]: mean } };
}
