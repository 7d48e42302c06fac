// What is lowered otherwise for ONNX Runtime's WebGPU provider: operations it lacks (each would be computed on the
// processor, with a copy there and back), its max pooling without places, and filter gradients in an algorithm that fills
// a GPU. All of it uses only operations the provider has.

import { dilatedExtent } from '../../graph/linear.ts';
import { type ConvAttributes, type Shape, type Tensor } from '../../graph/tensor.ts';
import { lowerInputGrad, type Operand } from './convolution.ts';
import type { OnnxWriter } from './writer.ts';

const floatType = 1;

/** @returns the value's name; undefined where the usual algorithm serves */
export function lowerForWebGpu(
  writer: OnnxWriter,
  tensor: Tensor,
  operands: readonly Operand[],
): string | undefined {
  const [a, b] = operands;
  switch (tensor.op) {
    case 'sign':
      return writer.node('Sub', [isPositive(writer, a, 1), isPositive(writer, a, -1)]);
    case 'step':
      return isPositive(writer, a, 1);
    case 'maximum':
      return writer.node('Where', [writer.node('Greater', [a.name, b.name]), a.name, b.name]);
    case 'minimum':
      return writer.node('Where', [writer.node('Greater', [a.name, b.name]), b.name, a.name]);
    case 'softplus':
      return writer.node('Softplus', [a.name]);
    case 'matmul':
      return tensor.shape.length === 2 ? undefined : matmul(writer, operands, tensor.attributes);
    case 'maxPoolGather':
      return gather(writer, a, b, tensor.shape, tensor.attributes);
    case 'maxPoolScatter':
      return scatter(writer, a, b, tensor.attributes);
    default:
      return undefined;
  }
}

/**
 * 1 where side * x > 0, else 0. Exact from 2^-100 on; a larger factor would overflow, and shaders may treat what is
 * infinite as they like.
 */
function isPositive(writer: OnnxWriter, x: Operand, side: 1 | -1): string {
  return writer.node('HardSigmoid', [x.name], { alpha: { float: side * 2 ** 100 }, beta: { float: 0 } });
}

/** Batched products with a transposed operand: the provider has no FusedMatMul, so the operand is turned before. */
function matmul(
  writer: OnnxWriter,
  [a, b]: readonly Operand[],
  { transposeA, transposeB }: { transposeA: boolean; transposeB: boolean },
): string {
  const rotated = ({ name, shape }: Operand, isTransposed: boolean): string => {
    if (!isTransposed) return name;
    const last = shape.length - 1;
    return writer.transpose(name, [...shape.slice(0, -2).map((_, axis) => axis), last, last - 1]);
  };
  return writer.node('MatMul', [rotated(a, transposeA), rotated(b, transposeB)]);
}

/**
 * The provider's ConvTranspose is wrong in groups, so that each group becomes one of its own.
 * @param g  [batch, filters, h, w]
 * @param w  [filters, channels / groups, kernel, kernel]
 */
export function inputGradByGroup(
  writer: OnnxWriter,
  g: Operand,
  w: Operand,
  inputShape: Shape,
  window: ConvAttributes,
): string {
  const { groups } = window;
  const [batch, channels, ...sides] = inputShape;
  const part = ({ name, shape }: Operand, axis: number, index: number): Operand => {
    const own = shape[axis] / groups;
    return {
      name: writer.slice(name, [index * own], [(index + 1) * own], [axis]),
      shape: shape.map((extent, i) => (i === axis ? own : extent)),
    };
  };
  const ownShape = [batch, channels / groups, ...sides];
  const parts = Array.from({ length: groups }, (_, index) =>
    lowerInputGrad(writer, part(g, 1, index), part(w, 0, index), ownShape, { ...window, groups: 1 }),
  );
  return writer.node('Concat', parts, { axis: 1 });
}

