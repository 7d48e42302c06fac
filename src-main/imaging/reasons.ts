// Why a picture cannot be decoded, in words that a person can act on, from what the file looks like and what libvips
// says of it.

import type { ImageKind } from './kinds.ts';
import { isPngCutShort } from './png-chunks.ts';
import { Refused } from './refused.ts';

const words: readonly [RegExp, string][] = [
  [/pixel limit|too many pixels/i, 'it has too many pixels'],
  [/timeout/i, 'decoding it takes too long'],
  [/premature end|unexpected end|truncat|not enough data|got \d+ bytes, expected/i, 'it is cut short'],
  [/out of memory|memory allocation|malloc/i, 'decoding it takes too much memory'],
  [/unsupported|not supported|no decoding plugin|codec/i, 'it is of a kind that is not read, or damaged'],
];

export function reasonOf(kind: ImageKind, bytes: Uint8Array, thrown: Error): string {
  if (thrown instanceof Refused) return thrown.message;
  if (isCutShort(kind, bytes)) return 'it is cut short';
  return words.find(([pattern]) => pattern.test(thrown.message))?.[1] ?? 'its content is damaged';
}

/** By the lengths that the file itself gives. */
function isCutShort(kind: ImageKind, bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (kind === 'png') return isPngCutShort(bytes);
  if (kind === 'webp') return view.byteLength < 8 || 8 + view.getUint32(4, true) > view.byteLength;
  if (kind === 'tiff')
    return view.byteLength < 8 || view.getUint32(4, bytes[0] === 0x49) + 2 > view.byteLength;
  if (kind !== 'avif') return false;
  for (let at = 0; at < view.byteLength;) {
    if (at + 8 > view.byteLength) return true;
    const size = view.getUint32(at);
    if (size === 0) return false; // to the file's end
    if (size < 8) return false; // larger than 4 GB, or damaged
    if (at + size > view.byteLength) return true;
    at += size;
  }
  return false;
}
