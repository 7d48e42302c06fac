// A copy of a picture for other programs. Boxes are in upright pixels, and not every reader turns a picture as
// its EXIF says: so a picture that lies turned is written anew, upright; every other is copied byte by byte.

import { constants } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import type { Sharp } from 'sharp';
import { loadSharp, uprightImage, withImageFile } from './decode.ts';
import { sniff, type ImageKind } from './kinds.ts';
import { plainPng } from './png-chunks.ts';

/** JPEG at a quality whose loss nobody sees; kinds that can lose nothing lose nothing. Others know no EXIF. */
const writers: Partial<Record<ImageKind, (image: Sharp) => Sharp>> = {
  jpeg: (image) => image.jpeg({ quality: 95, chromaSubsampling: '4:4:4' }),
  png: (image) => image.png(),
  webp: (image) => image.webp({ lossless: true }),
  tiff: (image) => image.tiff({ compression: 'lzw' }),
  avif: (image) => image.avif({ lossless: true }),
};

/**
 * Copies a picture, upright by its pixels alone.
 * @param out  absolute, of the same ending; EEXIST if it is there
 */
export async function copyUpright(file: string, out: string): Promise<void> {
  const upright = await withImageFile(file, async (bytes) => {
    const kind = sniff(bytes);
    const write = kind === null ? undefined : writers[kind];
    if (!write || !(await isTurned(kind!, bytes))) return null;
    return uprightImage(file, bytes, (image) => write(image.keepIccProfile()).toBuffer());
  });
  if (upright === null) await copyFile(file, out, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  else await writeFile(out, upright, { flag: 'wx' });
}

async function isTurned(kind: ImageKind, bytes: Uint8Array): Promise<boolean> {
  const sharp = await loadSharp();
  try {
    return ((await sharp(kind === 'png' ? plainPng(bytes) : bytes).metadata()).orientation ?? 1) > 1;
  } catch {
    return false; // what cannot be read cannot be turned, and goes along as it is
  }
}
