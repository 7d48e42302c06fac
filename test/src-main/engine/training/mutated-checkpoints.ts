// Damaged checkpoints: bytes that are lost or changed, and files whose checksum is right but whose content makes no
// sense, which is what a program with a mistake in it would write. All drawn from a seed.

import { createHash } from 'node:crypto';
import { AppError } from '../../../../src-main/contracts/errors.ts';
import type { Random } from '../../../../src-main/engine/nn/random.ts';

const hashAt = 8;
const lengthAt = hashAt + 32;
const headerAt = lengthAt + 4;

/** A whole checkpoint of this header, text or JSON, and payload. */
function sealed(magic: Buffer, header: unknown, payload: Buffer, length?: number): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header), 'utf8');
  const padded = Buffer.alloc(Math.ceil(text.length / 4) * 4, 0x20);
  text.copy(padded);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(length ?? padded.length);
  const rest = Buffer.concat([size, padded, payload]);
  return Buffer.concat([magic, createHash('sha256').update(rest).digest(), rest]);
}

const oddValues: readonly unknown[] = [
  ...[null, true, -1, 0, 1, 2, 0.5, 1e9, 1e308, -1e308, Number.MAX_SAFE_INTEGER, 2 ** 40],
  ...['', 'x', '__proto__', '\u0000', 'x'.repeat(5000), [], [null], [1, 2, 3], {}, { x: 1 }],
];

interface Place {
  parent: Record<string, unknown>;
  key: string;
}
/** Every entry of every object and array, at any depth. */
function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const parent = value as Record<string, unknown>;
  return Object.keys(parent).flatMap((key) => [{ parent, key }, ...placesIn(parent[key])]);
}

/** @returns what was done, in a word, and the file */
export function mutated(whole: Buffer, random: Random): { how: string; bytes: Buffer } {
  const bytes = Buffer.from(whole);
  const length = bytes.readUInt32LE(lengthAt);
  const magic = bytes.subarray(0, hashAt);
  const text = bytes.toString('utf8', headerAt, headerAt + length);
  const payload = Buffer.from(bytes.subarray(headerAt + length));
  const one = <T>(list: readonly T[]): T => list[random.below(list.length)];
  const header = JSON.parse(text) as { tensors: { name: string; shape: number[] }[]; record: unknown };
  const how = one([
    'byte',
    'cut',
    'more',
    'leaf',
    'leaf',
    'leaf',
    'key',
    'text',
    'length',
    'tensor',
    'value',
    'empty',
  ]);
  switch (how) {
    case 'byte':
      bytes[random.below(bytes.length)] ^= 1 + random.below(255);
      return { how, bytes };
    case 'cut':
      return { how, bytes: bytes.subarray(0, random.below(bytes.length)) };
    case 'more':
      return {
        how,
        bytes: sealed(magic, header, Buffer.concat([payload, Buffer.alloc(1 + random.below(9))])),
      };
    case 'leaf': {
      for (let times = 1 + random.below(3); times > 0; times--) {
        const places = placesIn(random.below(4) === 0 ? header : header.record);
        if (places.length === 0) break;
        const { parent, key } = one(places);
        parent[key] = one(oddValues);
      }
      return { how, bytes: sealed(magic, header, payload) };
    }
    case 'key': {
      const { parent, key } = one(placesIn(header));
      delete parent[key];
      return { how, bytes: sealed(magic, header, payload) };
    }
    case 'text': {
      const at = random.below(text.length);
      const broken = one([
        text.slice(0, at),
        text.slice(0, at) + one(['}', '"', ',', '\\', '9', ' ']) + text.slice(at + 1),
        '['.repeat(200_000),
        'null',
        '',
      ]);
      return { how, bytes: sealed(magic, broken, payload) };
    }
    case 'length':
      return { how, bytes: sealed(magic, header, payload, one([0, 1, length + 4, 2 ** 31, 2 ** 32 - 1])) };
    case 'tensor': {
      const tensor = one(header.tensors);
      const other = one(header.tensors);
      [tensor.name, other.name] = one([
        [other.name, tensor.name],
        [other.name, other.name],
        ['elsewhere', other.name],
      ]);
      if (random.below(2) === 0) tensor.shape = one([[], [0], [2 ** 50, 2 ** 50], [...tensor.shape, 1], [1]]);
      return { how, bytes: sealed(magic, header, payload) };
    }
    case 'value':
      payload.writeFloatLE(one([NaN, Infinity, -Infinity, 3e38]), 4 * random.below(payload.length / 4));
      return { how, bytes: sealed(magic, header, payload) };
    default:
      return { how, bytes: Buffer.alloc(0) };
  }
}

/** What came of an attempt: 'ok', the code of an error a person can act on, or 'crash' with what was thrown. */
export async function outcomeOf(attempt: () => Promise<unknown>): Promise<string> {
  try {
    await attempt();
    return 'ok';
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown.code;
    return `crash: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`;
  }
}
