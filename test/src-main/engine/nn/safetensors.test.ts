import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  decodeTensor,
  headerLength,
  readHeader,
  writeHeader,
  type TensorList,
} from '../../../../src-main/engine/nn/safetensors.ts';

const reference = fileURLToPath(new URL('../../../fixtures/engine/weights.safetensors', import.meta.url));

/** Length, header and payload of a file as bytes; the header may be any text. */
function fileOf(header: unknown, payloadBytes = 0): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header), 'utf8');
  const bytes = Buffer.alloc(8 + text.length + payloadBytes);
  bytes.writeBigUInt64LE(BigInt(text.length));
  text.copy(bytes, 8);
  return bytes;
}

function read(bytes: Uint8Array): TensorList {
  const length = headerLength(bytes.subarray(0, 8), bytes.length, 'x.safetensors');
  return readHeader(bytes.subarray(8, 8 + length), bytes.length - 8 - length, 'x.safetensors');
}

const tensor = (begin: number, end: number, more: object = {}) => ({
  dtype: 'F32',
  shape: [(end - begin) / 4],
  data_offsets: [begin, end],
  ...more,
});

describe('a safetensors file', () => {
  it('of the reference implementation gives its values, whatever the type', () => {
    const bytes = readFileSync(reference);
    const { tensors, metadata } = read(bytes);
    expect([...metadata]).toEqual([['format', 'pt']]);
    const start = 8 + Number(bytes.readBigUInt64LE());
    const values = (name: string): Float32Array => {
      const found = tensors.find((one) => one.name === name)!;
      return decodeTensor(bytes.subarray(start + found.begin, start + found.end), found, 'x');
    };
    const f32 = [0, -0, 1, -1.5, 65504, 6.1035e-5, 5.9605e-8, 0.333251953125].map(Math.fround);
    expect([...values('f32')]).toEqual(f32);
    expect([...values('f16')]).toEqual([0, -0, 1, -1.5, 65504, 2 ** -14, 2 ** -24, 0.333251953125]);
    expect([...values('bf16')].slice(0, 5)).toEqual([0, -0, 1, -1.5, 65536]);
    expect([...values('f64')]).toEqual([...f32.map((x) => Math.fround(x / 3))]);
    expect(tensors.find(({ name }) => name === 'empty')).toMatchObject({ shape: [0, 3], type: 'F32' });
    expect(() => values('count')).toThrow('count: I64 is no type for weights');
  });

  it('that was written is read again with the same places and metadata', () => {
    const specs = [
      { name: 'a', shape: [2, 3] },
      { name: 'b', shape: [] },
      { name: '__proto__', shape: [1] },
    ];
    const header = writeHeader(specs, { made: 'by “us”' });
    expect(header.length % 8).toBe(0);
    const { tensors, metadata } = read(Buffer.concat([header, Buffer.alloc(32)]));
    expect(tensors.map(({ name, shape, begin, end }) => [name, shape, begin, end])).toEqual([
      ['a', [2, 3], 0, 24],
      ['b', [], 24, 28],
      ['__proto__', [1], 28, 32],
    ]);
    expect([...metadata]).toEqual([['made', 'by “us”']]);
  });

  it.each<[string, Uint8Array, string]>([
    ['is shorter than its length field', new Uint8Array(7), 'too short'],
    ['claims a header of 2^60 bytes', Buffer.from([0, 0, 0, 0, 0, 0, 0, 16]), 'its header claims'],
    ['ends within the header', fileOf('{}').subarray(0, 9), 'ends within its header'],
    ['has a header that is no JSON', fileOf('{"a":'), 'not JSON'],
    [
      'has a header that is no UTF-8',
      Buffer.concat([fileOf('').fill(2, 0, 1), Buffer.from([0xc3, 0x28])]),
      'not JSON',
    ],
    ['has a list for a header', fileOf([]), 'not a JSON object'],
    [
      'names a tensor twice',
      fileOf(`{"a":${JSON.stringify(tensor(0, 4))},"a":${JSON.stringify(tensor(0, 4))}}`, 4),
      'has "a" twice',
    ],
    [
      'names a tensor twice in other letters',
      fileOf(`{"a":${JSON.stringify(tensor(0, 4))},"\\u0061" :${JSON.stringify(tensor(0, 4))}}`, 4),
      'has "a" twice',
    ],
    [
      'gives a tensor two types',
      fileOf('{"a":{"dtype":"F32","dtype":"F64","shape":[1],"data_offsets":[0,4]}}', 4),
      'has "dtype" twice',
    ],
    [
      'has an unknown type',
      fileOf({ a: tensor(0, 4, { dtype: 'F31' }) }, 4),
      'a: its entry is wrong at dtype',
    ],
    [
      'has a negative side',
      fileOf({ a: tensor(0, 4, { shape: [-1] }) }, 4),
      'a: its entry is wrong at shape',
    ],
    [
      'has a side that is no whole number',
      fileOf({ a: tensor(0, 4, { shape: [1.5] }) }, 4),
      'wrong at shape',
    ],
    [
      'has a negative offset',
      fileOf({ a: tensor(0, 4, { data_offsets: [-4, 0] }) }, 4),
      'wrong at data_offsets',
    ],
    [
      'has offsets the wrong way round',
      fileOf({ a: tensor(0, 4, { data_offsets: [4, 0] }) }, 4),
      'are not a F32 tensor',
    ],
    [
      'has a size that does not fit the shape',
      fileOf({ a: tensor(0, 8, { shape: [3] }) }, 8),
      '8 bytes are not a F32 tensor of shape [3]',
    ],
    [
      'has a shape whose size overflows',
      fileOf({ a: tensor(0, 4, { shape: [2 ** 40, 2 ** 40] }) }, 4),
      'are not a F32 tensor',
    ],
    ['is truncated', fileOf({ a: tensor(0, 8) }, 7), 'a: it ends before the tensor does'],
    ['has tensors that overlap', fileOf({ a: tensor(0, 8), b: tensor(4, 12) }, 12), 'b: it shares bytes'],
    ['has a hole', fileOf({ a: tensor(0, 4), b: tensor(8, 12) }, 12), 'b: the 4 bytes before it'],
    ['goes on after the last tensor', fileOf({ a: tensor(0, 4) }, 8), '4 bytes after the last tensor'],
    ['has metadata that is no text', fileOf({ __metadata__: { a: 1 } }), 'metadata'],
    [
      'has more in an entry than belongs there',
      fileOf({ a: tensor(0, 4, { more: 1 }) }, 4),
      'a: its entry is wrong',
    ],
  ])('is refused in one line when it %s', (_, bytes, words) => {
    let thrown: Error | undefined;
    try {
      read(bytes);
    } catch (error) {
      thrown = error as Error;
    }
    expect(thrown).toMatchObject({ code: 'bad-file' });
    expect(thrown!.message).toContain(words);
    expect(thrown!.message).not.toContain('\n');
  });
});
