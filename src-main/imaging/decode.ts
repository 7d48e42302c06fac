// Pictures from files: told by their bytes, limited in size, turned upright. Everything that looks at
// pixels goes through here, so that a hostile or damaged file is refused in one place and in one line.

import { createHash } from 'node:crypto';
import { open, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type sharpModule from 'sharp';
import type { Metadata, Sharp } from 'sharp';
import { AppError, systemError } from '../contracts/errors.ts';
import type { ImageNote, ProbeResult } from '../contracts/worker-protocol.ts';
import { maxHeldPixels, readBmp, readPortablePixmap } from './bitmap.ts';
import { deepImage } from './deep.ts';
import { sniff, type ImageKind } from './kinds.ts';
import { decodeTurns, decodingBytes, fileTurns } from './memory.ts';
import { plainPng } from './png-chunks.ts';
import type { Orientation } from './turn.ts';
import { reasonOf } from './reasons.ts';

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
export const maxImagePixels = 268_402_689;
const maxImageBytes = 512 * 1024 * 1024;
/** One picture on a slow machine; libvips stops by itself. */
const decodeSeconds = 30;

/**
 * Work on the bytes of a picture file within the size limit; waits while other files fill the memory.
 * @throws AppError 'not-found' or 'bad-file'
 */
export async function withImageFile<T>(file: string, work: (bytes: Buffer) => Promise<T>): Promise<T> {
  let handle;
  try {
    // Opening a pipe would wait for whoever writes into it; of a device there is no end.
    if (!(await stat(file)).isFile()) throw refusal(file, 'it is no file');
    handle = await open(file, 'r');
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError(
      'not-found',
      `${path.basename(file)} cannot be opened`,
      { file, reason: (cause as NodeJS.ErrnoException).code ?? 'unknown' },
      cause,
    );
  }
  let size: number;
  try {
    const stats = await handle.stat();
    ({ size } = stats);
    if (!stats.isFile()) throw refusal(file, 'it is no file');
    if (size === 0) throw refusal(file, 'the file is empty (0 bytes)');
    if (size > maxImageBytes) throw refusal(file, `${size} bytes are more than a picture may have`);
  } catch (thrown) {
    await handle.close();
    throw thrown;
  }
  return fileTurns.take(size, async () => {
    let bytes: Buffer;
    try {
      bytes = await handle.readFile();
    } catch (thrown) {
      throw refusal(file, (thrown as Error).message, thrown);
    } finally {
      await handle.close();
    }
    return work(bytes);
  });
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
  return withImageFile(file, async (bytes) => {
    const { widthPx, heightPx, notes } = await uprightImage(file, bytes, async (image, notes) => {
      const { autoOrient } = await image.metadata();
      // A shrink that averages reads every row, and nothing of full size is held ('nearest' would skip rows).
      await image.resize(4, 4, { fit: 'fill', kernel: 'linear' }).raw().toBuffer();
      return { widthPx: autoOrient.width, heightPx: autoOrient.height, notes };
    });
    const format = sniff(bytes)!;
    const contentHash = contentHashOf(bytes);
    return {
      contentHash,
      widthPx,
      heightPx,
      sizeBytes: bytes.length,
      format,
      ...(notes.length > 0 ? { notes } : {}),
    };
  });
}

/** How the raster of a file is turned to stand upright; 1 for one that says nothing. @throws AppError as `probe` */
export const orientationOf = (file: string): Promise<Orientation> =>
  withImageFile(file, (bytes) =>
    uprightImage(file, bytes, (_image, _notes, orientation) => Promise.resolve(orientation)),
  );

/** Writes a WebP whose longer side is at most `sidePx`; smaller pictures keep their size. */
export async function thumbnail(file: string, out: string, sidePx: number): Promise<void> {
  await writeNew(out, await thumbnailOf(file, sidePx));
}

/** The same as bytes. */
export const thumbnailOf = (file: string, sidePx: number): Promise<Uint8Array> =>
  withImageFile(file, (bytes) =>
    uprightImage(file, bytes, (image) =>
      opaque(image)
        .resize(sidePx, sidePx, { fit: 'inside', withoutEnlargement: true })
        .webp({ quality: 82, effort: 2 })
        .toBuffer(),
    ),
  );

/** The upright picture as PNG (`out` ends in .png) or JPEG, for files that a browser cannot show. */
export async function convert(file: string, out: string): Promise<void> {
  const made = await withImageFile(file, (bytes) =>
    uprightImage(file, bytes, (image) =>
      (out.toLowerCase().endsWith('.png')
        ? image.toColourspace('srgb').png({ compressionLevel: 3 })
        : opaque(image).jpeg({ quality: 92 })
      ).toBuffer(),
    ),
  );
  await writeNew(out, made);
}

/** Not by sharp, which says of a full disk what it says of a damaged picture. Nothing half-written stays. */
async function writeNew(out: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(out, bytes);
  } catch (thrown) {
    // Of a write that fails, unlike an opening, the system does not say which file it was.
    const error = systemError(Object.assign(thrown as Error, { path: out }));
    await rm(out, { force: true });
    throw error ?? thrown;
  }
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
  if (typeof source === 'string')
    return withImageFile(source, (bytes) => decodeRgb({ name: source, bytes }, size));
  return uprightImage(source.name, source.bytes, async (image) => {
    const pixels = await opaque(image)
      .resize(size.width, size.height, { fit: 'fill', kernel: 'linear' })
      .raw({ depth: 'uchar' })
      .toBuffer();
    return new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.length);
  });
}

