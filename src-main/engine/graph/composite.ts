// Operations made of others, whose derivatives of any order follow, and the two that change only what `gradient`
// sees.

import { add, exp, log, mul, neg, softplus, sub } from './elementwise.ts';
import { constant, scalar } from './leaf.ts';
import { matmul } from './linear.ts';
import { max, sum } from './reduction.ts';
import { broadcastTo, reshape } from './shaping.ts';
import { graphError, makeTensor, type Tensor } from './tensor.ts';

/** The value of x, treated as constant by `gradient`. */
export function stopGradient(x: Tensor): Tensor {
  return makeTensor('stopGradient', [x], x.shape, {});
}

/**
 * x as a node of its own that no constructor sees through. Needed for `gradient` in a node that is a sum, product or
 * reshape of others: sum(a + b) is built as sum(a) + sum(b) where b is small, and then a + b is no longer part of it.
 */
export function identity(x: Tensor): Tensor {
  return makeTensor('identity', [x], x.shape, {});
}

function logSumExpKeepingAxis(x: Tensor): Tensor {
  // The shift cancels exactly, so it may be constant: its derivative is not part of the function.
  const shift = stopGradient(max(x, -1, true));
  return add(shift, log(sum(exp(sub(x, shift)), -1, true)));
}

/** log sum exp over the last axis, which it removes. */
export function logSumExp(x: Tensor): Tensor {
  return reshape(logSumExpKeepingAxis(x), x.shape.slice(0, -1));
}

/** x - log sum exp x over the last axis. */
export function logSoftmax(x: Tensor): Tensor {
  return sub(x, logSumExpKeepingAxis(x));
}

/** exp x / sum exp x over the last axis. */
export function softmax(x: Tensor): Tensor {
  return exp(logSoftmax(x));
}

/**
 * Cross-entropy of independent yes-or-no answers, element by element, in nats: -t log s(z) - (1 - t) log(1 - s(z)) with
 * s the sigmoid. Both terms are >= 0, so nothing cancels however large the logits.
 * @param logits   any shape
 * @param targets  probabilities in [0, 1], of a shape that broadcasts with it
 */
export function sigmoidCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  return add(mul(targets, softplus(neg(logits))), mul(sub(scalar(1), targets), softplus(logits)));
}

/** Row i holds the weights of the source pixels of target pixel i: [to, from], half-pixel centres. */
function interpolation(from: number, to: number): Tensor {
  const values = new Float32Array(to * from);
  for (let row = 0; row < to; row++) {
    const centre = Math.min(Math.max(((row + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(centre);
    const high = Math.min(low + 1, from - 1);
    values[row * from + low] += 1 - (centre - low);
    values[row * from + high] += centre - low;
  }
  return constant(values, [to, from]);
}

/**
 * Bilinear resize with half-pixel centres and no smoothing before shrinking (PyTorch's align_corners=False).
 * @param x  [batch, channels, h, w]
 * @returns  [batch, channels, height, width]
 */
export function resizeBilinear(x: Tensor, { height, width }: { height: number; width: number }): Tensor {
  if (x.shape.length !== 4) throw graphError('resizeBilinear', `needs 4 axes, not ${x.shape.length}`);
  if (![height, width].every((extent) => Number.isInteger(extent) && extent >= 1)) {
    throw graphError('resizeBilinear', `${height} by ${width} is no size in whole pixels from 1`);
  }
  const [batch, channels, h, w] = x.shape;
  const wide = matmul(reshape(x, [batch * channels * h, w]), interpolation(w, width), { transposeB: true });
  const columns = reshape(wide, [batch * channels, h, width]); // [B*C, h, width]
  const rows = broadcastTo(interpolation(h, height), [batch * channels, height, h]); // [B*C, height, h]
  return reshape(matmul(rows, columns), [batch, channels, height, width]);
}
