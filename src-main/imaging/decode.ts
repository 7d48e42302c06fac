// Pictures from files: told by their bytes, limited in size, turned upright. Everything that looks at
// pixels goes through here, so that a hostile or damaged file is refused in one place and in one line.

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import path from 'node:path';
import type sharpModule from 'sharp';
import type { Sharp } from 'sharp';
import { AppError } from '../contracts/errors.ts';
import type { ProbeResult } from '../contracts/worker-protocol.ts';
import { checkPngTexts } from './png-texts.ts';
import { readBmp, readPortablePixmap, type Bitmap } from './bitmap.ts';

/**
 * Loaded when the first picture is opened: Electron's main process names and tells pictures, but on Linux
 * libvips and Chromium do not get along in one process, so it must never open one.
 */
let loading: Promise<typeof sharpModule> | null = null;
export const loadSharp = () =>
  (loading ??= import('sharp').then(({ default: sharp }) => {
    // Many small pictures are decoded side by side by their callers; a pool inside each would only wait.
    sharp.concurrency(1);
    // Files are read as bytes here, so libvips' own cache could only go stale.
    sharp.cache(false);
    return sharp;
  }));

/** 16,383 squared: what libvips and browsers agree to hold. */
export const maxPicturePixels = 268_402_689;
export const maxPictureBytes = 512 * 1024 * 1024;

/** Kinds that are read, by file ending; the ending only says what to expect, the bytes decide. */
const kindByExtension: Record<string, PictureKind> = {
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
};

export type PictureKind = 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff' | 'bmp' | 'avif' | 'ppm';

/** Whether a file name looks like a picture's. Capitals do not matter. */
export function isPictureName(name: string): boolean {
  return path.extname(name).toLowerCase() in kindByExtension;
}

/** What kind a file name promises; null for a name that promises no picture. */
export function promisedKind(name: string): PictureKind | null {
  return kindByExtension[path.extname(name).toLowerCase()] ?? null;
}

