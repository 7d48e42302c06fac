// PNG without native code: label pictures, whose values must come as they are stored, and pictures that
// Fovea itself makes. The core uses these too, and in Electron on Linux the core must not load libvips.

import { readFile } from 'node:fs/promises';
import { decode, encode } from 'fast-png';
import { AppError } from '../contracts/errors.ts';
import { checkPngTexts } from './png-texts.ts';

/** Of a label picture; a larger file is refused unread. */
const maxLabelBytes = 64 * 1024 * 1024;
const maxLabelPixels = 100_000_000;

/**
 * Values of a single-channel picture as stored (palette indices of a palette picture), never resized.
 * @throws AppError 'bad-file' if it is not an 8-bit PNG, is damaged or too large
 */
export async function decodeLabels(
  file: string,
): Promise<{ values: Uint8Array; widthPx: number; heightPx: number }> {
  const refuse = (reason: string, cause?: unknown) =>
    new AppError('bad-file', `${file}: ${reason}`, { file, reason }, cause);
  const bytes = await readFile(file);
  if (bytes.length > maxLabelBytes) throw refuse('it is too large for a label picture');
  // Bytes 16 to 24 of a PNG are its size; looked at before anything is unpacked.
  if (bytes.length < 24 || bytes.readUInt32BE(16) * bytes.readUInt32BE(20) > maxLabelPixels)
    throw refuse(bytes.length < 24 ? 'its content is not that of a PNG' : 'it has too many pixels');
  checkPngTexts(bytes);
  let picture;
  try {
    picture = decode(bytes);
  } catch (thrown) {
    throw refuse((thrown as Error).message.replace(/\s+/g, ' ').trim(), thrown);
  }
  const { data, width, height, channels, depth } = picture;
  if (depth > 8) throw refuse('a label picture has 8 bits a pixel at most');
  const pixels = width * height;
  const values = new Uint8Array(pixels);
  if (depth === 8) for (let i = 0; i < pixels; i++) values[i] = data[i * channels];
  else {
    const perByte = 8 / depth;
    const rowBytes = Math.ceil(width / perByte);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const byte = data[y * rowBytes + Math.floor(x / perByte)];
        values[y * width + x] = (byte >> (8 - depth * ((x % perByte) + 1))) & ((1 << depth) - 1);
      }
  }
  return { values, widthPx: width, heightPx: height };
}

/** PNG of 8-bit pixels [height, width, channels], e.g. of a generated picture or of what an attack made. */
export function encodePng(
  pixels: Uint8Array,
  width: number,
  height: number,
  channels: 1 | 3 | 4 = 3,
): Uint8Array {
  return encode({ data: pixels, width, height, channels, depth: 8 }, { zlib: { level: 6 } });
}
