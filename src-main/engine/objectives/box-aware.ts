// Box-aware training: cross-entropy plus a penalty on input gradients, one weight inside the region and one outside.
// Contains right for the right reasons (outside only) and double backprop (equal prices).

import { z } from 'zod';
import { add, div, gradient, mul, scalar, square, sub, sum, type Tensor } from '../graph/index.ts';
import { classLoss, summedLogProbability } from '../nn/classification.ts';
import { imageDeviation, perChannel } from '../nn/normalise.ts';
import { meanOver, objective, totalOf } from './objective.ts';
import { asInCode } from './parameters.ts';

const lambda = z.number().min(0).max(1e6);

const schema = z.object({
  lambdaInside: lambda.default(0).meta({
    title: 'Weight inside',
    short: 'inside',
    role: 'penalty-weight',
    help: 'Weight of the penalty on input gradients inside the boxes; larger values make the model less sensitive there.',
    main: true,
  }),
  lambdaOutside: lambda.default(2).meta({
    title: 'Weight outside',
    short: 'outside',
    role: 'penalty-weight',
    help: 'Weight of the penalty on input gradients outside the boxes; larger values make the model look away from there, too large ones stop it learning.',
    main: true,
  }),
  of: z.enum(['loss', 'log-probability']).default('loss').meta({
    title: 'Gradient of',
    help: 'What is differentiated: the loss, or the log-probabilities of all classes together, which do not fade once the model is sure.',
  }),
  reduction: z.enum(['per-image', 'paper', 'share']).default('per-image').meta({
    title: 'Reduction',
    help: "Mean over the pictures with a region, so that weights mean the same at any batch size; the whole-batch norm of the paper, whose weights act divided by the batch size; or the share of each picture's squared gradient that lies inside or outside, whatever its size, for networks that start from trained weights.",
  }),
});

/**
 * Penalty. Differentiated scalar: cross-entropy l_b ('loss') or sum over classes of log p_b
 * ('log-probability'; Ross et al. 2017, eq. 1). Input units: ImageNet-normalised, that is the pixel-space gradient
 * times the channel deviation, as in KC & Zhang's code. Norm: L2 over channels and pixels, squared. Batch-norm: batch
 * statistics, so a picture's gradient holds the other pictures' share that passes through them.
 *
 *   'per-image'  mean over pictures with region of ||M_b * d(sum_j l_j)/dx_b||²
 *   'paper'      sum over pictures with region of ||M_b * d(mean_j l_j)/dx_b||²
 *   'share'      mean over pictures with region of ||M_b * g_b||² / (||g_b||² + 1e-12), g_b = d(sum_j l_j)/dx_b: in [0, 1],
 *                the same for a gradient of any scale, and 0 where there is none
 *
 * so 'paper' is 'per-image' times (pictures with region) / (pictures)².
 * Right for the right reasons is the log-probability outside alone: Ross et al. take sums of loss and penalty over the
 * batch, which divided by the number of pictures are these means where every picture has a region.
 */
export const boxAware = objective({
  id: 'box-aware',
  title: 'Box-aware',
  summary:
    'Cross-entropy plus a penalty on input gradients outside (or inside) the boxes. Needs boxes or masks; combine with background augmentation against shortcuts.',
  citation: 'KC & Zhang 2021, arXiv 2108.10131; Ross et al. 2017, arXiv 1703.03717; Drucker & LeCun 1992',
  schema,
  presets: [
    {
      id: 'right-reasons',
      title: 'Right for the right reasons',
      source:
        'Ross et al. 2017, eq. 1: gradient of the summed log-probabilities, outside only; the weight is our own, for normalised values',
      params: { lambdaInside: 0, lambdaOutside: 0.2, of: 'log-probability', reduction: 'per-image' },
    },
    {
      id: 'double-backprop',
      title: 'Double backprop',
      source:
        'Drucker & LeCun 1992; Ross & Doshi-Velez 2018: the whole input gradient, of the images with a region alone; input-grad has it of all',
      params: { lambdaInside: 2, lambdaOutside: 2, of: 'loss', reduction: 'per-image' },
    },
    {
      id: 'paper',
      title: 'As in the paper',
      source:
        'KC & Zhang 2021, the weights chosen for localisation in the run notes of the public code, batch 32',
      params: { lambdaInside: 464.16, lambdaOutside: 4.64, of: 'loss', reduction: 'paper' },
      settings: asInCode,
    },
  ],
  needs: {},
  build({ images, labels, task, regionMask, hasRegion, sampleWeight, ramp, forward, meanLoss }, params) {
    const { logits } = forward(images);
    const losses = classLoss(logits, labels, task);
    const terms: Record<string, Tensor> = { class: meanLoss(losses) };

    const counted = mul(hasRegion, sampleWeight); // [B]
    const scored = params.of === 'loss' ? losses : summedLogProbability(logits, task);
    const score =
      params.reduction === 'paper' ? meanOver(scored, sampleWeight) : sum(mul(scored, sampleWeight));
    if (params.lambdaInside > 0 || params.lambdaOutside > 0) {
      const [pixelGradient] = gradient(score, [images]); // [B, 3, S, S], per unit of pixel value
      const grads = mul(pixelGradient, perChannel(imageDeviation));
      const penalty = (mask: Tensor, factor: number): Tensor => {
        const masked = sum(square(mul(grads, mask)), [1, 2, 3]); // [B]; the penalty of Ross et al., eq. 1
        const norms =
          params.reduction === 'share'
            ? div(masked, add(sum(square(grads), [1, 2, 3]), scalar(1e-12)))
            : masked;
        const reduced = params.reduction === 'paper' ? sum(mul(norms, counted)) : meanOver(norms, counted);
        return mul(reduced, mul(ramp, scalar(factor)));
      };
      if (params.lambdaInside > 0) terms.inside = penalty(regionMask, params.lambdaInside);
      if (params.lambdaOutside > 0) terms.outside = penalty(sub(scalar(1), regionMask), params.lambdaOutside);
    }
    const mean = params.reduction === 'paper' ? 'squared-pictures' : 'regions';
    return { ...totalOf(terms, logits), means: { inside: mean, outside: mean } };
  },
});
