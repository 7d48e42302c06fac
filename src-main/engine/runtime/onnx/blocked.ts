// Convolutions of few channels in the layout that ONNX Runtime's own direct convolution wants: channels in blocks of
// what one vector register holds (NCHWc). The usual Conv makes a matrix of all windows first, which for narrow layers
// takes as long as the product.

import type * as OnnxRuntime from 'onnxruntime-node';
import type { ConvAttributes, TensorOf } from '../../graph/tensor.ts';
import { slidingAttributes, rotatedPads, type Operand } from './convolution.ts';
import { encodeModel } from './protobuf.ts';
import type { OnnxWriter } from './writer.ts';

const domain = 'com.microsoft.nchwc';

/**
 * Up to this many channels, summed over, the blocked algorithm is as fast or faster. Measured on one core with AVX-512,
 * GFLOP/s usual and blocked with its reordering, where a matrix product reaches 88: 3x3 of 32 channels 49 and 60, of 64
 * 57 and 75, of 128 95 and 99, of 192 93 and 97, of 256 102 and 103, of 512 104 and 81; 7x7 of 3 channels 61 and 78;
 * 1x1 of 64 channels 19 and 26, of 256 67 and 54.
 */
const mostChannels = 192;

let known: Promise<number> | undefined;

/**
 * How many channels a block has here, 1 where there is no such convolution. Asked of the library, which decides by
 * the processor. Only on x64: nothing was measured elsewhere.
 */
export function blockSize(runtime: typeof OnnxRuntime): Promise<number> {
  known ??= process.arch === 'x64' ? askBlockSize(runtime) : Promise.resolve(1);
  return known;
}

async function askBlockSize(runtime: typeof OnnxRuntime): Promise<number> {
  const model = encodeModel({
    nodes: [{ type: 'ReorderInput', inputs: ['x'], outputs: ['y'], domain }],
    constants: [],
    inputs: [{ name: 'x', shape: [1, 4, 1, 1] }],
    outputs: [{ name: 'y', shape: [1, 'channels', 1, 1] }],
    opset: 18,
  });
  try {
    const session = await runtime.InferenceSession.create(model, {
      intraOpNumThreads: 1,
      logSeverityLevel: 4,
    });
    const { y } = await session.run({ x: new runtime.Tensor('float32', new Float32Array(4), [1, 4, 1, 1]) });
    await session.release();
    return y.dims[1] >= 8 ? y.dims[1] : 1;
  } catch {
    return 1; // a library without these operations
  }
}

/** Convolutions that have a blocked algorithm: not in groups, and gradients in the images only at stride 1. */
type Blockable = TensorOf<'conv' | 'convInputGrad'>;

/** @param block  channels of a block, above 1 */
export function fitsBlocks(block: number, tensor: Blockable): boolean {
  const { channels, filters } = sides(tensor);
  const isGradient = tensor.op === 'convInputGrad';
  if (isGradient && (channels < block || !rotatedPads(tensor.inputs[1].shape, tensor.attributes)))
    return false;
  const fits = filters % block === 0 && (channels < block || channels % block === 0);
  return fits && tensor.attributes.groups === 1;
}

/** Whether the blocked algorithm is the faster one as a rule. */
export const isNarrow = (tensor: Blockable): boolean => sides(tensor).channels <= mostChannels;

/** The channels that are summed over, those of the gradients in a gradient, and those that come out. */
function sides({ op, inputs: [, w] }: Blockable): { channels: number; filters: number } {
  const [filters, channels] = w.shape;
  return op === 'conv' ? { channels, filters } : { channels: filters, filters: channels };
}

/** Of a convolution that fits. */
export function lowerInBlocks(
  writer: OnnxWriter,
  block: number,
  tensor: Blockable,
  a: Operand,
  b: Operand,
): string {
  return tensor.op === 'conv'
    ? forward(writer, block, tensor.attributes, a, b)
    : inputGrad(writer, block, tensor.attributes, a, b);
}

function forward(
  writer: OnnxWriter,
  block: number,
  attributes: ConvAttributes,
  x: Operand,
  w: Operand,
): string {
  const [filters, channels, kh, kw] = w.shape;
  const weights = writer.once(`blocked ${w.name}`, () => {
    if (channels < block) {
      const split = writer.reshape(w.name, [filters / block, block, channels, kh, kw]);
      return writer.reshape(writer.transpose(split, [0, 2, 3, 4, 1]), w.shape);
    }
    const split = writer.reshape(w.name, [filters / block, block, channels / block, block, kh, kw]);
    return writer.reshape(writer.transpose(split, [0, 2, 4, 5, 3, 1]), w.shape);
  });
  // Fewer channels than a block are read as they are.
  const images = channels < block ? x.name : writer.node('ReorderInput', [x.name], {}, domain);
  return convolve(writer, images, weights, filters, [kh, kw], slidingAttributes(attributes));
}

/** At stride 1 a convolution with the filters rotated round, channels and filters exchanged. */
function inputGrad(
  writer: OnnxWriter,
  block: number,
  attributes: ConvAttributes,
  g: Operand,
  w: Operand,
): string {
  const [filters, channels, kh, kw] = w.shape;
  const pads = rotatedPads(w.shape, attributes)!;
  const taps = kh * kw;
  const weights = writer.once(`blocked and rotated ${w.name}`, () => {
    const split = writer.reshape(w.name, [filters / block, block, channels / block, block, kh, kw]);
    const byTap = writer.reshape(writer.transpose(split, [2, 0, 4, 5, 1, 3]), [
      (channels / block) * (filters / block),
      taps,
      block * block,
    ]);
    const last = Array.from({ length: taps }, (_, tap) => taps - 1 - tap);
    const rotated = taps === 1 ? byTap : writer.node('Gather', [byTap, writer.integers(last)], { axis: 1 });
    return writer.reshape(rotated, [channels, filters, kh, kw]);
  });
  const grads = writer.node('ReorderInput', [g.name], {}, domain);
  return convolve(writer, grads, weights, channels, [kh, kw], { ...slidingAttributes(attributes), pads });
}

function convolve(
  writer: OnnxWriter,
  x: string,
  w: string,
  filters: number,
  window: readonly [number, number],
  attributes: ReturnType<typeof slidingAttributes>,
): string {
  const y = writer.node('Conv', [x, w], { ...attributes, kernel_shape: window }, domain);
  return writer.node('ReorderOutput', [y], { channels: filters }, domain);
}
