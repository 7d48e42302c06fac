// From the graph to one ONNX model: a node or a few for each operation. Inputs and outputs of a program may
// share names (a weight and its next value); in ONNX they may not, so they get different prefixes.

import { AppError } from '../../../contracts/errors.ts';
import {
  simplify,
  topologicalOrder,
  type Op,
  type Shape,
  type Tensor,
  type TensorOf,
} from '../../graph/index.ts';
import type { Program } from '../executor.ts';
import { lowerConv, lowerFilterGrad, lowerInputGrad, type Operand } from './convolution.ts';
import { encodeModel, type OnnxValue } from './protobuf.ts';
import { OnnxWriter } from './writer.ts';

export interface LoweredProgram {
  readonly model: Uint8Array;
  /** The inputs that the outputs depend on. */
  readonly usedInputs: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

export const inputPrefix = 'in:';
export const outputPrefix = 'out:';

/** ReduceMax takes its axes as an input, and ScatterElements adds, from this version on. */
export const opset = 18;

/** A device's own algorithm of an operation; undefined where the usual one serves. */
export type SpecialLowering = (
  writer: OnnxWriter,
  tensor: Tensor,
  operands: readonly Operand[],
) => string | undefined;

export function lowerProgram(
  program: Program,
  specialLowering: SpecialLowering = () => undefined,
): LoweredProgram {
  const names = Object.keys(program.outputs);
  const outputs = simplify(names.map((name) => program.outputs[name]));
  const writer = new OnnxWriter();
  const values = new Map<Tensor, string>();
  const inputs: OnnxValue[] = [];
  const usedInputs: { name: string; shape: readonly number[] }[] = [];
  const begin = (tensor: TensorOf<'input'>): string => {
    const { name } = tensor.attributes;
    inputs.push({ name: inputPrefix + name, shape: tensor.shape });
    usedInputs.push({ name, shape: tensor.shape });
    return inputPrefix + name;
  };
  lowerOutputs(writer, outputs, values, begin, specialLowering);
  names.forEach((name, index) => {
    writer.nodes.push({
      type: 'Identity',
      inputs: [values.get(outputs[index])!],
      outputs: [outputPrefix + name],
    });
  });
  const model = encodeModel({
    nodes: writer.nodes,
    constants: writer.constants,
    inputs,
    outputs: names.map((name, index) => ({ name: outputPrefix + name, shape: outputs[index].shape })),
    opset,
  });
  return { model, usedInputs };
}

/**
 * Adds the nodes of simplified outputs to a model that is being written.
 * @param values  takes the name of every tensor's value
 * @param begin   gives the name of an input's value
 */
export function lowerOutputs(
  writer: OnnxWriter,
  outputs: readonly Tensor[],
  values: Map<Tensor, string>,
  begin: (input: TensorOf<'input'>) => string,
  specialLowering: SpecialLowering = () => undefined,
): void {
  for (const tensor of topologicalOrder(outputs)) {
    if (tensor.op === 'input') {
      values.set(tensor, begin(tensor));
    } else {
      const operands = tensor.inputs.map((source) => ({ name: values.get(source)!, shape: source.shape }));
      values.set(tensor, specialLowering(writer, tensor, operands) ?? lower(writer, tensor, values));
    }
  }
}

/** ONNX names of the operations that map one to one. */
const direct = {
  neg: 'Neg',
  exp: 'Exp',
  log: 'Log',
  sqrt: 'Sqrt',
  abs: 'Abs',
  sign: 'Sign',
  relu: 'Relu',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  erf: 'Erf',
  add: 'Add',
  sub: 'Sub',
  mul: 'Mul',
  div: 'Div',
  maximum: 'Max',
  minimum: 'Min',
} as const satisfies Partial<Record<Op, string>>;

const largestFloat = 3.4028234663852886e38;
const floatType = 1;
const boolType = 9;

function lower(writer: OnnxWriter, tensor: Tensor, values: ReadonlyMap<Tensor, string>): string {
  const operands = tensor.inputs.map((source) => values.get(source)!);
  const [a, b, c] = operands;
  const operand = (index: number): Operand => ({ name: operands[index], shape: tensor.inputs[index].shape });
  const type = (direct as Partial<Record<Op, string>>)[tensor.op];
  if (type !== undefined) return writer.node(type, ofOneRank(writer, tensor, operands));
  switch (tensor.op) {
    case 'constant':
      return writer.floats(tensor.attributes.values, tensor.shape);
    case 'step':
      // max(0, min(1, alpha x)) in one pass instead of Greater and Cast in two. Exact for all normal numbers: alpha
      // times the smallest of them is 4.
      return writer.node('HardSigmoid', [a], { alpha: { float: largestFloat }, beta: { float: 0 } });
    case 'softplus':
      return lowerSoftplus(writer, a, tensor.shape);
    case 'greater':
      return asFloats(writer, writer.node('Greater', [a, b]));
    case 'equal':
      return asFloats(writer, writer.node('Equal', [a, b]));
    case 'select':
      return writer.node('Where', [writer.node('Cast', [a], { to: boolType }), b, c]);
    case 'topKMask':
      return lowerTopKMask(writer, a, tensor.shape, tensor.attributes.k);
    case 'sum':
      // ReduceSumSquare would save the product of sum(mul(x, x)), but takes twice as long as the two together.
      return writer.sum(a, axesToSum(tensor.inputs[0].shape, tensor.attributes.axes), true);
    case 'max':
      return writer.node('ReduceMax', [a, writer.integers(tensor.attributes.axes)], { keepdims: 1 });
    case 'reshape':
      return writer.reshape(a, tensor.shape);
    case 'broadcastTo':
      return writer.node('Expand', [a, writer.integers(tensor.shape)]);
    case 'transpose':
      return writer.transpose(a, tensor.attributes.permutation);
    case 'concat':
      return writer.node('Concat', operands, { axis: tensor.attributes.axis });
    case 'slice': {
      const { starts } = tensor.attributes;
      const ends = starts.map((start, axis) => start + tensor.shape[axis]);
      return writer.slice(
        a,
        starts,
        ends,
        starts.map((_, axis) => axis),
      );
    }
    case 'pad':
      return writer.pad(a, tensor.attributes.before, tensor.attributes.after);
    case 'matmul': {
      const { transposeA, transposeB } = tensor.attributes;
      const flags = { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 };
      if (tensor.shape.length === 2) return writer.node('Gemm', [a, b], flags);
      return writer.node('FusedMatMul', [a, b], flags, 'com.microsoft');
    }
    case 'conv':
      return lowerConv(writer, operand(0), operand(1), tensor.attributes);
    case 'convInputGrad':
      return lowerInputGrad(writer, operand(0), operand(1), tensor.shape, tensor.attributes);
    case 'convFilterGrad':
      return lowerFilterGrad(writer, operand(0), operand(1), tensor.shape, tensor.attributes);
    case 'maxPool':
    case 'maxPoolScatter':
    case 'maxPoolGather':
      return lowerMaxPool(writer, tensor, operands);
    default:
      throw noLowering(tensor.op);
  }
}

/**
 * Where a shorter shape meets one that ends in 1, as a number meets a filter of 1x1, ONNX Runtime goes through it element
 * by element, 20 times as long as when the shorter one begins with ones.
 */
function ofOneRank(writer: OnnxWriter, tensor: Tensor, operands: readonly string[]): readonly string[] {
  const rank = tensor.shape.length;
  if (tensor.shape.at(-1) !== 1) return operands;
  return tensor.inputs.map(({ shape }, i) => {
    if (shape.length === rank) return operands[i];
    const full = [...Array<number>(rank - shape.length).fill(1), ...shape];
    return writer.once(`rank ${rank} ${operands[i]}`, () => writer.reshape(operands[i], full));
  });
}

/** Of a sum over everything also axes of length 1: left out, they take ONNX Runtime 20 times as long. */
const axesToSum = (shape: Shape, axes: readonly number[]): readonly number[] =>
  shape.every((side, axis) => side === 1 || axes.includes(axis)) ? shape.map((_, axis) => axis) : axes;

/** An operation that is neither direct, nor has a case above, nor is gone by then does not fit the type of `op`. */
function noLowering(op: keyof typeof direct | 'input' | 'stopGradient' | 'identity'): AppError {
  return new AppError('internal', `The operation ${op} has no algorithm in ONNX.`, { place: op });
}

function asFloats(writer: OnnxWriter, mask: string): string {
  return writer.node('Cast', [mask], { to: floatType });
}

/**
 * Of layers, max(x, 0) + log(1 + exp(-|x|)), whose passes take a quarter of the time of ONNX Runtime's Softplus, though
 * values below 1e-7 become 0. Those count where logits are judged: of these, Softplus itself.
 */
function lowerSoftplus(writer: OnnxWriter, x: string, shape: Shape): string {
  if (shape.length < 4) return writer.node('Softplus', [x]);
  const small = writer.node('Exp', [writer.node('Neg', [writer.node('Abs', [x])])]);
  const above = writer.node('Log', [writer.node('Add', [small, writer.floats(Float32Array.of(1), [])])]);
  return writer.node('Add', [writer.node('Relu', [x]), above]);
}

function lowerTopKMask(writer: OnnxWriter, x: string, shape: Shape, k: number): string {
  // Of equal elements TopK reports those of the lower index.
  const [, places] = writer.pair('TopK', [x, writer.integers([k])], { axis: -1 });
  const marks = writer.filled(1, [...shape.slice(0, -1), k]);
  return writer.node('ScatterElements', [writer.filled(0, shape), places, marks], { axis: -1 });
}

type MaxPooling = Extract<Tensor, { op: 'maxPool' | 'maxPoolScatter' | 'maxPoolGather' }>;

function lowerMaxPool(writer: OnnxWriter, tensor: MaxPooling, [x, other]: readonly string[]): string {
  const { window, stride, padding } = tensor.attributes;
  const attributes = {
    kernel_shape: [window, window],
    strides: [stride, stride],
    pads: Array<number>(4).fill(padding),
  };
  if (tensor.op === 'maxPool') return writer.node('MaxPool', [x], attributes);
  // Indices count through the whole of x; of equal maxima the kernel reports the first.
  const flatIndices = writer.once(`places ${x} ${window} ${stride} ${padding}`, () =>
    writer.reshape(writer.pair('MaxPool', [x], attributes)[1], [-1]),
  );
  const flat = writer.reshape(other, [-1]);
  if (tensor.op === 'maxPoolGather') {
    return writer.reshape(writer.node('Gather', [flat, flatIndices]), tensor.shape);
  }
  const size = tensor.shape.reduce((product, extent) => product * extent, 1);
  const empty = writer.filled(0, [size]);
  const filled = writer.node('ScatterElements', [empty, flatIndices, flat], { reduction: { text: 'add' } });
  return writer.reshape(filled, tensor.shape);
}
