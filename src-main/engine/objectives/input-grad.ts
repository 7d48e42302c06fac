// A price on all of the input gradient, boxes unused: double backprop and its relatives.

import { z } from 'zod';
import { mul, scalar } from '../graph/index.ts';
import { classLoss, selectedLogit, summedLogProbability } from '../nn/classification.ts';
import { objective, totalOf } from './objective.ts';
import { normPower, penaltyWeight, gradientReduction, gradientUnits, asInCode } from './parameters.ts';
import { gradientsOf, withGradientPenalty } from './gradients.ts';

const schema = z.object({
  lambda: penaltyWeight(
    2,
    'Weight of the penalty on the input gradient; larger values make the model smoother, too large ones stop it learning.',
  ),
  of: z.enum(['loss', 'logit', 'log-probability']).default('loss').meta({
    title: 'Gradient of',
    help: 'What is differentiated: the loss, the logit of the true class, or the log-probabilities of all classes together.',
    main: true,
  }),
  power: normPower(2),
  units: gradientUnits('normalised'),
  reduction: gradientReduction,
});

/**
 *   'per-image'  L = cross-entropy + lambda * mean over pictures of |d(sum_j s_j)/dx_b|^power
 *   'batch'      L = cross-entropy + lambda * |d(mean_j s_j)/dX|^power, one Euclidean norm of the whole batch
 *
 * s is the cross-entropy, the logit of the true class, or the sum over classes of log p. The log-softmax of the true
 * class is the cross-entropy with its sign turned: its gradient has the same norm. Batch-norm: batch statistics, so a
 * picture's gradient holds the other pictures' share that passes through them.
 */
export const inputGrad = objective({
  id: 'input-grad',
  title: 'Input gradient penalty',
  summary: 'Cross-entropy plus a penalty on input gradients everywhere in the picture. Needs no boxes.',
  citation:
    'Drucker & LeCun 1992; Ross & Doshi-Velez 2018, arXiv 1711.09404; Srinivas & Fleuret 2021, arXiv 2006.09128',
  schema,
  presets: [
    {
      id: 'double-backprop',
      title: 'Double backprop',
      source:
        'Ross & Doshi-Velez 2018: squared norm of the gradient of the loss; box-aware with equal weights',
      params: { lambda: 2, of: 'loss', power: 2, units: 'normalised', reduction: 'per-image' },
    },
    {
      id: 'logit',
      title: 'Logit gradient, as in the code',
      source:
        'Srinivas & Fleuret 2021, public code: half of the mean squared norm, weight 1e-5, of a network that sees pixel values',
      params: { lambda: 5e-6, of: 'logit', power: 2, units: 'pixels', reduction: 'per-image' },
      settings: asInCode,
    },
    {
      id: 'logit-length',
      title: 'Logit gradient, not squared',
      source: 'The baseline of Yang et al. 2024; its weight is not known',
      params: { lambda: 0.1, of: 'logit', power: 1, units: 'pixels', reduction: 'per-image' },
    },
    {
      id: 'batch',
      title: 'Whole-batch norm, as in the code',
      source: 'KC & Zhang 2021, public code, the equal weights chosen for the saliency metric, batch 32',
      params: { lambda: 2.15, of: 'loss', power: 2, units: 'normalised', reduction: 'batch' },
      settings: asInCode,
    },
  ],
  needs: {},
  build(
    { images, labels, task, oneHot, target = oneHot, sampleWeight, ramp, forward, meanLoss },
    { lambda, of, units, ...form },
  ) {
    const { logits } = forward(images);
    const losses = classLoss(logits, labels, task);
    if (lambda === 0) return totalOf({ class: meanLoss(losses) }, logits);
    const scores = {
      loss: () => losses,
      logit: () => selectedLogit(logits, target),
      'log-probability': () => summedLogProbability(logits, task),
    }[of]();
    return withGradientPenalty('gradient', meanLoss(losses), logits, {
      ...form,
      p: '2',
      sampleWeight,
      factor: mul(ramp, scalar(lambda)),
      grads: (total) => gradientsOf(total(scores), images, units),
    });
  },
});
