// A PNG without what nobody reads. Its texts may be thousands and inflate to gigabytes, and libvips would unpack every
// one of them; only the chunks that say something of the pixels are handed on.

import { inflateSync } from 'node:zlib';
import { Refused } from './refused.ts';

const signatureBytes = 8;
const chunkBytes = 12;
/** Besides the critical ones, whose names begin with a capital. */
const kept = new Set(['tRNS', 'gAMA', 'cHRM', 'sRGB', 'iCCP', 'cICP', 'sBIT', 'eXIf', 'pHYs']);
/** Colour profiles of printers are the largest that are of use. */
const maxProfileBytes = 16 * 1024 * 1024;

interface Chunk {
  type: string;
  /** From the file's beginning, length and checksum included. */
  start: number;
  end: number;
}

/** Whole chunks, in order, to the first IEND or the first that is cut short. */
export function* pngChunks(buffer: Buffer): Generator<Chunk> {
  for (let start = signatureBytes; start + chunkBytes <= buffer.length;) {
    const end = start + chunkBytes + buffer.readUInt32BE(start);
    if (end > buffer.length) return;
    const type = buffer.toString('latin1', start + 4, start + 8);
    yield { type, start, end };
    if (type === 'IEND') return;
    start = end;
  }
}

export function isPngCutShort(bytes: Uint8Array): boolean {
  let last = '';
  for (const { type } of pngChunks(bufferOf(bytes))) last = type;
  return last !== 'IEND';
}

/**
 * The same bytes where there is nothing to leave out.
 * @throws Refused with the reason if the colour profile inflates beyond reason
 */
export function plainPng(bytes: Uint8Array): Uint8Array {
  const buffer = bufferOf(bytes);
  const parts: Buffer[] = [];
  const seen = new Set<string>();
  let from = 0;
  for (const { type, start, end } of pngChunks(buffer)) {
    const isCritical = type[0] <= 'Z';
    if (!isCritical && (!kept.has(type) || seen.has(type))) {
      parts.push(buffer.subarray(from, start));
      from = end;
    } else if (type === 'iCCP') checkProfile(buffer.subarray(start + 8, end - 4));
    seen.add(type);
  }
  return from === 0 ? bytes : Buffer.concat([...parts, buffer.subarray(from)]);
}

const bufferOf = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function checkProfile(data: Buffer): void {
  const nameEnd = data.indexOf(0);
  try {
    inflateSync(data.subarray(nameEnd + 2), { maxOutputLength: maxProfileBytes });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new Refused(`its colour profile inflates to more than ${maxProfileBytes} bytes`, {
        cause: thrown,
      });
    // A damaged profile is no reason to refuse the picture.
  }
}
