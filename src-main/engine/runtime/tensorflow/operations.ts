// What each operation of the graph is in TensorFlow.js. The table is complete by its type: a new operation does not
// compile until it has an algorithm here. TensorFlow's kernels want channels last, so convolutions turn their operands.

import type * as TensorFlow from '@tensorflow/tfjs-core';
import { dilatedExtent } from '../../graph/linear.ts';
import type { ConvAttributes, Op, Shape, Tensor, TensorOf } from '../../graph/tensor.ts';

type Tf = typeof TensorFlow;
type Value = TensorFlow.Tensor;
type Value4 = TensorFlow.Tensor4D;

export type Operation<T extends Tensor> = (tensor: T, operands: readonly Value[]) => Value;
/** Inputs and constants are values from the start. */
type Computed = Exclude<Op, 'input' | 'constant'>;
type Operations = { [K in Computed]: (tensor: TensorOf<K>, operands: readonly Value[]) => Value };

export function tensorFlowOperations(tf: Tf): Operations {
  const unary =
    (compute: (x: Value) => Value) =>
    (_: unknown, [x]: readonly Value[]): Value =>
      compute(x);
  const binary =
    (compute: (a: Value, b: Value) => Value) =>
    (_: unknown, [a, b]: readonly Value[]): Value =>
      compute(a, b);
  return {
    neg: unary((x) => tf.neg(x)),
    exp: unary((x) => tf.exp(x)),
    log: unary((x) => tf.log(x)),
    sqrt: unary((x) => tf.sqrt(x)),
    abs: unary((x) => tf.abs(x)),
    sign: unary((x) => tf.sign(x)),
    step: unary((x) => tf.cast(tf.greater(x, 0), 'float32')),
    relu: unary((x) => tf.relu(x)),
    sigmoid: unary((x) => tf.sigmoid(x)),
    tanh: unary((x) => tf.tanh(x)),
    softplus: unary((x) => tf.softplus(x)),
    erf: unary((x) => tf.erf(x)),
    add: binary((a, b) => tf.add(a, b)),
    sub: binary((a, b) => tf.sub(a, b)),
    mul: binary((a, b) => tf.mul(a, b)),
    div: binary((a, b) => tf.div(a, b)),
    maximum: binary((a, b) => tf.maximum(a, b)),
    minimum: binary((a, b) => tf.minimum(a, b)),
    greater: binary((a, b) => tf.cast(tf.greater(a, b), 'float32')),
    equal: binary((a, b) => tf.cast(tf.equal(a, b), 'float32')),
    select: (_, [mask, a, b]) => tf.where(tf.cast(mask, 'bool'), a, b),
    topKMask({ shape, attributes }, [x]) {
      const { indices } = tf.topk(x, attributes.k);
      return tf.sum(tf.cast(tf.oneHot(indices, shape[shape.length - 1]), 'float32'), -2);
    },
    sum: ({ attributes }, [x]) => tf.sum(x, [...attributes.axes], true),
    max: ({ attributes }, [x]) => tf.max(x, [...attributes.axes], true),
    reshape: ({ shape }, [x]) => tf.reshape(x, [...shape]),
    broadcastTo: ({ shape }, [x]) => tf.broadcastTo(x, [...shape]),
    transpose: ({ attributes }, [x]) => tf.transpose(x, [...attributes.permutation]),
    concat: ({ attributes }, operands) => tf.concat([...operands], attributes.axis),
    slice: ({ shape, attributes }, [x]) => tf.slice(x, [...attributes.starts], [...shape]),
    pad: ({ attributes: { before, after } }, [x]) =>
      tf.pad(
        x,
        before.map((count, axis) => [count, after[axis]] as [number, number]),
      ),
    matmul: ({ attributes }, [a, b]) => tf.matMul(a, b, attributes.transposeA, attributes.transposeB),
    conv: (tensor, [x, w]) => conv(tf, x, w, tensor.attributes),
    convInputGrad: (tensor, [g, w]) => convInputGrad(tf, g, w, tensor.shape, tensor.attributes),
    convFilterGrad: (tensor, [x, g]) => convFilterGrad(tf, x, g, tensor.shape, tensor.attributes),
    maxPool: ({ attributes }, [x]) =>
      channelsFirst(
        tf,
        tf.maxPool(
          padded(tf, channelsLast(tf, x), attributes.padding, -Infinity),
          attributes.window,
          attributes.stride,
          'valid',
        ),
      ),
    maxPoolGather({ attributes, shape }, [x, u]) {
      const seen = seenByPlaces(tf, u, shape, attributes, 0);
      return sumOf(
        tf,
        maximumPlaces(tf, x, shape, attributes).map((isHere, place) => tf.mul(isHere, seen[place])),
      );
    },
    maxPoolScatter({ attributes, shape }, [x, g]) {
      const places = maximumPlaces(tf, x, g.shape, attributes);
      return sumOf(
        tf,
        places.map((isHere, place) => putBack(tf, tf.mul(isHere, g) as Value4, shape, attributes, place)),
      );
    },
    stopGradient: unary((x) => tf.clone(x)),
    identity: unary((x) => tf.clone(x)),
  };
}