/** Workgroups of 32 by 32 results that a large GPU needs to be busy. */
const busyTiles = 256;
/** Largest gathering of shifted images, in floats: 256 MB, what any adapter binds at once. */
const largestColumns = 2 ** 26;

/** Into how many parts a batch is dealt as a rule, so that the GPU has enough to do. */
export function busySplit([filters, channels, kh, kw]: Shape, batch: number, groups: number): number {
  const tiles = groups * Math.ceil(filters / groups / 32) * Math.ceil((channels * kh * kw) / 32);
  const parts = Array.from({ length: batch }, (_, i) => i + 1);
  return parts.find((n) => batch % n === 0 && n * tiles >= busyTiles) ?? batch;
}

/**
 * The gradient of a convolution in its filters as a batched product: every output element is a sum over batch and
 * image, far longer than there are elements, so the batch is dealt into as many parts as it takes to fill the GPU
 * and the parts are summed after. Channels stand last, so that the taps are joined without another transposition.
 * @param x      [batch, channels, height, width]
 * @param g      [batch, filters, h, w]
 * @param split  parts of the batch, which it is a multiple of
 */
export function filterGradInParts(
  writer: OnnxWriter,
  x: Operand,
  g: Operand,
  [filters, channels, kh, kw]: Shape, // channels of one group
  { stride, padding, dilation, groups }: ConvAttributes,
  split: number,
): string {
  const [batch, , height, width] = x.shape;
  const [, , h, w] = g.shape;
  const own = filters / groups;
  const taps = kh * kw;
  const length = (batch / split) * h * w;

  const rows = writer.reshape(
    writer.transpose(writer.reshape(g.name, [split, batch / split, groups, own, h * w]), [0, 2, 3, 1, 4]),
    [split, groups, own, length],
  );
  const rotated = writer.transpose(x.name, [0, 2, 3, 1]);
  const border = [0, padding, padding, 0];
  const images = padding === 0 ? rotated : writer.pad(rotated, border, border);
  const seen = Array.from({ length: taps }, (_, tap) => {
    const [top, left] = [Math.floor(tap / kw) * dilation, (tap % kw) * dilation];
    const ends = [top + (h - 1) * stride + 1, left + (w - 1) * stride + 1];
    const isWhole = stride === 1 && h === height + 2 * padding && w === width + 2 * padding;
    const slice = isWhole ? images : writer.slice(images, [top, left], ends, [1, 2], [stride, stride]);
    return writer.reshape(slice, [batch, h, w, 1, groups * channels]);
  });

  const together = Math.max(1, Math.floor(largestColumns / (batch * h * w * groups * channels)));
  const products: string[] = []; // [groups, own, some taps, channels] each
  for (let start = 0; start < taps; start += together) {
    const some = seen.slice(start, start + together);
    const joined = some.length === 1 ? some[0] : writer.node('Concat', some, { axis: 3 });
    const byGroup =
      groups === 1
        ? joined
        : writer.transpose(
            writer.reshape(joined, [split, length, some.length, groups, channels]),
            [0, 3, 1, 2, 4],
          );
    const columns = writer.reshape(byGroup, [split, groups, length, some.length * channels]);
    const product = writer.node('MatMul', [rows, columns]);
    const summed = split === 1 ? product : writer.sum(product, [0], true);
    products.push(writer.reshape(summed, [filters, some.length, channels]));
  }
  const all = products.length === 1 ? products[0] : writer.node('Concat', products, { axis: 1 });
  return writer.reshape(writer.transpose(all, [0, 2, 1]), [filters, channels, kh, kw]);
}

interface Pooling {
  readonly window: number;
  readonly stride: number;
  readonly padding: number;
}

