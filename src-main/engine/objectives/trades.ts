// TRADES: accuracy on plain pictures, and predictions that stay the same within a ball round them.

import { z } from 'zod';
import { add, mul, scalar, stopGradient, sum, type Tensor } from '../graph/index.ts';
import { classLoss, klDivergence } from '../nn/classification.ts';
import { ascend } from '../nn/perturbation.ts';
import { meanOver, objective, refuseSeveral, totalOf } from './objective.ts';
import {
  ascentSteps,
  ballNorm,
  penaltyWeight,
  radius,
  searchPass,
  searchStatistics,
  stepSize,
  asInCode,
} from './parameters.ts';

const schema = z.object({
  lambda: penaltyWeight(
    6,
    'Weight of the penalty on predictions that change within the ball; larger values make the model more robust and less accurate.',
  ),
  norm: ballNorm,
  eps: radius(0.031),
  steps: ascentSteps(10),
  stepSize: stepSize(0.007 / 0.031),
  statistics: searchStatistics('running'),
  plainPasses: z.int().min(1).max(2).default(1).meta({
    title: 'Passes of the plain images',
    help: 'One serves cross-entropy and divergence; or each has its own as in the public code, and the plain images count twice in the running statistics.',
  }),
});

/**
 *   L = cross-entropy(x) + lambda * mean over pictures of KL(p(x) || p(x'))
 *   x' = argmax over the ball round x of KL(p(x) || p(x')), from x + 0.001 N(0, I)
 *
 * Weight gradients reach both predictions of the divergence. In the search p(x) is constant. lambda is the code's beta,
 * 1/lambda of the paper's eq. 5. As in the public code, the start is not clipped, and an L2 search projects onto the
 * pixel range before the ball; its steps are there of 2 eps / steps. Where a gradient is 0 the code draws a direction,
 * and a picture stays here.
 */
export const trades = objective({
  id: 'trades',
  title: 'TRADES',
  summary:
    'Cross-entropy plus a penalty when a perturbation within epsilon changes the prediction. Costs several passes a step; needs no boxes.',
  citation: 'Zhang et al. 2019, arXiv 1901.08573',
  schema,
  presets: [
    {
      id: 'code',
      title: 'As in the code, CIFAR-10',
      source:
        'Zhang et al. 2019, public code: beta 6, step 0.007, search with running statistics, two passes of the plain images',
      params: {
        lambda: 6,
        norm: 'linf',
        eps: 0.031,
        steps: 10,
        stepSize: 0.007 / 0.031,
        statistics: 'running',
        plainPasses: 2,
      },
      settings: asInCode,
    },
  ],
  needs: {},
  build(
    { images, labels, task, sampleWeight, ramp, forward, meanLoss, noise },
    { lambda, statistics, plainPasses, ...ascent },
  ) {
    refuseSeveral('trades', task);
    if (lambda === 0) {
      const { logits } = forward(images);
      return totalOf({ class: meanLoss(classLoss(logits, labels, task)) }, logits);
    }
    const pass = searchPass(statistics);
    const start = add(images, mul(noise('start', images.shape, 'normal'), scalar(0.001)));
    const kept = stopGradient(forward(images, pass).logits);
    const moved = ascend(images, start, { ...ascent, first: 'range' }, (images) =>
      sum(mul(klDivergence(kept, forward(images, pass).logits), sampleWeight)),
    );
    const { logits } = forward(images);
    const ofMoved = forward(moved).logits;
    const divergence = klDivergence(plainPasses === 2 ? forward(images).logits : logits, ofMoved);
    const terms: Record<string, Tensor> = {
      class: meanLoss(classLoss(logits, labels, task)),
      robust: mul(meanOver(divergence, sampleWeight), mul(ramp, scalar(lambda))), // the penalty of eq. 5
    };
    return totalOf(terms, logits);
  },
});
