// Smooth ReLU and smooth ReLU6: their closed form, and derivatives of first and second order by finite differences.

import { describe, expect, it } from 'vitest';
import { gradient, input, mul, sum, type Tensor } from '../../../../src-main/engine/graph/index.ts';
import { activate, activate6, type Activation } from '../../../../src-main/engine/nn/model.ts';
import { evaluate } from '../training/tiny-network.ts';

const w = 0.25; // constants of a graph are float32, which has this one without rounding
const smooth: Activation = { kind: 'smooth-relu', halfWidth: w };
/** Around every kink, between and far away; no value at an end of a parabola, where the second derivative jumps. */
const places = [
  -50, -1, -0.26, -0.249, -0.1, 0, 0.2, 0.249, 0.26, 3, 5.74, 5.76, 5.9, 6, 6.2, 6.24, 6.26, 700,
];

const rounded = (x: number): number => (x <= -w ? 0 : x >= w ? x : (x + w) ** 2 / (4 * w));
const slope = (x: number): number => (x <= -w ? 0 : x >= w ? 1 : (x + w) / (2 * w));
const bend = (x: number): number => (Math.abs(x) < w ? 1 / (2 * w) : 0);

/** Values, first and second derivatives at `at`. */
function ordersOf(build: (x: Tensor) => Tensor, at: readonly number[]) {
  const x = input('x', [at.length]);
  const y = build(x);
  const [first] = gradient(sum(y), [x]);
  const [second] = gradient(sum(first), [x]);
  return evaluate({ y, first, second }, { x: at });
}

describe.each([
  ['smooth ReLU', (x: Tensor) => activate(x, smooth), (f: (x: number) => number) => f],
  [
    'smooth ReLU6',
    (x: Tensor) => activate6(x, smooth),
    (f: (x: number) => number) => (x: number) => f(x) - f(x - 6),
  ],
] as const)('%s', (_name, build, cut) => {
  it('is nothing below, a parabola around the kink, and what ReLU is beyond', () => {
    const { y, first, second } = ordersOf(build, places);
    places.forEach((x, i) => {
      expect(y[i], `at ${x}`).toBeCloseTo(cut(rounded)(x), 12);
      expect(first[i], `slope at ${x}`).toBeCloseTo(cut(slope)(x), 12);
      expect(second[i], `bend at ${x}`).toBeCloseTo(cut(bend)(x), 12);
    });
  });

  it('has derivatives of first and second order that agree with finite differences', () => {
    const step = 1e-6;
    const [low, high] = [-step, step].map((by) =>
      ordersOf(
        build,
        places.map((x) => x + by),
      ),
    );
    const { first, second } = ordersOf(build, places);
    places.forEach((x, i) => {
      expect((high.y[i] - low.y[i]) / (2 * step), `slope at ${x}`).toBeCloseTo(first[i], 5);
      expect((high.first[i] - low.first[i]) / (2 * step), `bend at ${x}`).toBeCloseTo(second[i], 5);
    });
  });

  it('lets a penalty on its slope reach what comes before it', () => {
    const x = input('x', [1]);
    const scale = input('scale', []);
    const [slopeOf] = gradient(sum(build(mul(scale, x))), [x]);
    const [reached] = gradient(sum(slopeOf), [scale]);
    // d/ds of s f'(s x) at s = 1
    const expected = cut(slope)(0.1) + 0.1 * cut(bend)(0.1);
    expect(evaluate({ reached }, { x: [0.1], scale: [1] }).reached[0]).toBeCloseTo(expected, 12);
  });
});
