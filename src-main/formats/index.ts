// The registry of annotation formats, and the guess which of them a folder is.

import { AppError } from '../contracts/errors.ts';
import type { Detection } from '../contracts/imports.ts';
import { coco } from './coco.ts';
import { celeba } from './celeba.ts';
import { cub } from './cub.ts';
import { createml } from './createml.ts';
import { cvat } from './cvat.ts';
import { datumaro } from './datumaro.ts';
import { labelStudio } from './label-studio.ts';
import { labelme } from './labelme.ts';
import { via } from './via.ts';
import { foveaJson } from './fovea-json.ts';
import { maskFolders } from './mask-folders.ts';
import { panoptic } from './panoptic.ts';
import { table } from './table.ts';
import { folders } from './folders.ts';
import { openImages } from './open-images.ts';
import { flowers } from './flowers.ts';
import type { Format, ImportSink } from './format.ts';
import { gtsrb } from './gtsrb.ts';
import { imagenetLoc } from './imagenet-loc.ts';
import { labelmeXml } from './labelme-xml.ts';
import { oxfordPets } from './oxford-pets.ts';
import type { SourceTree } from './source.ts';
import { readTogether } from './together.ts';
import { tinyImagenet } from './tiny-imagenet.ts';
import { voc } from './voc.ts';
import { waterbirds } from './waterbirds.ts';
import { yolo } from './yolo.ts';

export const formats: readonly Format[] = [
  coco,
  voc,
  tinyImagenet,
  cub,
  oxfordPets,
  waterbirds,
  celeba,
  yolo,
  via,
  labelme,
  labelStudio,
  datumaro,
  cvat,
  createml,
  foveaJson,
  maskFolders,
  panoptic,
  table,
  openImages,
  labelmeXml,
  gtsrb,
  imagenetLoc,
  flowers,
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

/** Several formats joined by + are read one after the other: a picture comes once, with the shapes of all. */
const partsOf = (id: string): Format[] => [...new Set(id.split('+'))].map(formatById);

export const titleOf = (id: string): string =>
  partsOf(id)
    .map(({ title }) => title)
    .join(' + ');

/** @throws AppError 'bad-input' for a format that is not known or not read */
export function checkReadable(id: string): void {
  for (const format of partsOf(id))
    if (!format.read) throw new AppError('bad-input', `${format.title} can be written, not read`);
}

/** @param id  of a format, or of several joined by + */
export async function readAs(id: string, source: SourceTree, sink: ImportSink): Promise<void> {
  checkReadable(id);
  const parts = partsOf(id);
  if (parts.length === 1) return parts[0].read!(source, sink);
  await readTogether(parts, source, sink);
}

/** The likeliest format of a folder or file. Throws bad-file when none would read anything of it. */
export async function detectFormat(source: SourceTree): Promise<Detection> {
  const guesses = await Promise.all(
    formats
      .filter((format) => format.read)
      .map(async (format) => ({ format, ...(await format.detect(source)) })),
  );
  // A file stands for itself, not for what lies round it.
  const likely = guesses
    .filter(({ score, files = 0 }) => score > 0 && (source.chosenFile === null || files > 0))
    .sort((a, b) => b.score - a.score || (b.files ?? 0) - (a.files ?? 0));
  if (likely.length === 0) {
    const place = source.chosenFile ?? source.root;
    const isMnist = source.files.some((file) => /(images|labels)[-.]idx[13]-ubyte/.test(file));
    const isPacked = source.files.find((file) =>
      /(^|\/)(data_batch_\d\.bin|(train|test)_32x32\.mat|fine_label_names\.txt)$/.test(file),
    );
    const reason =
      isPacked !== undefined
        ? `${isPacked} is of a set of packed pixels; fovea make cifar10, cifar100 or svhn makes pictures of it`
        : isMnist
          ? 'these are files of MNIST (IDX), not pictures; fovea make blockmnist makes a set of them'
          : source.chosenFile === null
            ? 'no pictures and no known annotations'
            : 'no annotation file of a known format';
    throw new AppError('bad-file', `nothing to import in ${place}: ${reason}`, { file: place, reason });
  }
  const [best, ...others] = likely;
  return {
    format: best.format.id,
    title: best.format.title,
    files: best.files ?? 0,
    others: others.map(({ format, files = 0 }) => ({ format: format.id, title: format.title, files })),
    reason: best.reason,
  };
}

export { fitShape, fitToImage } from './fit.ts';
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
