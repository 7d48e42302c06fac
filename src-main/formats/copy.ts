// Pictures copied beside the annotations of an export, each under a name of its own.

import { constants } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { AppError, systemError } from '../contracts/errors.ts';
import { makeFolder } from '../files/write-file.ts';
import { uniqueNames } from './file-names.ts';
import type { ExportImage, WriteOptions } from './format.ts';

const copyFile = (file: string, out: string) =>
  fs.copyFile(file, out, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);

/** @returns the file name of each picture in the folder; a name that comes twice gets a number */
export async function copyImages(
  images: readonly ExportImage[],
  folder: string,
  { copy = copyFile, signal, onProgress }: WriteOptions = {},
): Promise<string[]> {
  makeFolder(folder);
  const names = uniqueNames(images.map((image) => path.basename(image.file)));
  for (let i = 0; i < images.length; i++) {
    signal?.throwIfAborted();
    try {
      await copy(images[i].file, path.join(folder, names[i]));
    } catch (cause) {
      const known = cause instanceof AppError ? cause : systemError(cause);
      if (known) throw known;
      throw new AppError(
        'bad-file',
        `${names[i]} cannot be copied: ${(cause as Error).message}`,
        { file: images[i].file },
        cause,
      );
    }
    onProgress?.(i + 1, images.length);
  }
  return names;
}
