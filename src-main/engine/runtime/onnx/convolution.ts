// The gradients of convolution in ONNX, which has no operations for them that ONNX Runtime publishes. Which of
// several equal algorithms is fastest depends on the shapes; what is chosen here was measured on the CPU provider, one
// thread, batch 32, a matrix product reaching 86 GFLOP/s.

import { dilatedExtent } from '../../graph/linear.ts';
import type { ConvAttributes, Shape } from '../../graph/tensor.ts';
import type { OnnxWriter } from './writer.ts';

/** A value of the ONNX graph with its shape. */
export interface Operand {
  readonly name: string;
  readonly shape: Shape;
}

/** a times b transposed, in their last two axes. */
function timesTransposed(writer: OnnxWriter, a: string, b: string): string {
  return writer.node('FusedMatMul', [a, b], { transB: 1 }, 'com.microsoft');
}

/** How Conv and ConvTranspose are told the same. */
export function slidingAttributes({ stride, padding, dilation, groups }: ConvAttributes) {
  return {
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
    dilations: [dilation, dilation],
    group: groups,
  };
}

export function lowerConv(writer: OnnxWriter, x: Operand, w: Operand, window: ConvAttributes): string {
  return writer.node('Conv', [x.name, w.name], slidingAttributes(window));
}

/**
 * Gradient in the images.
 * @param g  [batch, filters, h, w]
 * @param w  [filters, channels / groups, kernel, kernel]
 */
export function lowerInputGrad(
  writer: OnnxWriter,
  g: Operand,
  w: Operand,
  inputShape: Shape,
  window: ConvAttributes,
): string {
  const { groups } = window;
  const pads = rotatedPads(w.shape, window);
  if (!pads) return transposedConv(writer, g, w, inputShape, window);
  const flipped = writer.once(`flipped ${w.name} ${groups}`, () => flipFilters(writer, w, groups));
  return writer.node('Conv', [g.name, flipped], { ...slidingAttributes(window), pads });
}

/** The gradient in the images, of any stride. */
export function transposedConv(
  writer: OnnxWriter,
  g: Operand,
  w: Operand,
  inputShape: Shape,
  window: ConvAttributes,
): string {
  const { stride, padding, dilation } = window;
  // A convolution over g with zeros between, or four small ones with their results interleaved, took 2 to 5 times
  // as long as ConvTranspose. Rows and columns that no window reached get no gradient.
  const unreached = [2, 3].map(
    (axis) =>
      inputShape[axis] -
      ((g.shape[axis] - 1) * stride - 2 * padding + dilatedExtent(w.shape[axis], dilation)),
  );
  return writer.node('ConvTranspose', [g.name, w.name], {
    ...slidingAttributes(window),
    output_padding: unreached,
  });
}

/** The border with which a convolution with rotated filters gives the gradient in the images; undefined if none does. */
export function rotatedPads(
  [, , kh, kw]: Shape,
  { stride, padding, dilation }: ConvAttributes,
): number[] | undefined {
  const [top, left] = [kh, kw].map((taps) => dilatedExtent(taps, dilation) - 1 - padding);
  return stride === 1 && top >= 0 && left >= 0 ? [top, left, top, left] : undefined;
}

/**
 * Filters rotated by 180 degrees with the channels and filters of each group exchanged. Rows are reversed as whole
 * blocks between two transpositions: gathering single elements took 4 times as long, more than the convolution of a
 * 512-channel layer.
 */
function flipFilters(
  writer: OnnxWriter,
  { name, shape: [filters, part, kh, kw] }: Operand,
  groups: number,
): string {
  const channels = part * groups;
  const taps = kh * kw;
  const byGroup = writer.reshape(name, [groups, filters / groups, part * taps]);
  const columns = writer.reshape(writer.transpose(byGroup, [0, 2, 1]), [channels * taps, filters / groups]);
  const order = Array.from(
    { length: channels * taps },
    (_, row) => row - (row % taps) + taps - 1 - (row % taps),
  );
  const rotated =
    taps === 1 ? columns : writer.node('Gather', [columns, writer.integers(order)], { axis: 0 });
  const byChannel = writer.transpose(writer.reshape(rotated, [channels, taps, filters / groups]), [0, 2, 1]);
  return writer.reshape(byChannel, [channels, filters / groups, kh, kw]);
}

/** The algorithms of a gradient in the filters. */
export const filterGradAlgorithms = {
  'taps by group': tapsByGroup,
  'all taps at once': allTapsAtOnce,
  'taps across the batch': tapsAcrossBatch,
  'taps as offsets': tapsAsOffsets,
  'taps by image': tapsByImage,
  'taps gathered': tapsGathered,
} as const;
export type FilterGradAlgorithm = keyof typeof filterGradAlgorithms;

