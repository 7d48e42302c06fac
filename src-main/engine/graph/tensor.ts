// The node of the graph: an operation, its inputs and its shape. Nodes are immutable and made only by the
// functions of this folder; all values are float32; shapes are static. Images are NCHW, filters OIHW.

import { AppError } from '../../contracts/errors.ts';

export type Shape = readonly number[];

type Nothing = Readonly<Record<never, never>>;

/** How a window slides over the two image axes; the same in both. */
export interface WindowAttributes {
  /** Step between windows, pixels. */
  readonly stride: number;
  /** Border added on each of the four sides, pixels. */
  readonly padding: number;
}

export interface ConvAttributes extends WindowAttributes {
  /** Distance between neighbouring taps of a filter, pixels; 1 is a filter without holes. */
  readonly dilation: number;
  /** Channels and filters fall into this many equal parts, each filter seeing the channels of its own part. */
  readonly groups: number;
}

/** Every operation of the closed set, with what it needs to know besides its inputs. */
interface AttributeTable {
  input: { readonly name: string };
  constant: { readonly values: Float32Array };
  neg: Nothing;
  exp: Nothing;
  log: Nothing;
  sqrt: Nothing;
  abs: Nothing;
  sign: Nothing;
  step: Nothing;
  relu: Nothing;
  sigmoid: Nothing;
  tanh: Nothing;
  softplus: Nothing;
  erf: Nothing;
  add: Nothing;
  sub: Nothing;
  mul: Nothing;
  div: Nothing;
  maximum: Nothing;
  minimum: Nothing;
  greater: Nothing;
  equal: Nothing;
  select: Nothing;
  topKMask: { readonly k: number };
  /** Keeps reduced axes as 1. */
  sum: { readonly axes: readonly number[] };
  /** Keeps reduced axes as 1. */
  max: { readonly axes: readonly number[] };
  reshape: Nothing;
  broadcastTo: Nothing;
  transpose: { readonly permutation: readonly number[] };
  concat: { readonly axis: number };
  slice: { readonly starts: readonly number[] };
  pad: { readonly before: readonly number[]; readonly after: readonly number[] };
  matmul: { readonly transposeA: boolean; readonly transposeB: boolean };
  conv: ConvAttributes;
  convInputGrad: ConvAttributes;
  convFilterGrad: ConvAttributes;
  maxPool: WindowAttributes & { readonly window: number };
  maxPoolScatter: WindowAttributes & { readonly window: number };
  maxPoolGather: WindowAttributes & { readonly window: number };
  stopGradient: Nothing;
  identity: Nothing;
}

export type Op = keyof AttributeTable;

export interface TensorOf<K extends Op> {
  /** Larger than the ids of all inputs: sorting by id is a topological order. */
  readonly id: number;
  readonly op: K;
  readonly inputs: readonly Tensor[];
  readonly shape: Shape;
  readonly attributes: AttributeTable[K];
}

export type Tensor = { [K in Op]: TensorOf<K> }[Op];

let lastId = 0;

/** Makes a node as it stands, without simplification; the functions of this folder check shapes before. */
export function makeTensor<K extends Op>(
  op: K,
  inputs: readonly Tensor[],
  shape: Shape,
  attributes: AttributeTable[K],
): Tensor {
  lastId += 1;
  return { id: lastId, op, inputs, shape, attributes } as unknown as Tensor;
}

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** A graph that cannot be built is a bug of the code that builds it. */
export function graphError(op: string, reason: string): AppError {
  return new AppError('internal', `Graph operation ${op}: ${reason}`, { place: op, reason });
}

/** The shape two operands have together by NumPy's rule. */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw graphError(op, `shapes ${showShape(a)} and ${showShape(b)} do not fit together`);
    }
    shape.push(left === 1 ? right : left);
  }
  return shape;
}

/** Axes as sorted numbers in 0..rank-1; negative ones count from the end; all axes when none are given. */
export function normaliseAxes(op: string, rank: number, axes?: number | readonly number[]): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const list = (typeof axes === 'number' ? [axes] : axes).map((axis) => {
    const counted = axis < 0 ? axis + rank : axis;
    if (!Number.isInteger(counted) || counted < 0 || counted >= rank) {
      throw graphError(op, `axis ${axis} is outside a tensor of ${rank} axes`);
    }
    return counted;
  });
  return [...new Set(list)].sort((a, b) => a - b);
}

/** All nodes the outputs are computed from, inputs before users. */
export function topologicalOrder(outputs: readonly Tensor[]): Tensor[] {
  const seen = new Set<Tensor>();
  const waiting = [...outputs];
  for (let tensor = waiting.pop(); tensor !== undefined; tensor = waiting.pop()) {
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    waiting.push(...tensor.inputs);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

/** Those of `inputs` that an output depends on. */
export function reachable(inputs: readonly Tensor[], outputs: readonly Tensor[]): Tensor[] {
  const seen = new Set(topologicalOrder(outputs));
  return inputs.filter((node) => seen.has(node));
}
