// The step that integrated gradients, expected gradients and GradSHAP are made of.

import { add, gradient, identity, mul, sub, sum, type Tensor } from '../graph/index.ts';
import type { SampleContext } from './saliency.ts';
import { scoreOf, type Score } from './score.ts';

/**
 * (x - x0) * d score(x0 + t (x - x0)) / d x: its mean over t in [0, 1] sums to score(x) - score(x0).
 * @param from   x0, broadcast to [N, 3, S, S]
 * @param to     x, [N, 3, S, S]
 * @param place  t, [N, 1, 1, 1]
 * @returns      [N, 3, S, S]
 */
export function pathStep(
  context: SampleContext,
  { from, to, place, score }: { from: Tensor; to: Tensor; place: Tensor; score: Score },
): Tensor {
  const way = sub(to, from);
  const point = identity(add(from, mul(place, way)));
  const [grads] = gradient(sum(scoreOf(context.forward(point).logits, context, score)), [point]);
  return mul(way, grads);
}
