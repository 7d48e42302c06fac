// A price on the curvature of a score in the pixels: explanations of a function that bends little change little.

import { z } from 'zod';
import { add, mul, scalar, square, sum, type Tensor } from '../graph/index.ts';
import { classLoss, selectedLogit } from '../nn/classification.ts';
import { meanOver, objective, totalOf } from './objective.ts';
import { penaltyWeight, gradientUnits } from './parameters.ts';
import { gradientsOf } from './gradients.ts';

const schema = z.object({
  lambda: penaltyWeight(
    1e-3,
    'Weight of the penalty on curvature; larger values make the model more nearly linear in the pixels.',
  ),
  of: z.enum(['logit', 'loss']).default('logit').meta({
    title: 'Curvature of',
    help: 'What is differentiated twice: the logit of the true class, or the loss.',
  }),
  directions: z.int().min(1).max(8).default(1).meta({
    title: 'Directions',
    help: 'Random directions in which the curvature of a picture is measured in each step; more are less noisy and cost more.',
  }),
  beta: z.number().min(0).max(1000).default(10).meta({
    title: 'Softplus sharpness',
    help: 'The penalty sees softplus of this sharpness in place of ReLU, whose curvature is zero almost everywhere; 0 keeps the activation of the model.',
  }),
  units: gradientUnits('pixels'),
});

/**
 *   L = cross-entropy + lambda * mean over pictures of |H|²,  H = d²s/dx²
 *
 * The squared Frobenius norm is E |Hv|² over v ~ N(0, I) (Hutchinson 1989), and Hv = d<ds/dx, v>/dx, so its weight
 * gradient is of third order. Class loss with the model's own activation and penalty with softplus, in one graph; the
 * penalty's pass leaves the running statistics alone. Batch-norm: batch statistics, which bend even a ReLU network, and
 * through which Hv of a picture holds the others' share.
 */
export const hessian = objective({
  id: 'hessian',
  title: 'Hessian penalty',
  summary:
    'Cross-entropy plus a penalty on how much the input gradient changes between pictures. Needs no boxes.',
  citation: 'Dombrowski et al. 2022, arXiv 2012.10425; estimate: Hutchinson 1989',
  schema,
  presets: [],
  needs: {},
  build(
    { images, labels, task, oneHot, target = oneHot, sampleWeight, ramp, forward, meanLoss, noise },
    { lambda, of, directions, beta, units },
  ) {
    const plain = forward(images);
    const terms: Record<string, Tensor> = { class: meanLoss(classLoss(plain.logits, labels, task)) };
    if (lambda === 0) return totalOf(terms, plain.logits);
    const { logits } =
      beta > 0 ? forward(images, { activation: { kind: 'softplus', beta }, keepStatistics: true }) : plain;
    const scores = of === 'loss' ? classLoss(logits, labels, task) : selectedLogit(logits, target);
    const grads = gradientsOf(sum(mul(scores, sampleWeight)), images, units);
    const bends = Array.from({ length: directions }, (_, i): Tensor => {
      const direction = noise(`direction/${i}`, images.shape, 'normal');
      return sum(square(gradientsOf(sum(mul(grads, direction)), images, units)), [1, 2, 3]); // [B]
    });
    const curvature = meanOver(
      bends.reduce((total, one) => add(total, one)),
      sampleWeight,
    );
    terms.curvature = mul(curvature, mul(ramp, scalar(lambda / directions)));
    return totalOf(terms, plain.logits);
  },
});
