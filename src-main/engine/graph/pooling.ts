// Pooling. {maxPool, maxPoolScatter, maxPoolGather} is closed under differentiation: where the maxima stand
// does not move under a small change of x, so only the values travel, to and from those places.

import { windowAttributes, windowCount, conv, type WindowOptions } from './linear.ts';
import { mul } from './elementwise.ts';
import { max, mean } from './reduction.ts';
import { reshape } from './shaping.ts';
import { ones, scalar } from './leaf.ts';
import { graphError, makeTensor, sameShape, showShape, type Shape, type Tensor } from './tensor.ts';

interface PoolOptions extends WindowOptions {
  readonly window: number;
}

function poolAttributes(op: string, x: Shape, { window, stride = window, padding = 0 }: PoolOptions) {
  const attributes = { window, ...windowAttributes(op, { stride, padding }) };
  const shape = [x[0], x[1], windowCount(x[2], window, attributes), windowCount(x[3], window, attributes)];
  if (
    x.length !== 4 ||
    !Number.isInteger(window) ||
    window < 1 ||
    2 * padding > window ||
    !(shape[2] > 0) ||
    !(shape[3] > 0)
  ) {
    throw graphError(op, `window ${window}, stride ${stride}, padding ${padding} on ${showShape(x)}`);
  }
  return { attributes, shape };
}

/**
 * Largest value of each window; the border is never chosen. The stride is the window if not given.
 * The first of equal maxima, row by row, gets the whole gradient.
 * @param x  [batch, channels, height, width]
 */
export function maxPool(x: Tensor, options: PoolOptions): Tensor {
  const { attributes, shape } = poolAttributes('maxPool', x.shape, options);
  return makeTensor('maxPool', [x], shape, attributes);
}

/** Puts each element of g where its window of x has its maximum, adding where windows share it: shape of x. */
export function maxPoolScatter(x: Tensor, g: Tensor, options: PoolOptions): Tensor {
  const { attributes, shape } = poolAttributes('maxPoolScatter', x.shape, options);
  if (!sameShape(g.shape, shape)) {
    throw graphError('maxPoolScatter', `${showShape(g.shape)} is no result for ${showShape(x.shape)}`);
  }
  return makeTensor('maxPoolScatter', [x, g], x.shape, attributes);
}

/** Takes the element of u that stands where each window of x has its maximum: shape of the pooled x. */
export function maxPoolGather(x: Tensor, u: Tensor, options: PoolOptions): Tensor {
  const { attributes, shape } = poolAttributes('maxPoolGather', x.shape, options);
  if (!sameShape(u.shape, x.shape)) {
    throw graphError('maxPoolGather', `${showShape(u.shape)} is not the shape ${showShape(x.shape)}`);
  }
  return makeTensor('maxPoolGather', [x, u], shape, attributes);
}

/** Mean of each window, the zeros of the border counted. The stride is the window if not given. */
export function averagePool(x: Tensor, options: PoolOptions): Tensor {
  const { attributes, shape } = poolAttributes('averagePool', x.shape, options);
  const { window, stride, padding } = attributes;
  const [batch, channels, height, width] = x.shape;
  // The mean over tiles, where windows do not overlap, took 3 times as long, and its gradient 6 times.
  const sums = conv(reshape(x, [batch * channels, 1, height, width]), ones([1, 1, window, window]), {
    stride,
    padding,
  });
  return reshape(mul(scalar(1 / (window * window)), sums), shape);
}

/** [batch, channels, height, width] -> [batch, channels] */
export function globalAveragePool(x: Tensor): Tensor {
  return mean(x, [2, 3]);
}

/** [batch, channels, height, width] -> [batch, channels]; equal maxima share the gradient equally. */
export function globalMaxPool(x: Tensor): Tensor {
  return max(x, [2, 3]);
}
