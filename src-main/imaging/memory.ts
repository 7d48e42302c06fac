// What decoding a picture holds in memory, told from its head before any pixel is unpacked: files of a megabyte may
// need one gigabyte, and eight such at once end the process or the machine.

import type { Metadata } from 'sharp';
import type { ImageKind } from './kinds.ts';
import { Refused } from './refused.ts';
import { Turns } from './turns.ts';

const MB = 1024 * 1024;
/** Of one picture. */
const maxBytes = 1024 * MB;
/** More than any camera has, and the most that libvips shrinks by. */
export const maxSidePx = 1_000_000;
/** A block of 64 pixels takes at least one bit of a JPEG. */
const maxPixelsOfByte = 512;

/** Files in memory, and pixels being unpacked: of either so much at once in a process; what is larger goes alone. */
export const fileTurns = new Turns(256 * MB);
export const decodeTurns = new Turns(512 * MB);

const sampleBytes: Record<string, number> = {
  uchar: 1,
  char: 1,
  ushort: 2,
  short: 2,
  double: 8,
  complex: 8,
  dpcomplex: 16,
};
/** Buffers of the rows that are being worked on. */
const rows = 8 * MB;

/**
 * Upper bound in bytes.
 * @throws Refused with the reason if it is more than a picture may have, or more than its file can fill
 */
export function decodingBytes(kind: ImageKind, metadata: Metadata, sizeBytes: number): number {
  const { width, height, channels, depth, isProgressive, orientation = 1 } = metadata;
  const values = width * height * channels;
  if (Math.max(width, height) > maxSidePx) throw new Refused(`${width} x ${height} pixels are too many`);
  if (kind === 'jpeg' && width * height > maxPixelsOfByte * sizeBytes)
    throw new Refused(`it is cut short: ${sizeBytes} bytes cannot hold ${width} x ${height} pixels`);
  const raw = values * (sampleBytes[depth] ?? 4);
  const held: Record<ImageKind, number> = {
    // All coefficients, 16 bit, until the last scan has come.
    jpeg: isProgressive ? 2 * values : 0,
    png: isProgressive ? raw : 0,
    webp: 4 * width * height,
    gif: 8 * width * height,
    tiff: raw,
    avif: 2 * raw,
    bmp: 0, // held by its reader
    ppm: 0,
    dicom: 0,
  };
  const turned = orientation > 2 ? raw : 0;
  return withinLimit(rows + held[kind] + turned);
}

/** Of values that are all held at once. @throws Refused as `decodingBytes` */
export function heldBytes(width: number, height: number, channels: number, bytesOfValue: number): number {
  if (Math.max(width, height) > maxSidePx) throw new Refused(`${width} x ${height} pixels are too many`);
  return withinLimit(rows + width * height * channels * bytesOfValue);
}

function withinLimit(bytes: number): number {
  if (bytes > maxBytes)
    throw new Refused(
      `decoding it would take ${Math.ceil(bytes / MB)} MB of memory, more than ${maxBytes / MB}`,
    );
  return bytes;
}
