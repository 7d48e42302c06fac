// The kinds of pictures that are read: told by their first bytes, whatever the name promises.

import path from 'node:path';

/** Kinds that are read, by file ending; the ending only says what to expect, the bytes decide. */
const kindByExtension: Record<string, ImageKind> = {
  '.jpg': 'jpeg',
  '.jpeg': 'jpeg',
  '.jpe': 'jpeg',
  '.jfif': 'jpeg',
  '.png': 'png',
  '.webp': 'webp',
  '.gif': 'gif',
  '.tif': 'tiff',
  '.tiff': 'tiff',
  '.bmp': 'bmp',
  '.avif': 'avif',
  '.ppm': 'ppm',
  '.pgm': 'ppm',
  '.dcm': 'dicom',
  '.dicom': 'dicom',
};

export type ImageKind = 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff' | 'bmp' | 'avif' | 'ppm' | 'dicom';

/** Whether a file name looks like a picture's. Capitals do not matter. */
export function isImageName(name: string): boolean {
  return path.extname(name).toLowerCase() in kindByExtension;
}

/** What kind a file name promises; null for a name that promises no picture. */
export function promisedKind(name: string): ImageKind | null {
  return kindByExtension[path.extname(name).toLowerCase()] ?? null;
}

/** Where DICOM says what it is. */
const DICOM_AT = 128;
/** Bytes by which a kind is told. */
export const HEAD_BYTES = DICOM_AT + 4;

/** The kind by its first bytes; null if it is no picture that is read here (SVG is not: it is a program). */
export function sniff(bytes: Uint8Array): ImageKind | null {
  const starts = (...expected: number[]) => expected.every((byte, i) => bytes[i] === byte);
  const text = (at: number, length: number) => String.fromCharCode(...bytes.subarray(at, at + length));
  if (starts(0xff, 0xd8, 0xff)) return 'jpeg';
  if (starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'png';
  if (text(0, 4) === 'RIFF' && text(8, 4) === 'WEBP') return 'webp';
  if (text(0, 6) === 'GIF87a' || text(0, 6) === 'GIF89a') return 'gif';
  if (starts(0x49, 0x49, 0x2a, 0x00) || starts(0x4d, 0x4d, 0x00, 0x2a)) return 'tiff';
  if (text(4, 8) === 'ftypavif' || text(4, 8) === 'ftypavis') return 'avif';
  if (text(0, 2) === 'BM' && bytes.length > 26) return 'bmp';
  if (text(DICOM_AT, 4) === 'DICM') return 'dicom';
  if (/^P[2356]\s/.test(text(0, 3))) return 'ppm';
  return null;
}

/** Of a PNG, in which browsers show the upper byte of a value only. */
export const hasWideValues = (bytes: Uint8Array): boolean => sniff(bytes) === 'png' && bytes[24] === 16;

/** Kinds that every browser shows; the rest goes through `convert` first. */
export function isShownByBrowsers(kind: ImageKind): boolean {
  return kind !== 'tiff' && kind !== 'bmp' && kind !== 'ppm' && kind !== 'dicom';
}
