// MATLAB files of version 5 made on the spot: arrays of numbers, packed or not.

import { deflateSync } from 'node:zlib';

const element = (type: number, bytes: Uint8Array): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(type, 0);
  head.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([head, bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
};

export function madeMat(
  arrays: Record<string, { sizes: number[]; values: Uint8Array | Float64Array }>,
  isPacked = true,
): Buffer {
  const head = Buffer.alloc(128);
  head.write('MATLAB 5.0 MAT-file');
  head.writeUInt16LE(0x0100, 124);
  head.write('IM', 126);
  const all = Object.entries(arrays).map(([name, { sizes, values }]) => {
    const isBytes = values instanceof Uint8Array;
    const matrix = element(
      14,
      Buffer.concat([
        element(6, Buffer.from([isBytes ? 9 : 6, 0, 0, 0, 0, 0, 0, 0])),
        element(5, Buffer.from(Int32Array.from(sizes).buffer)),
        element(1, Buffer.from(name)),
        element(isBytes ? 2 : 9, Buffer.from(values.buffer, values.byteOffset, values.byteLength)),
      ]),
    );
    if (!isPacked) return matrix;
    const packed = deflateSync(matrix);
    const tag = Buffer.alloc(8);
    tag.writeUInt32LE(15, 0);
    tag.writeUInt32LE(packed.length, 4);
    return Buffer.concat([tag, packed]);
  });
  return Buffer.concat([head, ...all]);
}
