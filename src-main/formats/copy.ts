// Pictures copied beside the annotations of an export, each under a name of its own.

import { constants } from 'node:fs';
import fs, { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import type { ExportImage, WriteOptions } from './format.ts';

const copyFile = (file: string, out: string) =>
  fs.copyFile(file, out, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);

/** @returns the file name of each picture in the folder; a name that comes twice gets a number */
export async function copyPictures(
  images: readonly ExportImage[],
  folder: string,
  { copy = copyFile, signal, onProgress }: WriteOptions = {},
): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const names = uniqueNames(images.map((image) => path.basename(image.file)));
  for (let i = 0; i < images.length; i++) {
    signal?.throwIfAborted();
    try {
      await copy(images[i].file, path.join(folder, names[i]));
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      const { code } = cause as NodeJS.ErrnoException;
      throw new AppError(
        code === 'EEXIST' ? 'conflict' : code === 'ENOENT' ? 'not-found' : 'bad-file',
        `${names[i]} cannot be copied: ${code === 'EEXIST' ? 'the folder holds such a file already' : (cause as Error).message}`,
        { file: images[i].file, reason: code },
        cause,
      );
    }
    onProgress?.(i + 1, images.length);
  }
  return names;
}

/** Names are compared without capitals, since some file systems do; a stem serves one picture only. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const ending = path.extname(name);
    const stem = name.slice(0, name.length - ending.length);
    for (let n = 1; ; n++) {
      const candidate = n === 1 ? stem : `${stem}-${n}`;
      if (!taken.has(candidate.toLowerCase())) {
        taken.add(candidate.toLowerCase());
        return candidate + ending;
      }
    }
  });
}
