// Pictures moved uphill inside the graph: the inner maximisation of objectives that train on the worst picture of a
// ball. Every step is unrolled, so a graph grows by a forward and a backward pass a step; nothing is differentiated
// through the steps, as in all the papers that use them.

import {
  add,
  clip,
  div,
  exp,
  gradient,
  l2Norm,
  l2Normalise,
  log,
  maximum,
  minimum,
  mul,
  scalar,
  sign,
  stopGradient,
  sub,
  type Tensor,
} from '../graph/index.ts';
import type { Noise } from './model.ts';
import { elementCount } from './params.ts';

/** All pictures within `eps` of a picture, by the largest change of a value or by the Euclidean length of the change. */
export interface Ball {
  readonly norm: 'linf' | 'l2';
  /** In pixel values of [0, 1]. */
  readonly eps: number;
}

export interface Ascent extends Ball {
  /** As a multiple of eps. */
  readonly stepSize: number;
  readonly steps: number;
  /** For 'l2', which is projected onto first: the ball unless given, or the pixel range. The points differ. */
  readonly first?: 'ball' | 'range';
}

/**
 * The nearest point of the ball round `centre`, then of [0, 1]; with `first` 'range' the other way round, which stays
 * in [0, 1], since the centre is. Pictures [B, 3, S, S].
 */
export function project(
  x: Tensor,
  centre: Tensor,
  { norm, eps, first = 'ball' }: Ball & Pick<Ascent, 'first'>,
): Tensor {
  if (norm === 'linf') return clip(clip(x, sub(centre, scalar(eps)), add(centre, scalar(eps))), 0, 1);
  const change = sub(first === 'range' ? clip(x, 0, 1) : x, centre);
  const length = maximum(l2Norm(change, [1, 2, 3], true), scalar(1e-12)); // never 0 / 0
  const shortened = add(centre, mul(change, minimum(div(scalar(eps), length), scalar(1))));
  return first === 'range' ? shortened : clip(shortened, 0, 1);
}

/**
 * A point of the ball drawn uniformly, then clipped to [0, 1] unless `clips` is false.
 * @param noise  'start' [B, 3, S, S], uniform; for 'l2' normal, and 'start/radius' [B, 1, 1, 1] uniform
 */
export function randomStart(images: Tensor, { norm, eps }: Ball, noise: Noise, clips = true): Tensor {
  const { shape } = images;
  const inRange = (x: Tensor): Tensor => (clips ? clip(x, 0, 1) : x);
  if (norm === 'linf') {
    const drawn = noise('start', shape, 'uniform');
    return inRange(add(images, mul(sub(drawn, scalar(0.5)), scalar(2 * eps))));
  }
  const direction = l2Normalise(noise('start', shape, 'normal'), [1, 2, 3]);
  // Of a ball's volume in n dimensions, the share r^n lies within r of the centre. 1e-30: never log 0.
  const share = maximum(noise('start/radius', [shape[0], 1, 1, 1], 'uniform'), scalar(1e-30));
  const radius = mul(exp(mul(log(share), scalar(1 / elementCount(shape.slice(1))))), scalar(eps));
  return inRange(add(images, mul(direction, radius)));
}

/**
 * Steepest ascent in the ball: `steps` times x <- project(x + stepSize * eps * u), with u = sign(gradients) for 'linf'
 * (Madry et al. 2018, section 2.1) and gradients / |gradients| for 'l2'.
 * @param images  [B, 3, S, S], centres of the balls
 * @param start   [B, 3, S, S], first x
 * @param score   scalar to climb, of pictures [B, 3, S, S]; a sum of scores of single pictures
 * @returns       [B, 3, S, S] in [0, 1], constant for `gradient`
 */
export function ascend(
  images: Tensor,
  start: Tensor,
  { stepSize, steps, ...ball }: Ascent,
  score: (images: Tensor) => Tensor,
): Tensor {
  let imageTensor = stopGradient(start);
  for (let step = 0; step < steps; step++) {
    const [grads] = gradient(score(imageTensor), [imageTensor]);
    // 1e-12: loss gradients of a model that is sure are short, and still have a direction.
    const direction = ball.norm === 'linf' ? sign(grads) : l2Normalise(grads, [1, 2, 3], 1e-12);
    const moved = add(imageTensor, mul(direction, scalar(stepSize * ball.eps)));
    imageTensor = stopGradient(project(moved, images, ball));
  }
  return imageTensor;
}
