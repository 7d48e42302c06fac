// The search for the worst picture in a ball: where it may go, and that it goes uphill.

import { describe, expect, it } from 'vitest';
import {
  gradient,
  input,
  mul,
  square,
  sub,
  sum,
  type Tensor,
} from '../../../../src-main/engine/graph/index.ts';
import { ascend, project, randomStart, type Ball } from '../../../../src-main/engine/nn/perturbation.ts';
import { randomFromSeed } from '../../../../src-main/engine/nn/random.ts';
import { evaluateReference } from '../../../../src-main/engine/runtime/index.ts';

const [batch, side] = [3, 4];
const count = 3 * side * side;
const shape = [batch, 3, side, side];
const random = randomFromSeed(3);
const drawn = (kind: 'uniform' | 'normal', length = batch * count): Float64Array =>
  Float64Array.from({ length }, () => random[kind]());

const images = input('images', shape);
const feeds: Record<string, Float64Array> = {
  images: drawn('uniform'),
  grads: drawn('normal'),
  start: drawn('uniform'),
  'start/normal': drawn('normal'),
  'start/radius': Float64Array.of(0, 0.5, 1 - 2 ** -24),
};
const valueOf = (x: Tensor): Float64Array => evaluateReference([x], (name) => feeds[name])[0];

/** Of each picture: largest change and Euclidean length of the change. */
const changes = (x: Float64Array): { linf: number; l2: number }[] =>
  Array.from({ length: batch }, (_, b) => {
    const own = Array.from(
      x.subarray(b * count, (b + 1) * count),
      (value, i) => value - feeds.images[b * count + i],
    );
    return { linf: Math.max(...own.map(Math.abs)), l2: Math.hypot(...own) };
  });

const balls: Ball[] = [
  { norm: 'linf', eps: 0.07 },
  { norm: 'l2', eps: 0.4 },
];

describe.each(balls)('in the ball %o', (ball) => {
  const start = randomStart(images, ball, (name, own) =>
    input(name === 'start' && ball.norm === 'l2' ? 'start/normal' : name, own),
  );

  it('a random start lies within and fills it', () => {
    const found = changes(valueOf(start)).map((change) => change[ball.norm]);
    for (const change of found) expect(change).toBeLessThanOrEqual(ball.eps + 1e-7);
    if (ball.norm === 'linf') expect(Math.max(...found)).toBeGreaterThan(0.8 * ball.eps);
    // Radius u^(1/n): 0 at 0, and in 48 dimensions already 0.986 of the way at 0.5; clipping to [0, 1] takes some.
    else {
      expect(found[0]).toBeLessThan(0.3 * ball.eps);
      expect(found[1]).toBeGreaterThan(0.7 * ball.eps);
    }
  });

  it('projection leaves what is inside alone and moves the rest to the rim', () => {
    const inside = valueOf(project(start, images, ball));
    valueOf(start).forEach((value, i) => expect(inside[i]).toBeCloseTo(value, 12));
    for (const change of changes(valueOf(project(mul(images, images), images, ball))))
      expect(change[ball.norm]).toBeLessThanOrEqual(ball.eps + 1e-7);
    expect(valueOf(project(images, images, ball))).toEqual(feeds.images);
  });

  it('ascent climbs a linear score as far as the ball and the pixel range allow', () => {
    const grads = input('grads', shape);
    const score = (images: Tensor): Tensor => sum(mul(images, grads));
    const reached = valueOf(ascend(images, start, { ...ball, steps: 20, stepSize: 0.25 }, score));
    for (const change of changes(reached)) expect(change[ball.norm]).toBeLessThanOrEqual(ball.eps + 1e-7);
    if (ball.norm === 'linf')
      reached.forEach((value, i) => {
        const goal = feeds.images[i] + ball.eps * Math.sign(feeds.grads[i]);
        expect(value).toBeCloseTo(Math.min(1, Math.max(0, goal)), 6);
      });
    for (let b = 0; b < batch; b++) {
      const gain = (x: Float64Array): number =>
        x
          .slice(b * count, (b + 1) * count)
          .reduce((total, value, i) => total + value * feeds.grads[b * count + i], 0);
      expect(gain(reached)).toBeGreaterThan(gain(feeds.images) + 0.2);
    }
  });
});

it('where the score is flat nothing moves, in either norm', () => {
  for (const ball of balls) {
    const still = ascend(images, images, { ...ball, steps: 2, stepSize: 1 }, (x) =>
      sum(square(sub(x, images))),
    );
    expect(valueOf(still)).toEqual(feeds.images);
  }
});

it('the result is constant for the gradient: only what is computed from it learns', () => {
  const [ball] = balls;
  const weight = input('weight', []);
  const moved = ascend(images, images, { ...ball, steps: 1, stepSize: 1 }, (x) => sum(mul(x, weight)));
  const [grad] = gradient(sum(moved), [weight]);
  expect(grad.op).toBe('constant');
});
