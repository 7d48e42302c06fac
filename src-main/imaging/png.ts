// PNG without native code: label pictures, whose values must come as they are stored, and pictures that
// Fovea itself makes. The core uses these too, and in Electron on Linux the core must not load libvips.

import { readFile, stat } from 'node:fs/promises';
import { inflateSync } from 'node:zlib';
import { decode, encode } from 'fast-png';
import { AppError } from '../contracts/errors.ts';
import { isPngCutShort, plainPng, pngChunks } from './png-chunks.ts';
import { Refused } from './refused.ts';

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
  return labelsIn(await labelBytes(file), file);
}

/** As `decodeLabels`, of a PNG that is at hand. @param file  that it stands in, for people */
export function labelsIn(
  bytes: Buffer,
  file: string,
): { values: Uint8Array; widthPx: number; heightPx: number } {
  const image = decoded(bytes, file, 8);
  const { data, width, height, channels } = image;
  const values = new Uint8Array(width * height);
  if (image.depth < 8) unpack(image, values);
  else for (let i = 0; i < values.length; i++) values[i] = data[i * channels];
  return { values, widthPx: width, heightPx: height };
}

/** What a picture of labels holds in each pixel. */
export interface LabelImage {
  /** Grey values or palette indices as stored, or colours as 0xRRGGBB. */
  values: Uint32Array;
  areColours: boolean;
  /** Colours of the indices, 0xRRGGBB, where there is a palette. */
  palette: number[] | null;
  widthPx: number;
  heightPx: number;
}

/** @throws AppError 'bad-file' if it is no PNG, is damaged or too large */
export async function decodeLabelImage(file: string): Promise<LabelImage> {
  const image = decoded(await labelBytes(file), file, 16);
  const { data, width, height, channels, depth, palette = null } = image;
  const values = new Uint32Array(width * height);
  const areColours = channels >= 3;
  if (depth < 8) unpack(image, values);
  else if (areColours) {
    const shift = depth - 8;
    for (let i = 0, at = 0; i < values.length; i++, at += channels)
      values[i] = ((data[at] >> shift) << 16) | ((data[at + 1] >> shift) << 8) | (data[at + 2] >> shift);
  } else for (let i = 0; i < values.length; i++) values[i] = data[i * channels];
  return {
    values,
    areColours,
    widthPx: width,
    heightPx: height,
    palette: palette === null ? null : palette.map(([red, green, blue]) => (red << 16) | (green << 8) | blue),
  };
}

async function labelBytes(file: string): Promise<Buffer> {
  const { size } = await stat(file);
  if (size > maxLabelBytes) throw refused(file, 'it is too large for a label picture');
  return readFile(file);
}

const refused = (file: string, reason: string, cause?: unknown) =>
  new AppError('bad-file', `${file}: ${reason}`, { file, reason }, cause);

function decoded(bytes: Buffer, file: string, mostBits: number): ReturnType<typeof decode> {
  try {
    checkData(bytes, mostBits);
    return decode(plainPng(bytes));
  } catch (thrown) {
    if (thrown instanceof Refused) throw refused(file, thrown.message, thrown);
    throw refused(file, isPngCutShort(bytes) ? 'it is cut short' : 'its content is damaged', thrown);
  }
}

/** Values of 1, 2 or 4 bits that lie several in a byte. */
function unpack(
  { data, width, height, depth }: ReturnType<typeof decode>,
  values: Uint8Array | Uint32Array,
): void {
  const perByte = 8 / depth;
  const rowBytes = Math.ceil(width / perByte);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const byte = data[y * rowBytes + Math.floor(x / perByte)];
      values[y * width + x] = (byte >> (8 - depth * ((x % perByte) + 1))) & ((1 << depth) - 1);
    }
}

const channelsOf: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Before anything is kept: the size that the head gives, and that the data fills no more than it. */
function checkData(bytes: Buffer, mostBits: number): void {
  if (bytes.length < 33 || bytes.readUInt32BE(0) !== 0x89504e47)
    throw new Refused('its content is not that of a PNG');
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  const depth = bytes[24];
  const channels = channelsOf[bytes[25]] ?? 4;
  if (width * height * channels > maxLabelPixels) throw new Refused('it has too many pixels');
  if (depth > mostBits) throw new Refused(`a label picture has ${mostBits} bits a pixel at most`);
  // Interlaced, each of seven passes has rows and filters of its own.
  const most = 2 * height * (1 + Math.ceil((width * channels * depth) / 8)) + 1024;
  const data = [...pngChunks(bytes)].flatMap(({ type, start, end }) =>
    type === 'IDAT' ? [bytes.subarray(start + 8, end - 4)] : [],
  );
  try {
    inflateSync(Buffer.concat(data), { maxOutputLength: most });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new Refused('its data is more than its size says', { cause: thrown });
    throw thrown;
  }
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
