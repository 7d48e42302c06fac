// Curvature regularisation: the loss gradient is charged for changing along the direction in which the loss bends most.

import { z } from 'zod';
import {
  add,
  identity,
  l2Normalise,
  mul,
  scalar,
  sign,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from '../graph/index.ts';
import { classLoss } from '../nn/classification.ts';
import { meanOver, objective, totalOf, type PassOptions } from './objective.ts';
import { normPower, penaltyWeight, gradientUnits, asInCode, noRamp } from './parameters.ts';
import { inPixels, normOf, gradientsOf } from './gradients.ts';

const schema = z.object({
  lambda: penaltyWeight(
    0.03,
    'Weight of the penalty on curvature of the loss; larger values make the model more robust and less accurate.',
  ),
  reach: z.number().min(1e-3).max(1000).default(3).meta({
    title: 'Reach',
    help: 'Euclidean distance, in the input units, at which the gradient is compared with that at the picture.',
    main: true,
  }),
  power: normPower(1),
  statistics: z.enum(['running', 'batch']).default('running').meta({
    title: 'Statistics of the penalty',
    help: "What batch-norm uses in the penalty: the running statistics, or the batch's, through which pictures touch each other.",
  }),
  units: gradientUnits('normalised'),
});

/**
 *   L = cross-entropy + lambda * mean over pictures of |dl/dx(x + z) - dl/dx(x)|^power
 *   z = reach * sign(dl/dx) / |sign(dl/dx)|, held constant
 *
 * The class loss is taken in train mode; the passes of the penalty leave the running statistics alone.
 */
export const cure = objective({
  id: 'cure',
  title: 'Curvature regularisation (CURE)',
  summary:
    'Cross-entropy plus a penalty on the curvature of the loss along its own gradient. Needs no boxes.',
  citation: 'Moosavi-Dezfooli et al. 2019, arXiv 1811.09716',
  schema,
  presets: [
    {
      id: 'code',
      title: 'As in the code',
      source:
        'Public re-implementation of Moosavi-Dezfooli et al. 2019: length not squared; weight 4 on the gradient of the mean over batches of 128, so 4/128 on that of each picture',
      params: { lambda: 0.03125, reach: 3, power: 1, statistics: 'running', units: 'normalised' },
      settings: asInCode,
    },
    {
      id: 'paper',
      title: 'As in the paper',
      source:
        'Moosavi-Dezfooli et al. 2019: squared length of each picture; weight and reach of the re-implementation',
      params: { lambda: 4, reach: 3, power: 2, statistics: 'running', units: 'normalised' },
      settings: noRamp,
    },
  ],
  needs: {},
  build(
    { images, labels, task, sampleWeight, ramp, forward, meanLoss },
    { lambda, reach, power, statistics, units },
  ) {
    const { logits } = forward(images);
    const terms: Record<string, Tensor> = { class: meanLoss(classLoss(logits, labels, task)) };
    if (lambda === 0) return totalOf(terms, logits);
    const pass: PassOptions = { mode: statistics === 'running' ? 'eval' : 'train', keepStatistics: true };
    const gradientsAt = (images: Tensor): Tensor =>
      gradientsOf(
        sum(mul(classLoss(forward(images, pass).logits, labels, task), sampleWeight)),
        images,
        units,
      );
    const here = gradientsAt(images);
    const away = mul(l2Normalise(sign(here), [1, 2, 3]), scalar(reach));
    const there = gradientsAt(identity(add(images, stopGradient(inPixels(away, units)))));
    const change = normOf(sub(there, here), [1, 2, 3], '2', power);
    terms.curvature = mul(meanOver(change, sampleWeight), mul(ramp, scalar(lambda)));
    return totalOf(terms, logits);
  },
});
