// Writing a project's annotations in a format that other tools read, with copies of the pictures.

import fs from 'node:fs';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import type { ImageId } from '../contracts/ids.ts';
import type { ExportAnnotation, ExportDataset } from '../formats/format.ts';
import { modeOf } from '../files/write-file.ts';
import { formatById } from '../formats/index.ts';
import type { Handlers } from '../core/context.ts';
import { nameOf, type OpenProject } from '../core/open-project.ts';
import { writeFolderWhole } from '../core/unfinished.ts';

export const exportHandlers: Handlers<'exports.start'> = {
  'exports.start': (context, { format, folder }) => {
    const project = context.project();
    const writer = formatById(format);
    const { write } = writer;
    if (!write) throw new AppError('bad-input', `${writer.title} can be read, not written`);
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
            write.call(writer, dataset, folder, {
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
  for (const { imageId, classId, shape } of store.annotations.each()) {
    const own = drawn.get(imageId);
    const one = { className: nameOfClass(classId), shape };
    if (own) own.push(one);
    else drawn.set(imageId, [one]);
  }
  return {
    classes: classes.map(({ name }) => name),
    images: store.images.all().map(({ id, file, widthPx, heightPx, classId, split }) => ({
      file,
      widthPx,
      heightPx,
      className: nameOfClass(classId),
      split,
      annotations: drawn.get(id) ?? [],
    })),
  };
}
