// Readers for the two picture kinds that libvips' prebuilt binary leaves out: Windows BMP and PPM/PGM.

import { decode as decodeBmp } from 'bmp-ts';

export interface Bitmap {
  /** HWC, 8 bit. */
  pixels: Uint8Array;
  width: number;
  height: number;
  channels: 1 | 3;
}

/** Throws Error with the reason. Alpha is dropped: most writers leave it at 0 where none is meant. */
export function readBmp(bytes: Uint8Array, maxPixels: number): Bitmap {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = Math.abs(buffer.readInt32LE(18));
  const height = Math.abs(buffer.readInt32LE(22));
  checkSize(width, height, maxPixels);
  const bits = buffer.readUInt16LE(28);
  const compression = buffer.readUInt32LE(30);
  if ((compression === 0 || compression === 3) && bits >= 1) {
    const rowBytes = Math.ceil((width * bits) / 32) * 4;
    const needed = buffer.readUInt32LE(10) + rowBytes * height;
    if (needed > buffer.length) throw new Error(`it is cut short: ${buffer.length} of ${needed} bytes`);
  }
  const { data } = decodeBmp(buffer); // [H, W, 4] as ABGR
  const pixels = new Uint8Array(width * height * 3);
  for (let at = 0, from = 0; at < pixels.length; at += 3, from += 4) {
    pixels[at] = data[from + 3];
    pixels[at + 1] = data[from + 2];
    pixels[at + 2] = data[from + 1];
  }
  return { pixels, width, height, channels: 3 };
}

/** Netpbm P2, P3 (text) and P5, P6 (binary), 8 or 16 bit. Throws Error with the reason. */
export function readPortablePixmap(bytes: Uint8Array, maxPixels: number): Bitmap {
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
    if (at === start) throw new Error(at >= buffer.length ? 'it is cut short' : `byte ${at} is no number`);
    return Number(buffer.toString('latin1', start, at));
  };
  const width = nextNumber();
  const height = nextNumber();
  const maximum = nextNumber();
  checkSize(width, height, maxPixels);
  if (maximum < 1 || maximum > 65535) throw new Error(`a largest value of ${maximum} is not allowed`);
  const samples = width * height * channels;
  const pixels = new Uint8Array(samples);
  const scale = 255 / maximum;
  if (variant < 4) {
    if (buffer.length - at < samples) throw new Error('it is cut short');
    for (let i = 0; i < samples; i++) pixels[i] = Math.min(255, Math.round(nextNumber() * scale));
    return { pixels, width, height, channels };
  }
  at++; // exactly one white space ends the head
  const sampleBytes = maximum > 255 ? 2 : 1;
  if (buffer.length - at < samples * sampleBytes) throw new Error('it is cut short');
  for (let i = 0; i < samples; i++) {
    const value = sampleBytes === 2 ? buffer.readUInt16BE(at + 2 * i) : buffer[at + i];
    pixels[i] = Math.min(255, Math.round(value * scale));
  }
  return { pixels, width, height, channels };
}

function checkSize(width: number, height: number, maxPixels: number): void {
  if (width < 1 || height < 1) throw new Error(`a size of ${width} x ${height} is no picture`);
  if (width * height > maxPixels) throw new Error(`${width} x ${height} pixels are too many`);
}
