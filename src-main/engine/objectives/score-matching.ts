// Score matching: the gradient of a class's logit is trained to be the gradient of the density of that class's pictures.

import { z } from 'zod';
import { add, mul, scalar, square, sub, sum, type Tensor } from '../graph/index.ts';
import { classLoss, selectedLogit } from '../nn/classification.ts';
import { meanOver, objective, totalOf } from './objective.ts';
import { penaltyWeight, searchPass, gradientUnits, asInCode } from './parameters.ts';
import { inPixels, gradientsOf } from './gradients.ts';

const noisyStatistics = z.enum(['batch', 'batch-counted']).default('batch').meta({
  title: 'Statistics of noisy passes',
  help: "What batch-norm uses for the noisy pictures: the batch's statistics, or the batch's that also count for the running ones.",
});

const schema = z.object({
  lambda: penaltyWeight(
    1e-5,
    'Weight of the penalty on a logit gradient that is not the gradient of a density; the term is large, and may be negative.',
  ),
  sigma: z.number().min(1e-4).max(1).default(0.01).meta({
    title: 'Noise',
    help: 'Standard deviation, in the input units, of the noise that estimates the trace of the Hessian.',
  }),
  samples: z.int().min(1).max(10).default(1).meta({
    title: 'Samples',
    help: 'Noisy versions of each picture in a step; more are less noisy, and each costs a pass.',
  }),
  stability: z.number().min(0).max(1000).default(1e-3).meta({
    title: 'Stability',
    help: 'Weight of the squared trace within the penalty, which keeps the trace from running away.',
  }),
  statistics: noisyStatistics,
  units: gradientUnits('pixels'),
});

/**
 *   L = cross-entropy + lambda * mean over pictures of (t + |g_y|²/2 + stability * t²)
 *   t = mean over samples of (2/sigma²) (f_y(x + v) - f_y(x)),  v ~ N(0, sigma² I),  g_y = df_y/dx
 *
 * t estimates the trace of d²f_y/dx². Noise and gradient have the same input units: the public code's network sees
 * pixel values. Batch-norm: batch statistics; the noisy passes leave the running statistics alone unless counted.
 */
export const scoreMatching = objective({
  id: 'score-matching',
  title: 'Score matching',
  summary:
    'Cross-entropy plus a score-matching penalty: logit gradients are trained to be those of a density of the pictures. Needs no boxes.',
  citation: 'Srinivas & Fleuret 2021, arXiv 2006.09128',
  schema,
  presets: [
    {
      id: 'code',
      title: 'As in the code',
      source: 'Srinivas & Fleuret 2021, public code; its networks have softplus of sharpness 10 for ReLU',
      params: {
        lambda: 1e-5,
        sigma: 0.01,
        samples: 1,
        stability: 1e-3,
        statistics: 'batch-counted',
        units: 'pixels',
      },
      settings: asInCode,
    },
  ],
  needs: {},
  build(
    { images, labels, task, oneHot, target = oneHot, sampleWeight, ramp, forward, meanLoss, noise },
    { lambda, sigma, samples, stability, statistics, units },
  ) {
    const { logits } = forward(images);
    const terms: Record<string, Tensor> = { class: meanLoss(classLoss(logits, labels, task)) };
    if (lambda === 0) return totalOf(terms, logits);
    const score = selectedLogit(logits, target); // [B]
    const rises = Array.from({ length: samples }, (_, i): Tensor => {
      const drawn = inPixels(mul(noise(`noise/${i}`, images.shape, 'normal'), scalar(sigma)), units);
      return sub(selectedLogit(forward(add(images, drawn), searchPass(statistics)).logits, target), score);
    });
    const trace = mul(
      rises.reduce((total, one) => add(total, one)),
      scalar(2 / (sigma * sigma * samples)),
    ); // [B]
    const grads = gradientsOf(sum(mul(score, sampleWeight)), images, units);
    const halfLength = mul(sum(square(grads), [1, 2, 3]), scalar(0.5)); // [B]
    const perImage = add(add(trace, halfLength), mul(square(trace), scalar(stability)));
    terms.score = mul(meanOver(perImage, sampleWeight), mul(ramp, scalar(lambda)));
    return totalOf(terms, logits);
  },
});
