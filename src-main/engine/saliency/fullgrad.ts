// FullGrad: the score shared out to the pixels and to the biases of convolutions and batch-norms.

import { z } from 'zod';
import {
  abs,
  add,
  div,
  gradient,
  max,
  mul,
  neg,
  reshape,
  resizeBilinear,
  scalar,
  sub,
  sum,
  type Tensor,
} from '../graph/index.ts';
import { selectedLogit } from '../nn/classification.ts';
import type { ForwardPass } from '../nn/model.ts';
import { perChannel, type Normalisation } from '../nn/normalise.ts';
import { saliencyMethod } from './saliency.ts';

const schema = z.object({
  scaling: z.enum(['min-max', 'none']).default('min-max').meta({
    title: 'Scaling of layers',
    help: "Whether each layer's magnitudes are stretched to 0 … 1 before they are added, so that all layers count alike.",
  }),
});

/** Against dividing by 0, as in the authors' code. */
const least = 1e-6;

/**
 * psi(x * g) summed over channels, plus for each convolution with biases and each batch-norm psi(bias * g of its output)
 * summed over channels and enlarged to the picture; x is the normalised picture, psi the magnitude, stretched to 0 … 1
 * over the picture's layer. Biases of dense layers have no place in the picture and are left out.
 * Enlarging is bilinear between pixel centres; the authors' code aligns corners.
 * @see Srinivas & Fleuret 2019, eq. 9
 */
export const fullGrad = saliencyMethod({
  id: 'fullgrad',
  title: 'FullGrad',
  summary:
    'Shares the score out to the pixels and to the biases of convolutions and batch-norms, and adds all up.',
  citation: 'Srinivas & Fleuret 2019, arXiv 1905.00780',
  schema,
  presets: [],
  build({ images, target, normalisation, forward }, { scaling }) {
    const pass = forward(images);
    const [, , height, width] = images.shape;
    const { pixels, biases } = fullGradient(
      pass,
      images,
      sum(selectedLogit(pass.logits, target)),
      normalisation,
    );
    const heatOf = (part: Tensor): Tensor => {
      const psi = scaling === 'min-max' ? stretched(abs(part)) : abs(part);
      return sum(psi, [1], true); // [B, 1, h, w]: enlarging after the sum gives the same for less
    };
    const heats = [heatOf(pixels), ...biases.map((part) => resizeBilinear(heatOf(part), { height, width }))];
    return reshape(heats.reduce(add), [images.shape[0], height, width]); // eq. 9
  },
});

/**
 * The full gradient: for a network of ReLUs whose one dense layer is the head, all parts and the head's bias sum to the
 * score. Of one with hidden dense layers (MLP, AlexNet, VGG-11) the shares of their biases are missing.
 * @param score    scalar: sum over the batch of a combination of logits
 * @returns        pixels [B, 3, S, S], in which the shift of the pictures' normalisation is counted in, and one
 *                 [B, C, h, w] for each entry of `biased`
 * @see Srinivas & Fleuret 2019, proposition 2
 */
export function fullGradient(
  { biased }: ForwardPass,
  images: Tensor,
  score: Tensor,
  { mean }: Pick<Normalisation, 'mean'>,
): { pixels: Tensor; biases: Tensor[] } {
  const [grads, ...ofLayers] = gradient(score, [images, ...biased.map(({ output }) => output)]);
  return {
    // (x - mean) / deviation times its own gradient: the deviation cancels.
    pixels: mul(sub(images, perChannel(mean)), grads),
    biases: biased.map(({ bias }, i) => mul(reshape(bias, [1, bias.shape[0], 1, 1]), ofLayers[i])),
  };
}

/** 0 … 1 over all but the first axis. @param values [B, C, h, w] */
function stretched(values: Tensor): Tensor {
  const axes = [1, 2, 3];
  const raised = add(values, max(neg(values), axes, true));
  return div(raised, add(max(raised, axes, true), scalar(least)));
}