const channelsLast = (tf: Tf, x: Value): Value4 => tf.transpose(x as Value4, [0, 2, 3, 1]);
const channelsFirst = (tf: Tf, x: Value4): Value4 => tf.transpose(x, [0, 3, 1, 2]);

/** @param x channels last */
function padded(tf: Tf, x: Value4, padding: number, value: number): Value4 {
  const border: [number, number] = [padding, padding];
  return padding === 0 ? x : tf.pad(x, [[0, 0], border, border, [0, 0]], value);
}

interface Pooling {
  readonly window: number;
  readonly stride: number;
  readonly padding: number;
}

/** The images as each place of the window sees them, [batch, channels, h, w], with `border` round them. */
function seenByPlaces(
  tf: Tf,
  x: Value,
  [batch, channels, h, w]: Shape,
  { window, stride, padding }: Pooling,
  border: number,
): Value[] {
  const around: [number, number] = [padding, padding];
  const images = padding === 0 ? x : tf.pad(x, [[0, 0], [0, 0], around, around], border);
  return Array.from({ length: window * window }, (_, place) => {
    const [top, left] = [Math.floor(place / window), place % window];
    const ends = [batch, channels, top + (h - 1) * stride + 1, left + (w - 1) * stride + 1];
    return tf.stridedSlice(images, [0, 0, top, left], ends, [1, 1, stride, stride]);
  });
}

/** For each place of the window 1 where it holds the window's maximum, the first of equal ones. */
function maximumPlaces(tf: Tf, x: Value, pooled: Shape, pooling: Pooling): Value[] {
  const seen = seenByPlaces(tf, x, pooled, pooling, -Infinity);
  const best = seen.reduce((one, other) => tf.maximum(one, other));
  let isOpen: Value = tf.onesLike(best);
  return seen.map((values) => {
    const isHere = tf.mul(isOpen, tf.cast(tf.equal(values, best), 'float32'));
    isOpen = tf.sub(isOpen, isHere);
    return isHere;
  });
}

/** Values of windows back at one place of each, zeros elsewhere: [batch, channels, height, width]. */
function putBack(
  tf: Tf,
  values: Value4,
  [batch, channels, height, width]: Shape,
  { window, stride, padding }: Pooling,
  place: number,
): Value {
  const [, , h, w] = values.shape;
  const spread = tf.reshape(
    tf.pad(tf.reshape(values, [batch * channels, h, 1, w, 1]), [
      [0, 0],
      [0, 0],
      [0, stride - 1],
      [0, 0],
      [0, stride - 1],
    ]),
    [batch, channels, h * stride, w * stride],
  );
  // The window's size below and right of all is room enough to cut the padded images out of.
  const around = (extent: number, before: number): [number, number] => [
    before,
    extent + 2 * padding + window,
  ];
  const [top, left] = [Math.floor(place / window), place % window];
  const whole = tf.pad(spread, [[0, 0], [0, 0], around(height, top), around(width, left)]);
  return tf.slice(whole, [0, 0, padding, padding], [batch, channels, height, width]);
}

const sumOf = (tf: Tf, values: readonly Value[]): Value => values.reduce((sum, value) => tf.add(sum, value));