/** @param g  shape of the gradients, [batch, filters, h, w] */
export function filterGradRule(
  [, channels, kh, kw]: Shape,
  [, , h, w]: Shape,
  window: ConvAttributes,
): FilterGradAlgorithm {
  if (window.groups > 1) return 'taps by group';
  if (kh * kw > 1) {
    if (channels < 8) return 'all taps at once';
    if (window.stride > 1 || h * w < 256) return 'taps across the batch';
    if (w >= 32) return 'taps as offsets';
  }
  return 'taps by image';
}

/**
 * Gradient in the filters: for every tap the product of g with the images as that tap saw them.
 * @param x  [batch, channels, height, width]
 * @param g  [batch, filters, h, w]
 */
export function lowerFilterGrad(
  writer: OnnxWriter,
  x: Operand,
  g: Operand,
  filterShape: Shape,
  window: ConvAttributes,
): string {
  return filterGradAlgorithms[filterGradRule(filterShape, g.shape, window)](
    writer,
    x,
    g,
    filterShape,
    window,
  );
}

/** Where each element of a filter stands, pixels from the first. */
function eachTap([, , kh, kw]: Shape, dilation: number): [row: number, column: number][] {
  return Array.from({ length: kh * kw }, (_, tap) => [
    Math.floor(tap / kw) * dilation,
    (tap % kw) * dilation,
  ]);
}

/** The images as each tap saw them, [batch, channels, h * w]. */
function shiftedImages(
  writer: OnnxWriter,
  x: Operand,
  g: Operand,
  filterShape: Shape,
  window: ConvAttributes,
): string[] {
  const { stride, padding } = window;
  const [batch, channels, height, width] = x.shape;
  const [, , h, w] = g.shape;
  const border = [0, 0, padding, padding];
  const padded = padding === 0 ? x.name : writer.pad(x.name, border, border);
  return eachTap(filterShape, window.dilation).map(([row, column]) => {
    const isWhole = stride === 1 && h === height + 2 * padding && w === width + 2 * padding;
    const ends = [row + (h - 1) * stride + 1, column + (w - 1) * stride + 1];
    const seen = isWhole ? padded : writer.slice(padded, [row, column], ends, [2, 3], [stride, stride]);
    return writer.reshape(seen, [batch, channels, h * w]);
  });
}

/** Joins [filters, channels] of every tap to filters. */
function joinTaps(writer: OnnxWriter, taps: readonly string[], filterShape: Shape): string {
  if (taps.length === 1) return writer.reshape(taps[0], filterShape);
  const [filters, channels] = filterShape;
  const columns = taps.map((tap) => writer.reshape(tap, [filters, channels, 1]));
  return writer.reshape(writer.node('Concat', columns, { axis: 2 }), filterShape);
}

/** One matrix product for each image and tap. */
function tapsByImage(
  writer: OnnxWriter,
  x: Operand,
  g: Operand,
  filterShape: Shape,
  window: ConvAttributes,
): string {
  const [batch, filters, h, w] = g.shape;
  const rows = writer.reshape(g.name, [batch, filters, h * w]);
  const taps = shiftedImages(writer, x, g, filterShape, window).map((seen) =>
    writer.sum(timesTransposed(writer, rows, seen), [0], false),
  );
  return joinTaps(writer, taps, filterShape);
}

/** One matrix product for each image, group and tap; a product of elements where a group has one channel. */
function tapsByGroup(
  writer: OnnxWriter,
  x: Operand,
  g: Operand,
  filterShape: Shape,
  window: ConvAttributes,
): string {
  const { groups } = window;
  const [batch, filters, h, w] = g.shape;
  const part = filterShape[1];
  const rows = writer.reshape(g.name, [batch, groups, filters / groups, h * w]);
  const taps = shiftedImages(writer, x, g, filterShape, window).map((shifted) => {
    const seen = writer.reshape(shifted, [batch, groups, part, h * w]);
    const sums =
      part === 1
        ? writer.sum(writer.node('Mul', [rows, seen]), [0, 3], false)
        : writer.sum(timesTransposed(writer, rows, seen), [0], false);
    return writer.reshape(sums, [filters, part]);
  });
  return joinTaps(writer, taps, filterShape);
}

/** One matrix product for each image, as long as all taps together: few channels alone make too small a matrix. */
function allTapsAtOnce(
  writer: OnnxWriter,
  x: Operand,
  g: Operand,
  filterShape: Shape,
  window: ConvAttributes,
): string {
  const [batch, filters, h, w] = g.shape;
  const [, channels, kh, kw] = filterShape;
  const rows = writer.reshape(g.name, [batch, filters, h * w]);
  const columns = writer.node('Concat', shiftedImages(writer, x, g, filterShape, window), { axis: 1 });
  const products = writer.sum(timesTransposed(writer, rows, columns), [0], false); // [K, taps * C]
  const byTap = writer.reshape(products, [filters, kh * kw, channels]);
  return writer.reshape(writer.transpose(byTap, [0, 2, 1]), filterShape);
}