const opaque = (image: Sharp) => image.flatten({ background: '#fff' }).toColourspace('srgb');

/**
 * Opens the bytes upright and does the work when there is memory for it.
 * @throws AppError 'bad-file' with the reason in our words, not the library's
 */
export async function uprightImage<T>(
  file: string,
  bytes: Uint8Array,
  work: (image: Sharp, notes: ImageNote[], orientation: Orientation) => Promise<T>,
): Promise<T> {
  const kind = sniff(bytes);
  if (kind === null) throw refusal(file, 'its content is not that of a picture');
  try {
    if (kind === 'bmp' || kind === 'ppm')
      return await decodeTurns.take(bitmapBytes(kind, bytes), async () =>
        work(await openBitmap(kind, bytes), [], 1),
      );
    const image = await openImage(kind, bytes);
    const metadata = await headOf(kind, image);
    const orientation = orientationIn(metadata);
    const pages = (metadata?.pages ?? 1) > 1 ? [firstPage] : [];
    const deep = await deepImage(
      await loadSharp(),
      kind,
      kind === 'png' ? plainPng(bytes) : bytes,
      metadata,
      orientation,
    );
    if (deep !== null) {
      const isDone = await decodeTurns.take(deep.memoryBytes, async () => {
        const opened = await deep.open();
        const limited = opened?.image.timeout({ seconds: decodeSeconds });
        return limited ? { result: await work(limited, [...opened!.notes, ...pages], orientation) } : null;
      });
      if (isDone !== null) return isDone.result;
    }
    return await decodeTurns.take(decodingBytes(kind, metadata!, bytes.length), () =>
      work(image, pages, orientation),
    );
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    throw refusal(file, reasonOf(kind, bytes, thrown as Error), thrown);
  }
}

const firstPage: ImageNote = {
  code: 'first-page',
  text: 'of several pages or frames, the first is taken',
};

/** Null where only our own readers know the kind; whatever libvips cannot read of TIFF, they may. */
async function headOf(kind: ImageKind, image: Sharp): Promise<Metadata | null> {
  if (kind === 'dicom') return null;
  if (kind !== 'tiff') return image.metadata();
  return image.metadata().catch(() => null);
}

const orientationIn = (metadata: Metadata | null): Orientation => {
  const { orientation = 1 } = metadata ?? {};
  return (orientation >= 1 && orientation <= 8 ? orientation : 1) as Orientation;
};

async function openBitmap(kind: 'bmp' | 'ppm', bytes: Uint8Array): Promise<Sharp> {
  const sharp = await loadSharp();
  const { pixels, width, height, channels } = kind === 'bmp' ? readBmp(bytes) : readPortablePixmap(bytes);
  return sharp(pixels, { raw: { width, height, channels } }).timeout({ seconds: decodeSeconds });
}

/** Upper bound of what its reader holds, whatever the file says. */
function bitmapBytes(kind: 'bmp' | 'ppm', bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pixels = kind === 'ppm' ? bytes.length : Math.abs(view.getInt32(18, true) * view.getInt32(22, true));
  return 4 * Math.min(maxHeldPixels, pixels);
}

async function openImage(kind: ImageKind, bytes: Uint8Array): Promise<Sharp> {
  const sharp = await loadSharp();
  return sharp(kind === 'png' ? plainPng(bytes) : bytes, {
    limitInputPixels: maxImagePixels,
    failOn: 'error', // covers 'truncated'; warnings such as odd EXIF pass
    sequentialRead: true,
    autoOrient: true,
    pages: 1,
  }).timeout({ seconds: decodeSeconds });
}

function refusal(file: string, reason: string, cause?: unknown): AppError {
  return new AppError('bad-file', `${path.basename(file)}: ${reason}`, { file, reason }, cause);
}
