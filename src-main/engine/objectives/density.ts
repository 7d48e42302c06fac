// Marginal density: a price on the gradient of log p(x), the density of pictures that a classifier implies.

import { z } from 'zod';
import { argMaxMask, logSoftmax, logSumExp, mul, scalar, sub, type Tensor } from '../graph/index.ts';
import { classLoss, selectedLogit } from '../nn/classification.ts';
import { objective, refuseSeveral, totalOf } from './objective.ts';
import { normPower, penaltyWeight, gradientReduction, gradientUnits, noRamp } from './parameters.ts';
import { gradientsOf, withGradientPenalty } from './gradients.ts';

const schema = z.object({
  lambda: penaltyWeight(
    0.1,
    'Weight of the penalty on the gradient of the density; larger values make the model rely less on cues that small changes of pixels make.',
  ),
  p: z.enum(['1', '2', 'inf']).default('2').meta({
    title: 'Norm',
    help: 'Which norm of the gradient: sum of magnitudes, Euclidean length, or the largest magnitude.',
  }),
  power: normPower(1),
  reduction: gradientReduction,
  computation: z.enum(['log-sum-exp', 'stable', 'efficient']).default('log-sum-exp').meta({
    title: 'Computation',
    help: 'Three ways to the same gradient: of the log-sum-exp, or of the logit of a random class less its log-probability, in two backward passes or one.',
  }),
  units: gradientUnits('pixels'),
});

/**
 * With p(x, y=i) = exp(f_i(x)) / Z and s(x) = log sum_i exp f_i(x), so that log p(x) = s(x) - log Z:
 *
 *   L = cross-entropy + lambda * |ds/dx|_p^power     (per picture, or of the batch as `reduction` says)
 *
 * Knows no label. 'stable' is df_k/dx - d log pi_k/dx of a random class k, 'efficient' d(f_k - log pi_k)/dx; by
 * linearity all three are the same function. The public text has lost p, power, reduction, lambda, input units and
 * the statistics of batch-norm, which here are the batch's.
 */
export const density = objective({
  id: 'density',
  title: 'Marginal density',
  summary:
    'Cross-entropy plus a penalty on the gradient of the log-density that the logits stand for. Needs no boxes.',
  citation: 'Yang, Akhtar, Shah & Mian 2024, arXiv 2407.04370',
  schema,
  presets: [
    {
      id: 'paper-stable',
      title: 'As in the paper, stable',
      source: 'Yang et al. 2024: two backward passes; its weight and norm are not known',
      params: {
        lambda: 0.1,
        p: '2',
        power: 1,
        reduction: 'per-image',
        computation: 'stable',
        units: 'pixels',
      },
      settings: noRamp,
    },
    {
      id: 'paper-efficient',
      title: 'As in the paper, efficient',
      source: 'Yang et al. 2024: one backward pass; its weight and norm are not known',
      params: {
        lambda: 0.1,
        p: '2',
        power: 1,
        reduction: 'per-image',
        computation: 'efficient',
        units: 'pixels',
      },
      settings: noRamp,
    },
  ],
  needs: {},
  build(
    { batch, classes, images, labels, task, sampleWeight, ramp, forward, meanLoss, noise },
    { lambda, computation, units, ...form },
  ) {
    refuseSeveral('density', task);
    const { logits } = forward(images);
    const ofClass = meanLoss(classLoss(logits, labels, task));
    if (lambda === 0) return totalOf({ class: ofClass }, logits);
    const gradientsFor = (total: (scores: Tensor) => Tensor, scores: Tensor): Tensor =>
      gradientsOf(total(scores), images, units);
    const grads = (total: (scores: Tensor) => Tensor): Tensor => {
      if (computation === 'log-sum-exp') return gradientsFor(total, logSumExp(logits));
      const drawn = argMaxMask(noise('class', [batch, classes], 'uniform')); // one-hot of a random class
      const logit = selectedLogit(logits, drawn);
      const logProbability = selectedLogit(logSoftmax(logits), drawn);
      return computation === 'efficient'
        ? gradientsFor(total, sub(logit, logProbability))
        : sub(gradientsFor(total, logit), gradientsFor(total, logProbability));
    };
    return withGradientPenalty('density', ofClass, logits, {
      ...form,
      sampleWeight,
      factor: mul(ramp, scalar(lambda)),
      grads,
    });
  },
});
