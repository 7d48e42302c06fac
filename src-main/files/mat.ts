// MATLAB's files of version 5, as far as published sets keep labels and pictures in them: arrays of numbers by name.

import { inflateSync } from 'node:zlib';

export interface MatArray {
  sizes: number[];
  /** First axis fastest. */
  values: Uint8Array | Float64Array;
}

/** Thrown for a file that is none, is damaged, or holds more than may be unpacked. */
export class MatError extends Error {}

const COMPRESSED = 15;
const MATRIX = 14;
const HEAD_BYTES = 128;
/** The largest of SVHN takes 1.6 GB. */
const MOST_BYTES = 2_000_000_000;

/** Readers of a number by its type in the file. */
const numbers: Record<number, { size: number; read(view: DataView, at: number): number }> = {
  1: { size: 1, read: (view, at) => view.getInt8(at) },
  2: { size: 1, read: (view, at) => view.getUint8(at) },
  3: { size: 2, read: (view, at) => view.getInt16(at, true) },
  4: { size: 2, read: (view, at) => view.getUint16(at, true) },
  5: { size: 4, read: (view, at) => view.getInt32(at, true) },
  6: { size: 4, read: (view, at) => view.getUint32(at, true) },
  7: { size: 4, read: (view, at) => view.getFloat32(at, true) },
  9: { size: 8, read: (view, at) => view.getFloat64(at, true) },
};
const BYTES = 2;

interface Element {
  type: number;
  bytes: Uint8Array;
  /** Where the next one begins. */
  end: number;
}

/** @throws MatError */
export function readMat(file: Uint8Array): Map<string, MatArray> {
  if (file.length < HEAD_BYTES || String.fromCharCode(file[126], file[127]) !== 'IM')
    throw new MatError('it does not begin as a MATLAB file of version 5 does');
  const arrays = new Map<string, MatArray>();
  for (let at = HEAD_BYTES; at + 8 <= file.length;) {
    let element = elementAt(file, at);
    ({ end: at } = element);
    if (element.type === COMPRESSED) element = elementAt(inflated(element.bytes), 0);
    if (element.type !== MATRIX) continue;
    const array = arrayIn(element.bytes);
    if (array !== null) arrays.set(array.name, array);
  }
  return arrays;
}

function inflated(bytes: Uint8Array): Uint8Array {
  try {
    return inflateSync(bytes, { maxOutputLength: MOST_BYTES });
  } catch {
    throw new MatError('it is damaged, or unpacks to too much');
  }
}

function elementAt(bytes: Uint8Array, at: number): Element {
  if (at + 8 > bytes.length) throw new MatError('it is cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [type, size] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
  // Up to four bytes lie in the tag itself.
  if (type >>> 16 !== 0)
    return {
      type: type & 0xffff,
      bytes: bytes.subarray(at + 4, at + 4 + Math.min(4, type >>> 16)),
      end: at + 8,
    };
  if (at + 8 + size > bytes.length) throw new MatError('it is cut short');
  const end = at + 8 + (type === COMPRESSED ? size : Math.ceil(size / 8) * 8);
  return { type, bytes: bytes.subarray(at + 8, at + 8 + size), end };
}

/** Null for what is no array of numbers: cells, structures, text. */
function arrayIn(matrix: Uint8Array): (MatArray & { name: string }) | null {
  const flags = elementAt(matrix, 0);
  const isNumeric = flags.bytes[0] >= 6 && flags.bytes[0] <= 15;
  const sizes = elementAt(matrix, flags.end);
  const name = elementAt(matrix, sizes.end);
  if (!isNumeric) return null;
  const real = elementAt(matrix, name.end);
  const reader = numbers[real.type];
  if (reader === undefined) return null;
  const shape = numbersIn(sizes.bytes, numbers[5]);
  const count = shape.reduce((product, size) => product * size, 1);
  if (!(count >= 0) || count * reader.size > real.bytes.length) throw new MatError('it is cut short');
  return {
    name: String.fromCharCode(...name.bytes.subarray(0, 64)),
    sizes: [...shape],
    values:
      real.type === BYTES
        ? real.bytes.subarray(0, count)
        : numbersIn(real.bytes.subarray(0, count * reader.size), reader),
  };
}

function numbersIn(bytes: Uint8Array, { size, read }: (typeof numbers)[number]): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: Math.floor(bytes.length / size) }, (_, i) => read(view, i * size));
}