/**
 * One matrix product for each image and tap, at stride 1: with g padded to the width of the padded images, a tap is
 * an offset into the flat image, copied in one piece. Where rows run over the edge, g is 0.
 */
function tapsAsOffsets(
  writer: OnnxWriter,
  x: Operand,
  g: Operand,
  filterShape: Shape,
  window: ConvAttributes,
): string {
  const { padding } = window;
  const [batch, channels, height, width] = x.shape;
  const [, filters, h, w] = g.shape;
  const line = width + 2 * padding;
  const tall = height + 2 * padding + 1; // the last tap's last row reads a little beyond the image
  const border = [0, 0, padding, padding];
  const images = writer.reshape(writer.pad(x.name, border, [0, 0, padding + 1, padding]), [
    batch,
    channels,
    tall * line,
  ]);
  const rows = writer.reshape(writer.pad(g.name, [0, 0, 0, 0], [0, 0, 0, line - w]), [
    batch,
    filters,
    h * line,
  ]);
  const taps = eachTap(filterShape, window.dilation).map(([row, column]) => {
    const start = row * line + column;
    const seen = writer.slice(images, [start], [start + h * line], [2]);
    return writer.sum(timesTransposed(writer, rows, seen), [0], false);
  });
  return joinTaps(writer, taps, filterShape);
}

/** One matrix product for each tap over all images, channels last: for small feature maps of many channels. */
function tapsAcrossBatch(
  writer: OnnxWriter,
  x: Operand,
  g: Operand,
  filterShape: Shape,
  window: ConvAttributes,
): string {
  const { stride, padding } = window;
  const [batch, filters, h, w] = g.shape;
  const channels = x.shape[1];
  const channelsLast = [0, 2, 3, 1];
  const rows = writer.reshape(writer.transpose(g.name, channelsLast), [batch * h * w, filters]);
  const border = [0, padding, padding, 0];
  const rotated = writer.transpose(x.name, channelsLast);
  const images = padding === 0 ? rotated : writer.pad(rotated, border, border);
  const taps = eachTap(filterShape, window.dilation).map(([row, column]) => {
    const ends = [row + (h - 1) * stride + 1, column + (w - 1) * stride + 1];
    const seen = writer.slice(images, [row, column], ends, [1, 2], [stride, stride]);
    return writer.node('Gemm', [rows, writer.reshape(seen, [batch * h * w, channels])], { transA: 1 });
  });
  return joinTaps(writer, taps, filterShape);
}

/**
 * The pixels at places of each image as rows, [places, batch * planes]; 0 outside the image.
 * @param places  row and column
 */
export function gatherPixels(
  writer: OnnxWriter,
  { name, shape: [batch, planes, height, width] }: Operand,
  places: readonly (readonly [row: number, column: number])[],
): string {
  const columns = batch * planes;
  const pixels = writer.transpose(writer.reshape(name, [columns, height * width]), [1, 0]);
  const nothing = height * width; // the row behind the pixels
  const rows = writer.node('Concat', [pixels, writer.filled(0, [1, columns])], { axis: 0 });
  const order = places.map(([row, column]) =>
    row >= 0 && row < height && column >= 0 && column < width ? row * width + column : nothing,
  );
  return writer.node('Gather', [rows, writer.integers(order)], { axis: 0 });
}

/**
 * One product for all taps: what each tap saw is gathered as rows of all images and channels, which ONNX Runtime does on
 * several threads, other than slices.
 */
function tapsGathered(
  writer: OnnxWriter,
  x: Operand,
  g: Operand,
  filterShape: Shape,
  window: ConvAttributes,
): string {
  const { stride, padding } = window;
  const [batch, channels] = x.shape;
  const [, filters, h, w] = g.shape;
  const taps = eachTap(filterShape, window.dilation);
  const places = taps.flatMap(([down, across]) =>
    Array.from({ length: h * w }, (_, place): [number, number] => [
      Math.floor(place / w) * stride + down - padding,
      (place % w) * stride + across - padding,
    ]),
  );
  const seen = gatherPixels(writer, x, places);
  const grads = writer.transpose(writer.reshape(g.name, [batch * filters, h * w]), [1, 0]);
  const products = writer.node(
    'FusedMatMul',
    [
      writer.reshape(grads, [1, h * w * batch, filters]),
      writer.reshape(seen, [taps.length, h * w * batch, channels]),
    ],
    { transA: 1 },
    'com.microsoft',
  );
  const byTap = writer.reshape(products, [taps.length, filters * channels]);
  return writer.reshape(writer.transpose(byTap, [1, 0]), filterShape);
}
