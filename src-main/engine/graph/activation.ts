// Activations made of other operations. What they do at 0 is what PyTorch does there.

import { add, erf, exp, mul, relu, select, step, sub } from './elementwise.ts';
import { scalar } from './leaf.ts';
import type { Tensor } from './tensor.ts';

/** x where x > 0, else slope times x; the derivative at 0 is the slope. */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  return mul(x, select(step(x), scalar(1), scalar(slope)));
}

/** x where x > 0, else alpha (exp x - 1); the derivative at 0 is alpha. */
export function elu(x: Tensor, alpha = 1): Tensor {
  const below = mul(x, sub(scalar(1), step(x))); // exp never sees a positive number
  return add(relu(x), mul(scalar(alpha), sub(exp(below), scalar(1))));
}

/** x times the probability that a normal variable is below x: x (1 + erf(x / sqrt 2)) / 2, exactly. */
export function gelu(x: Tensor): Tensor {
  return mul(mul(scalar(0.5), x), add(scalar(1), erf(mul(scalar(Math.SQRT1_2), x))));
}
