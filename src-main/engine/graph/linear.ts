// Products that are linear in each operand: matrices and convolutions. {conv, convInputGrad, convFilterGrad}
// is closed under differentiation: each is linear in both operands, and its adjoints are the other two.

import {
  graphError,
  makeTensor,
  sameShape,
  showShape,
  type Shape,
  type ConvAttributes,
  type Tensor,
  type WindowAttributes,
} from './tensor.ts';

/** Stride 1 and no padding where not given. */
export interface WindowOptions {
  readonly stride?: number;
  readonly padding?: number;
}

/** Dilation 1 and one group where not given. */
interface ConvOptions extends WindowOptions {
  readonly dilation?: number;
  readonly groups?: number;
}

/**
 * Matrix product over the last two axes.
 * @param a  [..., m, k], or [..., k, m] with transposeA
 * @param b  [..., k, n], or [..., n, k] with transposeB; leading axes equal to those of a
 * @returns  [..., m, n]
 */
export function matmul(
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false }: { transposeA?: boolean; transposeB?: boolean } = {},
): Tensor {
  const rank = a.shape.length;
  const batch = a.shape.slice(0, -2);
  const [m, k] = transposeA ? [a.shape[rank - 1], a.shape[rank - 2]] : a.shape.slice(-2);
  const [inner, n] = transposeB ? [b.shape[rank - 1], b.shape[rank - 2]] : b.shape.slice(-2);
  if (rank < 2 || b.shape.length !== rank || !sameShape(batch, b.shape.slice(0, -2)) || k !== inner) {
    const flags = `${transposeA ? 'transposed ' : ''}${showShape(a.shape)} and ${transposeB ? 'transposed ' : ''}`;
    throw graphError('matmul', `${flags}${showShape(b.shape)} do not fit together`);
  }
  return makeTensor('matmul', [a, b], [...batch, m, n], { transposeA, transposeB });
}

/** How many windows of the given size fit. */
export function windowCount(extent: number, window: number, { stride, padding }: WindowAttributes): number {
  return Math.floor((extent + 2 * padding - window) / stride) + 1;
}

export function windowAttributes(op: string, { stride = 1, padding = 0 }: WindowOptions): WindowAttributes {
  if (!Number.isInteger(stride) || stride < 1 || !Number.isInteger(padding) || padding < 0) {
    throw graphError(op, `stride ${stride} and padding ${padding} are not whole numbers from 1 and from 0`);
  }
  return { stride, padding };
}

function convAttributes(op: string, options: ConvOptions): ConvAttributes {
  const { dilation = 1, groups = 1 } = options;
  if (!Number.isInteger(dilation) || dilation < 1 || !Number.isInteger(groups) || groups < 1) {
    throw graphError(op, `dilation ${dilation} and groups ${groups} are not whole numbers from 1`);
  }
  return { ...windowAttributes(op, options), dilation, groups };
}

/** How many pixels a filter of so many taps spans. */
export function dilatedExtent(taps: number, dilation: number): number {
  return (taps - 1) * dilation + 1;
}

function convShape(op: string, x: Shape, w: Shape, attributes: ConvAttributes): number[] {
  const { dilation, groups } = attributes;
  const count = (axis: number): number => windowCount(x[axis], dilatedExtent(w[axis], dilation), attributes);
  const shape = [x[0], w[0], count(2), count(3)];
  const fitsGroups = x[1] === w[1] * groups && w[0] % groups === 0;
  if (x.length !== 4 || w.length !== 4 || !fitsGroups || !(shape[2] > 0) || !(shape[3] > 0)) {
    const parts = groups === 1 ? '' : ` in ${groups} groups`;
    throw graphError(op, `images ${showShape(x)} and filters ${showShape(w)}${parts} do not fit together`);
  }
  return shape;
}

/**
 * Two-dimensional cross-correlation, as networks use it. With as many groups as channels it is a depthwise one.
 * @param x  [batch, channels, height, width]
 * @param w  [filters, channels / groups, kernel height, kernel width]
 * @returns  [batch, filters, floor((height + 2 padding - dilation (kernel - 1) - 1) / stride) + 1, ...]
 */
export function conv(x: Tensor, w: Tensor, options: ConvOptions = {}): Tensor {
  const attributes = convAttributes('conv', options);
  return makeTensor('conv', [x, w], convShape('conv', x.shape, w.shape, attributes), attributes);
}

/**
 * The adjoint of conv in x: <conv(x, w), g> = <x, convInputGrad(g, w)>.
 * @param g           [batch, filters, ...], like the result of conv
 * @param inputShape  shape of x, which the shape of g alone does not tell at a stride above 1
 */
export function convInputGrad(g: Tensor, w: Tensor, inputShape: Shape, options: ConvOptions = {}): Tensor {
  const attributes = convAttributes('convInputGrad', options);
  if (!sameShape(convShape('convInputGrad', inputShape, w.shape, attributes), g.shape)) {
    throw graphError(
      'convInputGrad',
      `${showShape(g.shape)} is no result for images ${showShape(inputShape)}`,
    );
  }
  return makeTensor('convInputGrad', [g, w], [...inputShape], attributes);
}

/**
 * The adjoint of conv in w: <conv(x, w), g> = <w, convFilterGrad(x, g)>.
 * @param filterShape  shape of w
 */
export function convFilterGrad(x: Tensor, g: Tensor, filterShape: Shape, options: ConvOptions = {}): Tensor {
  const attributes = convAttributes('convFilterGrad', options);
  if (!sameShape(convShape('convFilterGrad', x.shape, filterShape, attributes), g.shape)) {
    throw graphError(
      'convFilterGrad',
      `${showShape(g.shape)} is no result for filters ${showShape(filterShape)}`,
    );
  }
  return makeTensor('convFilterGrad', [x, g], [...filterShape], attributes);
}