/** Every plane of the images as each place of the window saw it: [batch * channels, window^2, h, w]. */
function seenByPlaces(
  writer: OnnxWriter,
  x: Operand,
  [, , h, w]: Shape,
  { window, stride, padding }: Pooling,
): string {
  const [batch, channels] = x.shape;
  const border = [0, 0, padding, padding];
  const padded =
    padding === 0 ? x.name : writer.pad(x.name, border, [0, 0, padding + stride, padding + stride]);
  const shifted = Array.from({ length: window * window }, (_, place) => {
    const [top, left] = [Math.floor(place / window), place % window];
    const ends = [top + (h - 1) * stride + 1, left + (w - 1) * stride + 1];
    const seen = writer.slice(padded, [top, left], ends, [2, 3], [stride, stride]);
    return writer.reshape(seen, [batch * channels, 1, h, w]);
  });
  return writer.node('Concat', shifted, { axis: 1 });
}

/** 1 at the place of the window that holds its maximum, the first of equal ones: [batch * channels, window^2, h, w]. */
function maximumPlaces(writer: OnnxWriter, x: Operand, pooled: Shape, pooling: Pooling): string {
  const { window, stride, padding } = pooling;
  return writer.once(`first places ${x.name} ${window} ${stride} ${padding}`, () => {
    const [batch, channels, height, width] = x.shape;
    const [, , h, w] = pooled;
    const best = writer.node('MaxPool', [x.name], {
      kernel_shape: [window, window],
      strides: [stride, stride],
      pads: Array<number>(4).fill(padding),
    });
    const places = window * window;
    const hits = asFloats(
      writer,
      writer.node('Equal', [
        seenByPlaces(writer, x, pooled, pooling),
        writer.reshape(best, [batch * channels, 1, h, w]),
      ]),
    );
    // Earlier places rank higher; places on the border, whose zeros can equal a maximum, do not count.
    const ranks = Float32Array.from({ length: places * h * w }, (_, index) => {
      const place = Math.floor(index / (h * w));
      const top = Math.floor((index % (h * w)) / w) * stride + Math.floor(place / window) - padding;
      const left = (index % w) * stride + (place % window) - padding;
      return top >= 0 && left >= 0 && top < height && left < width ? places - place : 0;
    });
    const ranked = writer.node('Mul', [hits, writer.floats(ranks, [1, places, h, w])]);
    const first = writer.node('ReduceMax', [ranked, writer.integers([1])], { keepdims: 1 });
    return asFloats(writer, writer.node('Equal', [ranked, first]));
  });
}

function gather(writer: OnnxWriter, x: Operand, u: Operand, pooled: Shape, pooling: Pooling): string {
  const places = maximumPlaces(writer, x, pooled, pooling);
  const taken = writer.node('Mul', [places, seenByPlaces(writer, u, pooled, pooling)]);
  return writer.reshape(writer.sum(taken, [1], false), pooled);
}

/** Each place's share is put back by a transposed convolution with filters of a single 1: additions only. */
function scatter(writer: OnnxWriter, x: Operand, g: Operand, pooling: Pooling): string {
  const { window, stride, padding } = pooling;
  const [batch, channels, height, width] = x.shape;
  const [, , h, w] = g.shape;
  const places = maximumPlaces(writer, x, g.shape, pooling);
  const given = writer.node('Mul', [places, writer.reshape(g.name, [batch * channels, 1, h, w])]);
  const count = window * window;
  const ones = Float32Array.from({ length: count * count }, (_, index) =>
    Number(Math.floor(index / count) === index % count),
  );
  const unreached = [
    [height, h],
    [width, w],
  ].map(([extent, windows]) => extent - ((windows - 1) * stride - 2 * padding + dilatedExtent(window, 1)));
  const filled = writer.node('ConvTranspose', [given, writer.floats(ones, [count, 1, window, window])], {
    strides: [stride, stride],
    pads: Array<number>(4).fill(padding),
    output_padding: unreached,
  });
  return writer.reshape(filled, x.shape);
}

function asFloats(writer: OnnxWriter, mask: string): string {
  return writer.node('Cast', [mask], { to: floatType });
}
