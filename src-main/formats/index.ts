// The registry of annotation formats, and the guess which of them a folder is.

import { AppError } from '../contracts/errors.ts';
import type { Detection } from '../contracts/imports.ts';
import { coco } from './coco.ts';
import { celeba } from './celeba.ts';
import { cub } from './cub.ts';
import { folders } from './folders.ts';
import type { Format } from './format.ts';
import { oxfordPets } from './oxford-pets.ts';
import type { SourceTree } from './source.ts';
import { tinyImagenet } from './tiny-imagenet.ts';
import { voc } from './voc.ts';
import { waterbirds } from './waterbirds.ts';

export const formats: readonly Format[] = [
  coco,
  voc,
  tinyImagenet,
  cub,
  oxfordPets,
  waterbirds,
  celeba,
  folders,
];

export function formatById(id: string): Format {
  const format = formats.find((candidate) => candidate.id === id);
  if (format) return format;
  const known = formats.map((candidate) => candidate.id).join(', ');
  throw new AppError('bad-input', `there is no format "${id.slice(0, 40)}"`, {
    reason: `known are ${known}`,
  });
}

/** The likeliest format of a folder or file. Throws bad-file when none would read anything of it. */
export async function detectFormat(source: SourceTree): Promise<Detection> {
  const { chosenFile } = source;
  // A file stands for itself, not for what lies round it; only COCO keeps a whole set in one.
  if (chosenFile !== null && !/\.json$/i.test(chosenFile))
    throw new AppError(
      'bad-file',
      `${chosenFile} is not a COCO JSON file; for other formats choose the folder`,
      {
        file: chosenFile,
        reason: 'only COCO JSON is read from a single file',
      },
    );
  const guesses = await Promise.all(
    formats
      .filter((format) => format.read)
      .map(async (format) => ({ format, ...(await format.detect(source)) })),
  );
  const likely = guesses.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score);
  if (likely.length === 0) {
    const place = source.chosenFile ?? source.root;
    throw new AppError('bad-file', `nothing to import in ${place}: no pictures and no known annotations`, {
      file: place,
      reason: 'no pictures and no known annotations',
    });
  }
  const [best, ...others] = likely;
  return {
    format: best.format.id,
    title: best.format.title,
    others: others.map(({ format }) => ({ format: format.id, title: format.title })),
    reason: best.reason,
  };
}

export { fitShape, fitToPicture } from './fit.ts';
export { SourceTree } from './source.ts';
export type {
  ExportAnnotation,
  ExportDataset,
  ExportImage,
  Format,
  ImportedAnnotation,
  ImportedImage,
  ImportedShape,
  ImportSink,
  WriteOptions,
} from './format.ts';
