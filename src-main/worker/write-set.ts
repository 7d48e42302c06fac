// Writing an annotation set, whatever its size: in a process of its own, which reads the project's database and
// rasterises, encodes and writes what the format wants. Pictures are copied by the process that may decode them.

import { AppError, type ErrorRecord } from '../contracts/errors.ts';
import type { Loss } from '../contracts/exports.ts';
import type { ImageId } from '../contracts/ids.ts';
import type { WorkerCalls, WorkerEvent } from '../contracts/worker-protocol.ts';
import type { ExportAnnotation, ExportDataset, Format } from '../formats/format.ts';
import { formatById } from '../formats/index.ts';
import { readProjectStore, type ProjectStore } from '../storage/project-store.ts';

export async function exportLosses({
  project,
  format,
}: WorkerCalls['exportLosses']['input']): Promise<Loss[]> {
  return writerOf(format).losses?.(datasetIn(project)) ?? [];
}

export async function writeSet(
  { project, format, out }: WorkerCalls['writeSet']['input'],
  emit: (event: WorkerEvent) => void,
): Promise<WorkerCalls['writeSet']['output']> {
  const dataset = datasetIn(project);
  if (dataset.images.length === 0)
    throw new AppError('bad-input', 'there are no pictures to export', { reason: 'import some first' });
  await writerOf(format).write(dataset, out, {
    copy: (file, to) => copy(file, to, emit),
    onProgress: (done, total) => emit({ kind: 'progress', done, total, note: '' }),
  });
  const annotations = dataset.images.reduce((sum, image) => sum + image.annotations.length, 0);
  return { images: dataset.images.length, annotations };
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
function datasetIn(project: string): ExportDataset {
  const store = readProjectStore(project);
  try {
    return store.atOneMoment(() => datasetOf(store));
  } finally {
    store.close();
  }
}

function datasetOf(store: ProjectStore): ExportDataset {
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
