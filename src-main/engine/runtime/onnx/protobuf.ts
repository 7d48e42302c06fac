// Writes the few protobuf messages of an ONNX model that the lowering needs (onnx.proto, IR version 9).
// A page of our own instead of a package: those still need the schema, and weights never enter the file.

const float32 = 1;
const uint8 = 2;
const int64 = 7;

export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  /** '' is the ONNX standard; others are additions of ONNX Runtime, each in its first version. */
  readonly domain?: string;
}

/** A bare number is an integer; floats and strings say so. */
export type OnnxAttribute =
  number | readonly number[] | { readonly float: number } | { readonly text: string };

export interface OnnxValue {
  readonly name: string;
  /** A text names an extent that is known only when the model runs. */
  readonly shape: readonly (number | string)[];
  /** float32 unless given. */
  readonly type?: 'uint8';
}

export interface OnnxConstant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | BigInt64Array;
}

interface OnnxModel {
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxConstant[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly opset: number;
  /** What the file says of itself to people and programs. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The bytes of a ModelProto. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const graph = join([
    ...model.nodes.map((node) => message(1, encodeNode(node))),
    text(2, 'fovea'),
    ...model.constants.map((constant) => message(5, encodeConstant(constant))),
    ...model.inputs.map((value) => message(11, encodeValue(value))),
    ...model.outputs.map((value) => message(12, encodeValue(value))),
  ]);
  return join([
    integer(1, 9),
    text(2, 'fovea'),
    message(7, graph),
    message(8, join([text(1, ''), integer(2, model.opset)])),
    ...[...new Set(model.nodes.map(({ domain = '' }) => domain))]
      .filter((domain) => domain !== '')
      .map((domain) => message(8, join([text(1, domain), integer(2, 1)]))),
    ...Object.entries(model.metadata ?? {}).map(([key, value]) =>
      message(14, join([text(1, key), text(2, value)])),
    ),
  ]);
}

function encodeNode(node: OnnxNode): Uint8Array {
  return join([
    ...node.inputs.map((name) => text(1, name)),
    ...node.outputs.map((name) => text(2, name)),
    text(3, node.outputs[0]),
    text(4, node.type),
    ...Object.entries(node.attributes ?? {}).map(([name, value]) => message(5, encodeAttribute(name, value))),
    text(7, node.domain ?? ''),
  ]);
}

function encodeAttribute(name: string, value: OnnxAttribute): Uint8Array {
  if (typeof value === 'number') return join([text(1, name), integer(3, value), integer(20, 2)]);
  if ('float' in value) {
    const bytes = new Uint8Array(5);
    bytes[0] = (2 << 3) | 5;
    new DataView(bytes.buffer).setFloat32(1, value.float, true);
    return join([text(1, name), bytes, integer(20, 1)]);
  }
  if ('text' in value) return join([text(1, name), text(4, value.text), integer(20, 3)]);
  return join([text(1, name), ...value.map((item) => integer(8, item)), integer(20, 7)]);
}

function encodeConstant({ name, shape, values }: OnnxConstant): Uint8Array {
  return join([
    ...shape.map((extent) => integer(1, extent)),
    integer(2, values instanceof Float32Array ? float32 : int64),
    text(8, name),
    message(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  ]);
}

function encodeValue({ name, shape, type }: OnnxValue): Uint8Array {
  const extents = join(
    shape.map((extent) => message(1, typeof extent === 'number' ? integer(1, extent) : text(2, extent))),
  );
  const tensorType = join([integer(1, type === 'uint8' ? uint8 : float32), message(2, extents)]);
  return join([text(1, name), message(2, message(1, tensorType))]);
}

function varint(value: number): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

function integer(field: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(field << 3), ...varint(value)]);
}

function text(field: number, value: string): Uint8Array {
  return message(field, new TextEncoder().encode(value));
}

function message(field: number, bytes: Uint8Array): Uint8Array {
  const head = [...varint((field << 3) | 2), ...varint(bytes.length)];
  const result = new Uint8Array(head.length + bytes.length);
  result.set(head);
  result.set(bytes, head.length);
  return result;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let position = 0;
  for (const part of parts) {
    result.set(part, position);
    position += part.length;
  }
  return result;
}
