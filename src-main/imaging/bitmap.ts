// Readers for the two picture kinds that libvips' prebuilt binary leaves out: Windows BMP and PPM/PGM. Both are held
// whole, so their size is limited before anything is allocated, and by what so few bytes can say.

import { maxSidePx } from './memory.ts';
import { Refused } from './refused.ts';

interface Bitmap {
  /** HWC, 8 bit. */
  pixels: Uint8Array;
  width: number;
  height: number;
  channels: 1 | 3;
}

/** 2^27: 400 MB of pixels. */
export const maxHeldPixels = 134_217_728;
/** Run-length coding says at most 255 pixels in two bytes; beyond this size nothing may be left unsaid. */
const pixelsOfRun = 128;
const alwaysAllowed = 4_194_304;

const cutShort = (have: number, need: number) => new Refused(`it is cut short: ${have} of ${need} bytes`);

/** Throws Refused with the reason. Alpha is dropped: most writers leave it at 0 where none is meant. */
export function readBmp(bytes: Uint8Array): Bitmap {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headBytes = buffer.length < 18 ? 0 : buffer.readUInt32LE(14);
  if (headBytes === 12) throw new Refused('BMP files of OS/2 are not read');
  if (headBytes < 40) throw new Refused('its BMP header is damaged');
  if (buffer.length < 14 + 40) throw cutShort(buffer.length, 14 + headBytes);
  const width = buffer.readInt32LE(18);
  const signedHeight = buffer.readInt32LE(22);
  const height = Math.abs(signedHeight);
  checkSize(width, height);
  const bits = buffer.readUInt16LE(28);
  const compression = buffer.readUInt32LE(30);
  const start = buffer.readUInt32LE(10);
  const image: BmpImage = { buffer, start, width, height, bits, isFromTop: signedHeight < 0 };
  if (compression === rle8 || compression === rle4) {
    if (bits !== (compression === rle8 ? 8 : 4))
      throw new Refused(`${bits} bits a pixel do not go with its coding`);
    return { pixels: coloured(runLengths(image), paletteOf(image, headBytes)), width, height, channels: 3 };
  }
  if (compression !== plain && compression !== bitFields) throw new Refused('its BMP coding is not read');
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  if (start + rowBytes * height > buffer.length) throw cutShort(buffer.length, start + rowBytes * height);
  if (bits === 1 || bits === 4 || bits === 8)
    return {
      pixels: coloured(packed(image, rowBytes), paletteOf(image, headBytes)),
      width,
      height,
      channels: 3,
    };
  if (bits === 16 || bits === 32)
    return {
      pixels: masked(image, rowBytes, channelMasks(image, headBytes, compression)),
      width,
      height,
      channels: 3,
    };
  if (bits !== 24) throw new Refused(`BMP files of ${bits} bits a pixel are not read`);
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0, from = start + rowOf(image, y) * rowBytes; x < width; x++, at += 3, from += 3) {
      pixels[at] = buffer[from + 2];
      pixels[at + 1] = buffer[from + 1];
      pixels[at + 2] = buffer[from];
    }
  return { pixels, width, height, channels: 3 };
}

const [plain, rle8, rle4, bitFields] = [0, 1, 2, 3];

interface BmpImage {
  buffer: Buffer;
  /** Of the pixels, in bytes. */
  start: number;
  width: number;
  height: number;
  bits: number;
  isFromTop: boolean;
}

/** Place in the file of a row counted from the top. */
const rowOf = ({ height, isFromTop }: BmpImage, y: number) => (isFromTop ? y : height - 1 - y);

/** [256 * 3]; colours that the file does not give are black. */
function paletteOf({ buffer, start, bits }: BmpImage, headBytes: number): Uint8Array {
  const palette = new Uint8Array(256 * 3);
  const from = 14 + headBytes;
  const given = Math.floor((Math.min(start, buffer.length) - from) / 4);
  for (let i = 0; i < Math.min(2 ** bits, given); i++)
    for (let c = 0; c < 3; c++) palette[3 * i + c] = buffer[from + 4 * i + 2 - c];
  return palette;
}

function coloured(indices: Uint8Array, palette: Uint8Array): Uint8Array {
  const pixels = new Uint8Array(indices.length * 3);
  for (let i = 0, at = 0; i < indices.length; i++, at += 3) {
    const from = 3 * indices[i];
    pixels[at] = palette[from];
    pixels[at + 1] = palette[from + 1];
    pixels[at + 2] = palette[from + 2];
  }
  return pixels;
}

/** Palette indices of 1, 4 or 8 bits. */
function packed(image: BmpImage, rowBytes: number): Uint8Array {
  const { buffer, start, width, height, bits } = image;
  const indices = new Uint8Array(width * height);
  const perByte = 8 / bits;
  for (let y = 0, at = 0; y < height; y++) {
    const from = start + rowOf(image, y) * rowBytes;
    for (let x = 0; x < width; x++)
      indices[at++] =
        (buffer[from + Math.floor(x / perByte)] >> (8 - bits * ((x % perByte) + 1))) & ((1 << bits) - 1);
  }
  return indices;
}