/** The kind by its first bytes; null if it is no picture that is read here (SVG is not: it is a program). */
export function sniff(bytes: Uint8Array): PictureKind | null {
  const starts = (...expected: number[]) => expected.every((byte, i) => bytes[i] === byte);
  const text = (at: number, length: number) => String.fromCharCode(...bytes.subarray(at, at + length));
  if (starts(0xff, 0xd8, 0xff)) return 'jpeg';
  if (starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'png';
  if (text(0, 4) === 'RIFF' && text(8, 4) === 'WEBP') return 'webp';
  if (text(0, 6) === 'GIF87a' || text(0, 6) === 'GIF89a') return 'gif';
  if (starts(0x49, 0x49, 0x2a, 0x00) || starts(0x4d, 0x4d, 0x00, 0x2a)) return 'tiff';
  if (text(4, 8) === 'ftypavif' || text(4, 8) === 'ftypavis') return 'avif';
  if (text(0, 2) === 'BM' && bytes.length > 26) return 'bmp';
  if (/^P[2356]\s/.test(text(0, 3))) return 'ppm';
  return null;
}

/** Bytes of a picture file, within the size limit. Throws not-found or bad-file. */
export async function readPictureFile(file: string): Promise<Buffer> {
  let handle;
  try {
    handle = await open(file, 'r');
  } catch (cause) {
    throw new AppError(
      'not-found',
      `${path.basename(file)} cannot be opened`,
      { file, reason: (cause as NodeJS.ErrnoException).code ?? 'unknown' },
      cause,
    );
  }
  try {
    const { size } = await handle.stat();
    if (size === 0) throw refusal(file, 'the file is empty (0 bytes)');
    if (size > maxPictureBytes) throw refusal(file, `${size} bytes are more than a picture may have`);
    return await handle.readFile();
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    throw refusal(file, (thrown as Error).message, thrown);
  } finally {
    await handle.close();
  }
}

/** Hex SHA-256 of a file's bytes: what a picture is known by, wherever it lies. */
export function contentHashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Decodes every pixel once, so what passes here can be trained on. Width and height are those of the
 * upright picture. Throws bad-file with the reason: empty, no picture, truncated, too large.
 */
export async function probe(file: string): Promise<ProbeResult> {
  const bytes = await readPictureFile(file);
  const format = sniff(bytes);
  const { widthPx, heightPx } = await uprightPicture(file, bytes, async (picture) => {
    const { autoOrient } = await picture.metadata();
    // A shrink that averages reads every row, and nothing of full size is held ('nearest' would skip rows).
    await picture.resize(4, 4, { fit: 'fill', kernel: 'linear' }).raw().toBuffer();
    return { widthPx: autoOrient.width, heightPx: autoOrient.height };
  });
  return { contentHash: contentHashOf(bytes), widthPx, heightPx, sizeBytes: bytes.length, format: format! };
}

/** Writes a WebP whose longer side is at most `sidePx`; smaller pictures keep their size. */
export async function thumbnail(file: string, out: string, sidePx: number): Promise<void> {
  const bytes = await readPictureFile(file);
  await uprightPicture(file, bytes, (picture) =>
    opaque(picture)
      .resize(sidePx, sidePx, { fit: 'inside', withoutEnlargement: true })
      .webp({ quality: 82, effort: 2 })
      .toFile(out),
  );
}

/** Kinds that every browser shows; the rest goes through `convert` first. */
export function isShownByBrowsers(kind: PictureKind): boolean {
  return kind !== 'tiff' && kind !== 'bmp' && kind !== 'ppm';
}

/** The upright picture as PNG (`out` ends in .png) or JPEG, for files that a browser cannot show. */
export async function convert(file: string, out: string): Promise<void> {
  const bytes = await readPictureFile(file);
  await uprightPicture(file, bytes, (picture) =>
    (out.toLowerCase().endsWith('.png')
      ? picture.toColourspace('srgb').png({ compressionLevel: 3 })
      : opaque(picture).jpeg({ quality: 92 })
    ).toFile(out),
  );
}

/**
 * The upright picture, stretched to the size (aspect not kept, as KC & Zhang 2021 train) with a triangle kernel that
 * widens when it shrinks, so that it does not alias. Transparent parts are put on white, grey becomes
 * three equal channels, 16 bit becomes 8.
 * @param source  a file, or its bytes with `name` for messages
 * @returns       [height * width * 3], HWC, 0..255
 */
export async function decodeRgb(
  source: string | { name: string; bytes: Uint8Array },
  size: { width: number; height: number },
): Promise<Uint8Array> {
  const name = typeof source === 'string' ? source : source.name;
  const bytes = typeof source === 'string' ? await readPictureFile(source) : source.bytes;
  return uprightPicture(name, bytes, async (picture) => {
    const pixels = await opaque(picture)
      .resize(size.width, size.height, { fit: 'fill', kernel: 'linear' })
      .raw({ depth: 'uchar' })
      .toBuffer();
    return new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.length);
  });
}

const opaque = (picture: Sharp) => picture.flatten({ background: '#fff' }).toColourspace('srgb');

/** Opens the bytes upright, does the work, and turns whatever libvips says into one line of ours. */
export async function uprightPicture<T>(
  file: string,
  bytes: Uint8Array,
  work: (picture: Sharp) => Promise<T>,
): Promise<T> {
  try {
    return await work(await openPicture(file, bytes));
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    const reason = (thrown as Error).message.replace(/\s+/g, ' ').trim();
    throw refusal(file, reason, thrown);
  }
}

async function openPicture(file: string, bytes: Uint8Array): Promise<Sharp> {
  const kind = sniff(bytes);
  if (kind === null) throw refusal(file, 'its content is not that of a picture');
  const sharp = await loadSharp();
  if (kind === 'bmp' || kind === 'ppm') {
    const bitmap: Bitmap =
      kind === 'bmp' ? readBmp(bytes, maxPicturePixels) : readPortablePixmap(bytes, maxPicturePixels);
    const { width, height, channels } = bitmap;
    return sharp(bitmap.pixels, { raw: { width, height, channels } });
  }
  if (kind === 'png') checkPngTexts(bytes);
  return sharp(bytes, {
    limitInputPixels: maxPicturePixels,
    failOn: 'error', // covers 'truncated'; warnings such as odd EXIF pass
    sequentialRead: true,
    autoOrient: true,
    pages: 1,
  });
}

function refusal(file: string, reason: string, cause?: unknown): AppError {
  return new AppError('bad-file', `${path.basename(file)}: ${reason}`, { file, reason }, cause);
}
