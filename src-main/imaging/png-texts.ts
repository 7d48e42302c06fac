// Guard against PNG files whose compressed text chunks blow up: a few kilobytes that inflate to gigabytes.
// Nothing here reads those texts, so the limit may be narrow; Pillow's is the same.

import { inflateSync } from 'node:zlib';

const maxTextBytes = 1024 * 1024;

/** Throws Error with the reason if a zTXt, iTXt or iCCP chunk inflates to more than 1 MiB. */
export function checkPngTexts(bytes: Uint8Array): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= buffer.length;) {
    const length = buffer.readUInt32BE(at);
    const type = buffer.toString('latin1', at + 4, at + 8);
    const start = compressedStart(buffer.subarray(at + 8, at + 8 + length), type);
    if (start !== null) checkInflated(buffer.subarray(at + 8 + start, at + 8 + length), type);
    at += 12 + length;
  }
}

/** Where in a chunk's data the compressed part begins; null if it has none. */
function compressedStart(data: Buffer, type: string): number | null {
  const keywordEnd = data.indexOf(0);
  if (keywordEnd < 0) return null;
  if (type === 'zTXt' || type === 'iCCP') return keywordEnd + 2; // a byte names the method
  if (type !== 'iTXt' || data[keywordEnd + 1] !== 1) return null;
  const languageEnd = data.indexOf(0, keywordEnd + 3);
  const translatedEnd = languageEnd < 0 ? -1 : data.indexOf(0, languageEnd + 1);
  return translatedEnd < 0 ? null : translatedEnd + 1;
}

function checkInflated(compressed: Buffer, type: string): void {
  // Colour profiles of printers are larger than texts.
  const limit = type === 'iCCP' ? 16 * maxTextBytes : maxTextBytes;
  try {
    inflateSync(compressed, { maxOutputLength: limit });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new Error(`its ${type} chunk inflates to more than ${limit} bytes`, { cause: thrown });
    // A damaged text is no reason to refuse the picture.
  }
}
