// Robust attribution regularisation: integrated gradients between a picture and the worst one in a ball stay small.

import { z } from 'zod';
import {
  abs,
  add,
  concat,
  div,
  gradient,
  identity,
  mul,
  reshape,
  scalar,
  sub,
  sum,
  type Tensor,
} from '../graph/index.ts';
import { classLoss } from '../nn/classification.ts';
import { ascend, randomStart } from '../nn/perturbation.ts';
import { meanOver, objective, totalOf, type ObjectiveContext, type ObjectiveGraph } from './objective.ts';
import {
  ascentSteps,
  ballNorm,
  grayLevels,
  penaltyWeight,
  radius,
  searchPass,
  searchStatistics,
  stepSize,
  noRamp,
} from './parameters.ts';

const points = (usual: number, title: string, help: string) =>
  z.int().min(1).max(50).default(usual).meta({ title, help });

const schema = z.object({
  lambda: penaltyWeight(
    1,
    'Weight of the penalty on attributions that change within the ball; larger values keep explanations the same, too large ones stop learning.',
  ),
  points: points(
    10,
    'Points of the path',
    'Points at which the gradient is taken between picture and moved picture; each costs a differentiated pass.',
  ),
  searchPoints: points(
    2,
    'Points in the search',
    'The same during the search; one tenth of the points in the paper.',
  ),
  norm: ballNorm,
  eps: radius(grayLevels(8)),
  steps: ascentSteps(7),
  stepSize: stepSize(0.25),
  clipStart: z.boolean().default(true).meta({
    title: 'Clip the start',
    help: 'The random start of the search is cut to the pixel range, as all later points are; the public code leaves it.',
  }),
  reduction: z.enum(['mean', 'sum']).default('mean').meta({
    title: 'Reduction',
    help: 'Loss and penalty as means over the batch, or as sums as in the code, which multiply the learning rate by the batch size.',
  }),
  statistics: searchStatistics('batch'),
});

/**
 *   IG-NORM       L = cross-entropy(x)  + lambda * |IG(x, x')|_1,  x' maximises |IG(x, x')|_1
 *   IG-SUM-NORM   L = cross-entropy(x') + lambda * |IG(x, x')|_1,  x' maximises L
 *   IG(x, x') = (x' - x) * (1/m) sum_{k=1..m} dl/dz at z = x + (k/m) (x' - x),  l the cross-entropy
 *
 * x' is searched from a random start, since IG is 0 at x. All m points of all pictures go through the network as one
 * batch in train mode, and leave the running statistics alone. |.|_1 sums over channels and pixels.
 */
function withAttributions(
  context: ObjectiveContext,
  params: z.output<typeof schema>,
  classOn: 'plain' | 'moved',
): ObjectiveGraph {
  const { images, labels, task, sampleWeight, ramp, forward, meanLoss, noise } = context;
  const { lambda, reduction, statistics, clipStart, ...ascent } = params;
  const pass = searchPass(statistics);
  const search = (moved: Tensor): Tensor => {
    const attributions = attributionNorm(context, moved, params.searchPoints, pass);
    if (classOn === 'plain') return sum(mul(attributions, sampleWeight));
    const losses = classLoss(forward(moved, pass).logits, labels, task);
    return sum(mul(add(losses, mul(attributions, mul(ramp, scalar(lambda)))), sampleWeight));
  };
  const moved = ascend(images, randomStart(images, ascent, noise, clipStart), ascent, search);
  const { logits } = forward(classOn === 'plain' ? images : moved);
  const attributions = attributionNorm(context, moved, params.points, { keepStatistics: true });
  const factor = reduction === 'sum' ? sum(sampleWeight) : scalar(1);
  const terms: Record<string, Tensor> = {
    class: mul(meanLoss(classLoss(logits, labels, task)), factor),
    attribution: mul(mul(meanOver(attributions, sampleWeight), factor), mul(ramp, scalar(lambda))),
  };
  const graph = totalOf(terms, logits);
  return reduction === 'sum' ? { ...graph, means: { class: 'nothing', attribution: 'nothing' } } : graph;
}

/** |IG(x, moved)|_1 of each picture. [B] */
function attributionNorm(
  { batch, images, labels, task, sampleWeight, forward }: ObjectiveContext,
  moved: Tensor,
  count: number,
  pass: Parameters<ObjectiveContext['forward']>[1],
): Tensor {
  const change = sub(moved, images);
  const along = (of: (share: number) => Tensor): Tensor =>
    concat(
      Array.from({ length: count }, (_, k) => of((k + 1) / count)),
      0,
    );
  const path = identity(along((share) => add(images, mul(change, scalar(share))))); // [m*B, 3, S, S]
  const losses = classLoss(
    forward(path, pass).logits,
    along(() => labels),
    task,
  );
  const [grads] = gradient(
    sum(
      mul(
        losses,
        along(() => sampleWeight),
      ),
    ),
    [path],
  );
  const [, ...pixels] = images.shape;
  const mean = div(sum(reshape(grads, [count, batch, ...pixels]), [0]), scalar(count));
  return sum(abs(mul(change, mean)), [1, 2, 3]);
}

const citation = 'Chen et al. 2019, Robust Attribution Regularization, arXiv 1905.09957';
const published = { norm: 'linf', eps: grayLevels(8), steps: 7, stepSize: 0.25, points: 50, searchPoints: 5 };
const presets = [
  { id: 'gtsrb', data: 'GTSRB', lambda: 1 },
  { id: 'flower', data: 'Flower', lambda: 0.1 },
].map(({ id, data, lambda }) => ({
  id,
  title: `As in the code, ${data}`,
  source:
    'Chen et al. 2019, public code: sums over the batch, 50 points, 5 in the search, a start that is not clipped; its networks have no batch-norm and a slope of 0.1 below 0',
  params: { lambda, ...published, clipStart: false, reduction: 'sum', statistics: 'batch-counted' },
  settings: noRamp,
}));

export const igNorm = objective({
  id: 'ig-norm',
  title: 'IG-NORM',
  summary:
    'Cross-entropy plus a penalty on the integrated gradients of the worst perturbation within epsilon. Costs several passes a step; needs no boxes.',
  citation,
  schema,
  presets,
  needs: {},
  build: (context, params) => withAttributions(context, params, 'plain'),
});

export const igSumNorm = objective({
  id: 'ig-sum-norm',
  title: 'IG-SUM-NORM',
  summary:
    'Adversarial training plus a penalty on the integrated gradients between a picture and its perturbed one. Costs several passes a step; needs no boxes.',
  citation,
  schema,
  presets,
  needs: {},
  build: (context, params) => withAttributions(context, params, 'moved'),
});
