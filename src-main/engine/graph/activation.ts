// Activations made of other operations.

import { add, erf, mul } from './elementwise.ts';
import { scalar } from './leaf.ts';
import type { Tensor } from './tensor.ts';

/** x times the probability that a normal variable is below x: x (1 + erf(x / sqrt 2)) / 2, exactly. */
export function gelu(x: Tensor): Tensor {
  return mul(mul(scalar(0.5), x), add(scalar(1), erf(mul(scalar(Math.SQRT1_2), x))));
}