/** Palette indices from RLE8 or RLE4; what is not said keeps index 0. */
function runLengths(image: BmpImage): Uint8Array {
  const { buffer, start, width, height, bits } = image;
  if (width * height > alwaysAllowed && width * height > pixelsOfRun * (buffer.length - start))
    throw new Refused(`its ${buffer.length} bytes cannot hold ${width} x ${height} pixels`);
  const indices = new Uint8Array(width * height);
  let x = 0;
  let row = 0; // as stored
  const put = (index: number) => {
    if (x < width && row < height) indices[rowOf(image, row) * width + x] = index;
    x++;
  };
  const nibble = (byte: number, i: number) => (i % 2 === 0 ? byte >> 4 : byte & 15);
  for (let at = start; row < height;) {
    if (at + 1 >= buffer.length) throw cutShort(buffer.length, at + 2);
    const [count, value] = [buffer[at], buffer[at + 1]];
    at += 2;
    if (count > 0) for (let i = 0; i < count; i++) put(bits === 8 ? value : nibble(value, i));
    else if (value === 0) [x, row] = [0, row + 1];
    else if (value === 1) break;
    else if (value === 2) {
      if (at + 1 >= buffer.length) throw cutShort(buffer.length, at + 2);
      x += buffer[at];
      row += buffer[at + 1];
      at += 2;
    } else {
      const length = bits === 8 ? value : Math.ceil(value / 2);
      if (at + length > buffer.length) throw cutShort(buffer.length, at + length);
      for (let i = 0; i < value; i++) put(bits === 8 ? buffer[at + i] : nibble(buffer[at + (i >> 1)], i));
      at += length + (length % 2);
    }
  }
  return indices;
}

/** Bit masks of red, green and blue. */
function channelMasks({ buffer, bits }: BmpImage, headBytes: number, compression: number): number[] {
  if (compression === plain) return bits === 16 ? [0x7c00, 0x03e0, 0x001f] : [0xff0000, 0xff00, 0xff];
  if (buffer.length < 66) throw cutShort(buffer.length, 66);
  const masks = [54, 58, 62].map((at) => buffer.readUInt32LE(at));
  if (masks.includes(0)) throw new Refused(`its BMP header of ${headBytes} bytes names no bits for a colour`);
  return masks;
}

function masked(image: BmpImage, rowBytes: number, masks: readonly number[]): Uint8Array {
  const { buffer, start, width, height, bits } = image;
  const pixels = new Uint8Array(width * height * 3);
  const shifts = masks.map((mask) => 31 - Math.clz32(mask & -mask));
  const scales = masks.map((mask, c) => 255 / (mask >>> shifts[c]));
  for (let y = 0, at = 0; y < height; y++) {
    const row = start + rowOf(image, y) * rowBytes;
    for (let x = 0; x < width; x++) {
      const value = bits === 16 ? buffer.readUInt16LE(row + 2 * x) : buffer.readUInt32LE(row + 4 * x);
      for (let c = 0; c < 3; c++) pixels[at++] = Math.round(((value & masks[c]) >>> shifts[c]) * scales[c]);
    }
  }
  return pixels;
}

/** Netpbm P2, P3 (text) and P5, P6 (binary), 8 or 16 bit. Throws Refused with the reason. */
export function readPortablePixmap(bytes: Uint8Array): Bitmap {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const variant = buffer[1] - 48; // the digit after P
  const channels = variant === 3 || variant === 6 ? 3 : 1;
  let at = 2;
  const isSpace = (byte: number) => byte === 32 || (byte >= 9 && byte <= 13);
  const nextNumber = (): number => {
    for (;;) {
      while (at < buffer.length && isSpace(buffer[at])) at++;
      if (buffer[at] !== 35) break; // '#': a comment to the line's end
      while (at < buffer.length && buffer[at] !== 10) at++;
    }
    const start = at;
    while (at < buffer.length && buffer[at] >= 48 && buffer[at] <= 57 && at - start < 10) at++;
    if (at === start) throw new Refused(at >= buffer.length ? 'it is cut short' : `byte ${at} is no number`);
    return Number(buffer.toString('latin1', start, at));
  };
  const width = nextNumber();
  const height = nextNumber();
  const maximum = nextNumber();
  checkSize(width, height);
  if (maximum < 1 || maximum > 65535) throw new Refused(`a largest value of ${maximum} is not allowed`);
  const samples = width * height * channels;
  // Text needs two bytes a number, so no file is allocated for that it cannot fill.
  const sampleBytes = variant < 4 ? 2 : maximum > 255 ? 2 : 1;
  if (buffer.length + 1 - at < samples * sampleBytes) throw new Refused('it is cut short');
  const pixels = new Uint8Array(samples);
  const scale = 255 / maximum;
  if (variant < 4) {
    for (let i = 0; i < samples; i++) pixels[i] = Math.min(255, Math.round(nextNumber() * scale));
    return { pixels, width, height, channels };
  }
  at++; // exactly one white space ends the head
  if (buffer.length - at < samples * sampleBytes) throw new Refused('it is cut short');
  for (let i = 0; i < samples; i++) {
    const value = sampleBytes === 2 ? buffer.readUInt16BE(at + 2 * i) : buffer[at + i];
    pixels[i] = Math.min(255, Math.round(value * scale));
  }
  return { pixels, width, height, channels };
}

function checkSize(width: number, height: number): void {
  if (width < 1 || height < 1) throw new Refused(`a size of ${width} x ${height} is no picture`);
  if (Math.max(width, height) > maxSidePx || width * height > maxHeldPixels)
    throw new Refused(`${width} x ${height} pixels are too many`);
}