/** One part of an axis for each group. */
const parts = (tf: Tf, x: Value, groups: number, axis: number): Value4[] =>
  groups === 1 ? [x as Value4] : (tf.split(x, groups, axis) as Value4[]);

const joined = (tf: Tf, values: Value4[], axis: number): Value4 =>
  values.length === 1 ? values[0] : tf.concat(values, axis);

/**
 * Filters as TensorFlow has them, [height, width, channels, filters], with zeros between the taps of dilated ones:
 * its gradients know no dilation.
 */
function kernelOf(tf: Tf, w: Value4, dilation: number): Value4 {
  const rotated = tf.transpose(w, [2, 3, 1, 0]);
  if (dilation === 1) return rotated;
  const [kh, kw, channels, filters] = rotated.shape;
  const spread = tf.pad(tf.reshape(rotated, [kh, 1, kw, 1, channels * filters]), [
    [0, 0],
    [0, dilation - 1],
    [0, 0],
    [0, dilation - 1],
    [0, 0],
  ]);
  const whole = tf.reshape(spread, [kh * dilation, kw * dilation, channels, filters]) as Value4;
  return tf.slice(whole, 0, [
    dilatedExtent(kh, dilation),
    dilatedExtent(kw, dilation),
    channels,
    filters,
  ]) as Value4;
}

function conv(tf: Tf, x: Value, w: Value, { stride, padding, dilation, groups }: ConvAttributes): Value {
  const filters = parts(tf, w, groups, 0);
  const results = parts(tf, x, groups, 1).map((part, i) =>
    tf.conv2d(
      padded(tf, channelsLast(tf, part), padding, 0),
      kernelOf(tf, filters[i], dilation),
      stride,
      'valid',
    ),
  );
  return channelsFirst(tf, joined(tf, results, 3));
}

/** The library's kernels of convolution gradients, which it offers only through its own differentiation. */
function gradientKernel(
  tf: Tf,
  name: 'Conv2DBackpropInput' | 'Conv2DBackpropFilter',
  operands: Record<string, Value4>,
  attributes: Record<string, unknown>,
): Value4 {
  return tf.engine().runKernel(
    name,
    operands as unknown as TensorFlow.NamedTensorMap,
    {
      pad: 'valid',
      dataFormat: 'NHWC',
      ...attributes,
    } as unknown as TensorFlow.NamedAttrMap,
  ) as Value4;
}

function convInputGrad(
  tf: Tf,
  g: Value,
  w: Value,
  [batch, channels, height, width]: Shape,
  { stride, padding, dilation, groups }: ConvAttributes,
): Value {
  const filters = parts(tf, w, groups, 0);
  const inputShape = [batch, height + 2 * padding, width + 2 * padding, channels / groups];
  const results = parts(tf, g, groups, 1).map((part, i) => {
    const operands = { dy: channelsLast(tf, part), filter: kernelOf(tf, filters[i], dilation) };
    const whole = gradientKernel(tf, 'Conv2DBackpropInput', operands, {
      strides: [stride, stride],
      inputShape,
    });
    return tf.slice(whole, [0, padding, padding, 0], [batch, height, width, channels / groups]) as Value4;
  });
  return channelsFirst(tf, joined(tf, results, 3));
}

function convFilterGrad(
  tf: Tf,
  x: Value,
  g: Value,
  [filters, channels, kh, kw]: Shape, // channels of one group
  { stride, padding, dilation, groups }: ConvAttributes,
): Value {
  const grads = parts(tf, g, groups, 1);
  const extents = [dilatedExtent(kh, dilation), dilatedExtent(kw, dilation)];
  const filterShape = [...extents, channels, filters / groups];
  const results = parts(tf, x, groups, 1).map((part, i) => {
    const operands = { x: padded(tf, channelsLast(tf, part), padding, 0), dy: channelsLast(tf, grads[i]) };
    const whole = gradientKernel(tf, 'Conv2DBackpropFilter', operands, {
      strides: [stride, stride],
      filterShape,
    });
    const taps = tf.stridedSlice(whole, [0, 0, 0, 0], filterShape, [dilation, dilation, 1, 1]) as Value4;
    return tf.transpose(taps, [3, 2, 0, 1]);
  });
  return joined(tf, results, 0);
}
