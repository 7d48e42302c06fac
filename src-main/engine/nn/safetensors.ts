// The safetensors format, the form in which weights are exchanged between programs: eight bytes of header length
// (little-endian), a JSON header that names each tensor's type, shape and place, then the tensors' bytes. Files come
// from strangers, so everything the header says is checked before a byte of payload is believed.

import { z } from 'zod';
import { AppError } from '../../contracts/errors.ts';

export const lengthBytes = 8;
/** A header of ten thousand tensors has about a megabyte. */
const headerMaxBytes = 16 * 1024 * 1024;

const bytesOf = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;
type StoredType = keyof typeof bytesOf;

export interface StoredTensor {
  readonly name: string;
  readonly type: StoredType;
  readonly shape: readonly number[];
  /** From the first byte after the header to the byte after the last. */
  readonly begin: number;
  readonly end: number;
}

export interface TensorList {
  /** In order of their place. */
  readonly tensors: readonly StoredTensor[];
  readonly metadata: ReadonlyMap<string, string>;
}

const entrySchema = z.strictObject({
  dtype: z.enum(Object.keys(bytesOf) as [StoredType, ...StoredType[]]),
  shape: z.array(z.int().min(0)).max(8),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});
const metadataSchema = z.record(z.string(), z.string());

/**
 * Length of the header.
 * @param start      first eight bytes of the file
 * @param fileBytes  size of the whole file
 * @throws AppError 'bad-file' naming `file`
 */
export function headerLength(start: Uint8Array, fileBytes: number, file: string): number {
  if (start.length < lengthBytes) throw damaged(file, 'it is too short for a safetensors file');
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  if (length > BigInt(headerMaxBytes))
    throw damaged(
      file,
      `its header claims ${length} bytes; no safetensors file has more than ${headerMaxBytes}`,
    );
  if (lengthBytes + Number(length) > fileBytes) throw damaged(file, 'it ends within its header');
  return Number(length);
}

/**
 * Reads the header and checks it: known types, sizes that fit the shapes, no name twice, and every byte of the
 * payload in exactly one tensor.
 * @param header        the JSON, without the eight bytes before it
 * @param payloadBytes  what follows it in the file
 * @throws AppError 'bad-file' naming `file` and the tensor
 */
export function readHeader(header: Uint8Array, payloadBytes: number, file: string): TensorList {
  let text: string;
  let parsed: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(header);
    parsed = JSON.parse(text);
  } catch {
    throw damaged(file, 'its header is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw damaged(file, 'its header is not a JSON object');
  const twice = repeatedKey(text);
  if (twice !== null) throw damaged(file, `its header has ${JSON.stringify(twice)} twice`);

  const tensors: StoredTensor[] = [];
  let metadata = new Map<string, string>();
  for (const [name, entry] of Object.entries(parsed)) {
    if (name === '__metadata__') {
      const read = metadataSchema.safeParse(entry);
      if (!read.success) throw damaged(file, 'its metadata is not a list of texts', '__metadata__');
      metadata = new Map(Object.entries(read.data));
      continue;
    }
    const read = entrySchema.safeParse(entry);
    if (!read.success) {
      const [issue] = read.error.issues;
      throw damaged(
        file,
        `its entry is wrong at ${issue.path.join('.') || 'its fields'}: ${issue.message}`,
        name,
      );
    }
    const { dtype: type, shape, data_offsets } = read.data;
    const [begin, end] = data_offsets;
    const wanted = shape.reduce((product, side) => product * side, bytesOf[type]);
    if (end > payloadBytes)
      throw damaged(file, `it ends before the tensor does, at byte ${payloadBytes}`, name);
    if (!Number.isSafeInteger(wanted) || end - begin !== wanted)
      throw damaged(
        file,
        `${end - begin} bytes are not a ${type} tensor of shape [${shape.join(', ')}]`,
        name,
      );
    tensors.push({ name, type, shape, begin, end });
  }
  tensors.sort((one, other) => one.begin - other.begin || one.end - other.end);
  let at = 0;
  for (const { name, begin, end } of tensors) {
    if (begin < at) throw damaged(file, 'it shares bytes with another tensor', name);
    if (begin > at) throw damaged(file, `the ${begin - at} bytes before it belong to no tensor`, name);
    at = end;
  }
  if (at !== payloadBytes)
    throw damaged(file, `${payloadBytes - at} bytes after the last tensor belong to none`);
  return { tensors, metadata };
}

/** A key that some object of the JSON text has more than once. JSON.parse would keep the last without a word. */
function repeatedKey(text: string): string | null {
  const open: (Set<string> | null)[] = []; // keys of each object round the current place; null for an array
  for (const [token, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(null);
    else if (token === '}' || token === ']') open.pop();
    else if (colon !== undefined) {
      const key = JSON.parse(token.slice(0, token.length - colon.length)) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return null;
}

export const isFloat = (type: StoredType): boolean =>
  type === 'F32' || type === 'F16' || type === 'BF16' || type === 'F64';

/**
 * A tensor's bytes as float32; F64 is rounded.
 * @throws AppError 'bad-file' for a type that holds no floating-point numbers of 16 bits or more
 */
export function decodeTensor(bytes: Uint8Array, { name, type }: StoredTensor, file: string): Float32Array {
  const own = new Uint8Array(bytes).buffer; // a copy is aligned
  switch (type) {
    case 'F32':
      return new Float32Array(own);
    case 'F64':
      return Float32Array.from(new Float64Array(own));
    case 'BF16': // the upper half of a float32
      return new Float32Array(Uint32Array.from(new Uint16Array(own), (half) => half << 16).buffer);
    case 'F16':
      return Float32Array.from(new Uint16Array(own), fromHalf);
    default:
      throw damaged(file, `${type} is no type for weights`, name);
  }
}

/** IEEE 754 binary16. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Length and header of a file that holds these float32 tensors one after the other. */
export function writeHeader(
  tensors: readonly { name: string; shape: readonly number[] }[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  let at = 0;
  const entries = tensors.map(({ name, shape }) => {
    const begin = at;
    at += shape.reduce((product, side) => product * side, bytesOf.F32);
    return [name, { dtype: 'F32', shape: [...shape], data_offsets: [begin, at] }];
  });
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) });
  const text = new TextEncoder().encode(json);
  const bytes = new Uint8Array(lengthBytes + Math.ceil(text.length / 8) * 8).fill(0x20); // spaces align the payload
  bytes.set(text, lengthBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length - lengthBytes), true);
  return bytes;
}

function damaged(file: string, reason: string, place?: string): AppError {
  return new AppError(
    'bad-file',
    `${file} cannot be read as weights: ${place ? `${place}: ` : ''}${reason}`,
    {
      file,
      reason,
      ...(place !== undefined && { place }),
    },
  );
}
