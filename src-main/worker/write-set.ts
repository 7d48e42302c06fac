// Writing an annotation set, whatever its size: in a process of its own, which reads the project's database and
// rasterises, encodes and writes what the format wants. Pictures are copied by the process that may decode them.

import fs from 'node:fs/promises';
import path from 'node:path';
import { AppError, type ErrorRecord } from '../contracts/errors.ts';
import type { Exported, Loss } from '../contracts/exports.ts';
import type { ImageId } from '../contracts/ids.ts';
import type { WorkerCalls, WorkerEvent } from '../contracts/worker-protocol.ts';
import type { ExportAnnotation, ExportDataset, Format } from '../formats/format.ts';
import { formatById } from '../formats/index.ts';
import { readProjectStore, type ProjectStore } from '../storage/project-store.ts';

export async function exportLosses({
  project,
  exported,
}: WorkerCalls['exportLosses']['input']): Promise<WorkerCalls['exportLosses']['output']> {
  const dataset = datasetIn(project, exported);
  const losses = writerOf(exported.format).losses?.(dataset) ?? [];
  return { ...sizeOf(dataset), losses: [...losses, ...lossesOfPictures(dataset, exported)] };
}

const sizeOf = ({ images }: ExportDataset) => ({
  images: images.length,
  annotations: images.reduce((sum, image) => sum + image.annotations.length, 0),
});

/** Annotation files name pictures as copies would be called. */
function lossesOfPictures({ images }: ExportDataset, { pictures }: Exported): Loss[] {
  if (pictures !== 'leave') return [];
  const names = new Map<string, number>();
  for (const { file } of images) {
    const name = path.basename(file).toLowerCase();
    names.set(name, (names.get(name) ?? 0) + 1);
  }
  const renamed = images.length - names.size;
  return renamed === 0
    ? []
    : [
        {
          what: 'pictures have the name of another, and are called by a number that their file lacks',
          count: renamed,
        },
      ];
}

export async function writeSet(
  { project, exported, out }: WorkerCalls['writeSet']['input'],
  emit: (event: WorkerEvent) => void,
): Promise<WorkerCalls['writeSet']['output']> {
  const dataset = datasetIn(project, exported);
  if (dataset.images.length === 0)
    throw new AppError('bad-input', 'there are no pictures to export', {
      reason:
        Object.keys(exported.include).length > 0 ? 'none fits what is to be included' : 'import some first',
    });
  const bring = {
    copy: (file: string, to: string) => copy(file, to, emit),
    link,
    leave: async () => undefined,
  };
  await writerOf(exported.format).write(dataset, out, {
    copy: bring[exported.pictures],
    onProgress: (done, total) => emit({ kind: 'progress', done, total, note: '' }),
  });
  return sizeOf(dataset);
}

/** A second name of the same file; where the disk has none of those, a link to it. */
async function link(file: string, out: string): Promise<void> {
  try {
    await fs.link(await fs.realpath(file), out);
  } catch (thrown) {
    if (!['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK'].includes((thrown as NodeJS.ErrnoException).code ?? ''))
      throw thrown;
    await fs.symlink(file, out);
  }
}

/** Copies that were asked for, by their tickets. */
const copying = new Map<number, { resolve(): void; reject(error: AppError): void }>();
let lastTicket = 0;

function copy(file: string, out: string, emit: (event: WorkerEvent) => void): Promise<void> {
  const ticket = ++lastTicket;
  return new Promise((resolve, reject) => {
    copying.set(ticket, { resolve, reject });
    emit({ kind: 'copy', ticket, file, out });
  });
}

export function copied({ ticket, error }: { ticket: number; error: ErrorRecord | null }): null {
  const waiting = copying.get(ticket);
  copying.delete(ticket);
  if (error) waiting?.reject(AppError.fromRecord(error));
  else waiting?.resolve();
  return null;
}

/** The core has refused one that does not write. */
const writerOf = (id: string) => formatById(id) as Format & Required<Pick<Format, 'write'>>;

/** @param project  folder, absolute */
function datasetIn(project: string, exported: Exported): ExportDataset {
  const store = readProjectStore(project);
  try {
    return store.atOneMoment(() => datasetOf(store, exported));
  } finally {
    store.close();
  }
}

function datasetOf(store: ProjectStore, { include }: Exported): ExportDataset {
  const included = new Set(store.images.idsOf(include));
  const classes = store.classes.all();
  const names = new Map(classes.map(({ id, name }) => [id, name]));
  const nameOfClass = (id: (typeof classes)[number]['id'] | null) =>
    id === null ? null : (names.get(id) ?? null);
  const drawn = new Map<ImageId, ExportAnnotation[]>();
  for (const { imageId, classId, id: _, ...drawing } of store.annotations.each()) {
    if (!included.has(imageId)) continue;
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
    images: store.images
      .all()
      .filter(({ id }) => included.has(id))
      .map(({ id, file, widthPx, heightPx, classId, classOrigin, split }) => ({
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
