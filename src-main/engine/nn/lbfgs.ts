// L-BFGS for smooth functions of a vector, in float64.

/** Writes the gradient and returns the value. */
export type Differentiable = (at: Float64Array, gradient: Float64Array) => number;

export interface Minimum {
  at: Float64Array;
  value: number;
  /** Largest entry of the gradient there, absolute. */
  gradient: number;
  iterations: number;
}

/** Steps that the curvature is made of. */
const remembered = 10;

/**
 * Goes down until the largest entry of the gradient is at most `tolerance`, no step leads further down, or
 * `maxIterations` are over. Line search by bisection to the weak Wolfe conditions (c1 = 1e-4, c2 = 0.9).
 * @see Nocedal & Wright 2006, Numerical Optimization, algorithm 7.4
 */
export function minimise(
  evaluate: Differentiable,
  start: Float64Array,
  { tolerance, maxIterations }: { tolerance: number; maxIterations: number },
): Minimum {
  let at: Float64Array = start.slice();
  let gradient: Float64Array = new Float64Array(at.length);
  let value = evaluate(at, gradient);
  const history: { step: Float64Array; change: Float64Array; curvature: number }[] = [];
  let iterations = 0;
  while (iterations < maxIterations && largest(gradient) > tolerance) {
    let direction = descent(gradient, history);
    let slope = dot(direction, gradient);
    if (!(slope < 0)) {
      history.length = 0;
      direction = gradient.map((one) => -one);
      slope = -dot(gradient, gradient);
    }
    const first = history.length === 0 ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
    const found = search(evaluate, at, value, direction, slope, first);
    if (found === null) {
      if (history.length === 0) break; // rounding is all that is left
      history.length = 0;
      continue;
    }
    iterations++;
    const step = found.at.map((one, i) => one - at[i]);
    const change = found.gradient.map((one, i) => one - gradient[i]);
    const curvature = dot(step, change);
    if (curvature > 0) history.push({ step, change, curvature });
    if (history.length > remembered) history.shift();
    ({ at, gradient, value } = found);
  }
  return { at, value, gradient: largest(gradient), iterations };
}

/** -H g, H from the remembered steps. */
function descent(
  gradient: Float64Array,
  history: readonly { step: Float64Array; change: Float64Array; curvature: number }[],
): Float64Array {
  const direction = gradient.map((one) => -one);
  const factors: number[] = [];
  for (const { step, change, curvature } of history.toReversed()) {
    const factor = dot(step, direction) / curvature;
    factors.push(factor);
    addScaled(direction, change, -factor);
  }
  const last = history.at(-1);
  if (last) {
    const scale = last.curvature / dot(last.change, last.change);
    for (let i = 0; i < direction.length; i++) direction[i] *= scale;
  }
  for (const { step, change, curvature } of history)
    addScaled(direction, step, factors.pop()! - dot(change, direction) / curvature);
  return direction;
}

function search(
  evaluate: Differentiable,
  from: Float64Array,
  value: number,
  direction: Float64Array,
  slope: number,
  first: number,
): { at: Float64Array; gradient: Float64Array; value: number } | null {
  let [low, high, length] = [0, Infinity, first];
  for (let tries = 0; tries < 40; tries++) {
    const at = from.map((one, i) => one + length * direction[i]);
    const gradient = new Float64Array(at.length);
    const reached = evaluate(at, gradient);
    if (!(reached <= value + 1e-4 * length * slope)) high = length;
    else if (dot(direction, gradient) < 0.9 * slope) low = length;
    else return { at, gradient, value: reached };
    length = high === Infinity ? 2 * low : (low + high) / 2;
  }
  return null;
}

function addScaled(to: Float64Array, one: Float64Array, factor: number): void {
  for (let i = 0; i < to.length; i++) to[i] += factor * one[i];
}

function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += one[i] * other[i];
  return sum;
}

function largest(values: Float64Array): number {
  let most = 0;
  for (const one of values) most = Math.max(most, Math.abs(one));
  return most;
}
