// Writing a project's annotations in a format that other tools read, with copies of the pictures.

import fs from 'node:fs';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import type { ImageId } from '../contracts/ids.ts';
import type { ExportAnnotation, ExportDataset, Format } from '../formats/format.ts';
import { modeOf } from '../files/write-file.ts';
import { formatById } from '../formats/index.ts';
import type { Handlers } from '../core/context.ts';
import { nameOf, type OpenProject } from '../core/open-project.ts';
import { writeFolderWhole } from '../core/unfinished.ts';

export const exportHandlers: Handlers<'exports.losses' | 'exports.start'> = {
  'exports.losses': (context, { format }) => {
    const project = context.project();
    return writerOf(format).losses?.(datasetOf(project)) ?? [];
  },
  'exports.start': (context, { format, folder }) => {
    const project = context.project();
    const writer = writerOf(format);
    const target = freeFolder(context.files.resolve(folder), `${nameOf(project)} ${format}`);
    return context.jobs.start(
      { kind: 'export', title: `Export as ${writer.title}`, unit: 'pictures' },
      async (handle) => {
        const dataset = datasetOf(project);
        if (dataset.images.length === 0)
          throw new AppError('bad-input', 'there are no pictures to export', { reason: 'import some first' });
        await writeFolderWhole(
          context.options.dataFolder,
          target,
          (folder) =>
            writer.write(dataset, folder, {
              copy: async (file, out) => {
                await context.workers.decode('copyUpright', { file, out });
              },
              signal: handle.signal,
              onProgress: (done, total) => handle.progress(done, total),
            }),
          modeOf(project.folder),
        );
        const annotations = dataset.images.reduce((sum, image) => sum + image.annotations.length, 0);
        return { format, place: context.files.shorten(target), images: dataset.images.length, annotations };
      },
    ).id;
  },
};

function writerOf(id: string): Format & Required<Pick<Format, 'write'>> {
  const { write, ...format } = formatById(id);
  if (!write) throw new AppError('bad-input', `${format.title} can be read, not written`);
  return { ...format, write };
}

/** The folder itself if it is empty, else a new one in it, so that nothing of a person's is written over. */
function freeFolder(chosen: string, name: string): string {
  if (fs.readdirSync(chosen).length === 0) return chosen;
  for (let number = 1; ; number++) {
    const folder = path.join(chosen, number === 1 ? name : `${name} ${number}`);
    if (!fs.existsSync(folder)) return folder;
  }
}

export function datasetOf({ store }: OpenProject): ExportDataset {
  const classes = store.classes.all();
  const names = new Map(classes.map(({ id, name }) => [id, name]));
  const nameOfClass = (id: (typeof classes)[number]['id'] | null) =>
    id === null ? null : (names.get(id) ?? null);
  const drawn = new Map<ImageId, ExportAnnotation[]>();
  for (const { imageId, classId, id: _, ...drawing } of store.annotations.each()) {
    const own = drawn.get(imageId);
    const one = { ...drawing, className: nameOfClass(classId) };
    if (own) own.push(one);
    else drawn.set(imageId, [one]);
  }
  const attributes = new Map<ImageId, Record<string, string>>();
  for (const { imageId, name, value } of store.attributes.each()) {
    const own = attributes.get(imageId);
    if (own) own[name] = value;
    else attributes.set(imageId, { [name]: value });
  }
  return {
    classes: classes.map(({ name }) => name),
    images: store.images.all().map(({ id, file, widthPx, heightPx, classId, classOrigin, split }) => ({
      file,
      widthPx,
      heightPx,
      className: nameOfClass(classId),
      classOrigin,
      split,
      annotations: drawn.get(id) ?? [],
      attributes: attributes.get(id) ?? {},
    })),
  };
}
