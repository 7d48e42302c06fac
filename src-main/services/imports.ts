// Importing: read the annotation files, look at every picture, and write all of it or nothing. What is there already
// is left alone, whatever a person made of it since.

import fs from 'node:fs';
import path from 'node:path';
import type { ImportId } from '../contracts/ids.ts';
import type { Detection, ImportRecord, ImportResult, ImportWarning } from '../contracts/imports.ts';
import { printable } from '../contracts/printable.ts';
import { AppError, toErrorRecord } from '../contracts/errors.ts';
import type { ImportedImage } from '../contracts/imported.ts';
import type { KnownImage, ReadSetOutcome } from '../contracts/worker-protocol.ts';
import { checkReadable } from '../formats/index.ts';
import { leftOutByWarnings } from '../formats/left-out.ts';
import { WarningList } from '../formats/warnings.ts';
import type { StoredImage } from '../storage/images.ts';
import { stateOf } from '../storage/import-keys.ts';
import type { ProjectStore } from '../storage/project-store.ts';
import type { Context, Handlers } from '../core/context.ts';
import type { JobHandle } from '../core/jobs.ts';
import type { OpenProject } from '../core/open-project.ts';
import { warnOfNotes } from './image-notes.ts';
import { writeImport, type Ready } from './import-writing.ts';
import { noteCurrent } from './projects.ts';
import { isWorkerDeath, type Reader, type Workers } from '../core/worker-pool.ts';

/** Pictures that are looked at side by side: enough to keep the worker's decoders busy. */
const LOOKED_AT_ONCE = 8;

export const importHandlers: Handlers<
  'imports.detect' | 'imports.start' | 'imports.list' | 'imports.removeGone'
> = {
  'imports.detect': async (context, { source, images }) => {
    const reader = context.workers.openReader();
    try {
      const { format, title, files, others, reason } = await reader.call('detectSet', {
        place: context.files.resolve(source),
        images: images === null ? null : context.files.resolve(images),
      });
      return { format, title, files, others, reason } satisfies Detection;
    } finally {
      reader.end();
    }
  },
  'imports.start': (context, { source, format, images }) => {
    const project = context.project();
    const place = context.files.resolve(source);
    const folder = images === null ? null : context.files.resolve(images);
    if (format !== 'auto') checkReadable(format);
    return context.jobs.start(
      { kind: 'import', title: `Import of ${path.basename(place)}`, unit: 'pictures', queue: 'import' },
      (handle) => importFrom(context, project, place, format, handle, folder),
    ).id;
  },
  'imports.list': (context) => {
    const { store } = context.project();
    return store.imports.finished().map(({ id, root, finishedAt, report }): ImportRecord => ({
      id,
      place: context.files.shorten(root),
      finishedAt,
      added: countOf(store, id, 'added'),
      concerned: countOf(store, id, 'concerned'),
      gone: goneShapes(store, id).length,
      report,
    }));
  },
  'imports.removeGone': async (context, { id }) => {
    const project = context.project();
    const { store } = project;
    if (!store.imports.has(id)) throw new AppError('not-found', `there is no import ${id} in this project`);
    const removed = await store.inTurns(removeGone(store, id), () => project.closing.signal.throwIfAborted());
    for (const what of ['classes', 'images'] as const) context.emit('project', { id: project.id, what });
    return { removed };
  },
};

const countOf = (store: ProjectStore, id: ImportId, which: 'added' | 'concerned'): number =>
  store.images.count({ filter: { import: { id, which } }, sort: 'added' });

/** Shapes that are gone from their source and that nobody changed here since. */
const goneShapes = (store: ProjectStore, id: ImportId) =>
  store.importKeys.gone(id).flatMap(({ imageId, key, annotationId, state }) => {
    const shape = store.annotations.byId(annotationId);
    return shape && stateOf(shape) === state ? [{ imageId, key, shape }] : [];
  });

/** One step a picture, which undo takes back. */
function* removeGone(store: ProjectStore, id: ImportId): Generator<void, number> {
  const byImage = Map.groupBy(goneShapes(store, id), ({ imageId }) => imageId);
  let removed = 0;
  for (const [imageId, shapes] of byImage) {
    for (const { shape, key } of shapes) {
      store.annotations.remove(shape.id);
      store.importKeys.drop(imageId, key);
    }
    store.undo.add(
      imageId,
      shapes.map(({ shape }) => ({ of: 'annotation', before: shape, after: null })),
    );
    store.images.deriveClass(imageId);
    removed += shapes.length;
    yield;
  }
  return removed;
}

/**
 * @param place   absolute path of a folder or an annotation file
 * @param format  id, several joined by +, or 'auto'
 * @param images  absolute path of the pictures' folder, where they lie elsewhere
 * @throws AppError 'bad-file' naming file, place and reason; 'bad-input' when there is nothing to import
 */
export async function importFrom(
  context: Context,
  project: OpenProject,
  place: string,
  format: string,
  handle: JobHandle,
  images: string | null = null,
): Promise<ImportResult> {
  handle.progress(0, 0, 'reading annotation files');
  const reader = context.workers.openReader();
  const end = () => reader.end();
  handle.signal.addEventListener('abort', end, { once: true });
  const warnings = new WarningList();
  let set: ReadSetOutcome;
  let ready: Ready[];
  try {
    handle.signal.throwIfAborted();
    set = await reader.call('readSet', { place, format, images });
    warnings.addAll(set.warnings, set.moreWarnings);
    if (set.images === 0)
      throw new AppError('bad-input', `no pictures were found in ${path.basename(place)}`, {
        reason: warnings.kept[0]?.message ?? `read as ${set.title}`,
      });
    ready = await lookAt(context.workers, project.store, set, imagesOf(reader), warnings.add, handle);
  } catch (thrown) {
    handle.signal.throwIfAborted();
    if (!isWorkerDeath(thrown)) throw thrown;
    const reason = `reading it took too much memory or time: ${(thrown as AppError).detail.reason}`;
    throw new AppError('bad-file', `${path.basename(place)}: ${reason}`, { file: place, reason }, thrown);
  } finally {
    handle.signal.removeEventListener('abort', end);
    end();
  }
  const { format: formatId } = set;
  if (ready.length === 0)
    throw new AppError('bad-input', `no picture of ${path.basename(place)} can be read`, {
      reason: warnings.kept[0]?.message,
    });
  warnOfNotes(ready, warnings.add);
  handle.signal.throwIfAborted();
  const warnedOf = new Set(warnings.kept.map(({ file }) => file));
  const result = await writeImport(
    project,
    { ...set, labels: `${formatId}|${path.relative(set.root, fs.realpathSync(place))}` },
    ready,
    {
      warn: warnings.add,
      concerns: (relativePath) => warnedOf.has(printable(relativePath)),
      report: (written) => ({
        format: formatId,
        ...written,
        seen: set.seen,
        taken: { pictures: ready.length, annotationFiles: set.annotationFiles },
        left: [...set.left, ...leftOutByWarnings(warnings.kept)].map(({ reason, count, examples }) => ({
          reason: printable(reason),
          count,
          examples: examples.map((example) => printable(example)),
        })),
        warnings: warnings.all(),
      }),
    },
    handle,
  );
  for (const what of ['classes', 'images'] as const) context.emit('project', { id: project.id, what });
  noteCurrent(context);
  return result;
}

/** A few at a time, so that the core never holds the whole set unread. */
async function* imagesOf(reader: Reader): AsyncGenerator<ImportedImage> {
  for (;;) {
    const batch = await reader.call('nextImages', null);
    if (batch.length === 0) return;
    yield* batch;
  }
}

/** Looks at every picture, anew if it is new or has changed; those that cannot be read are warned of and left out. */
async function lookAt(
  workers: Workers,
  store: ProjectStore,
  { root, images: total }: ReadSetOutcome,
  images: AsyncGenerator<ImportedImage>,
  warn: (warning: ImportWarning) => void,
  handle: JobHandle,
): Promise<Ready[]> {
  const source = store.sources.byRoot(root);
  const looked: (Ready | undefined)[] = new Array(total);
  let next = 0;
  let done = 0;

  const look = async (image: ImportedImage, index: number): Promise<void> => {
    try {
      const { warnings, ...found } = await workers.decode('lookAt', {
        image,
        known: source ? knownOf(store.images.at(source.id, image.relativePath)) : null,
      });
      warnings.forEach(warn);
      looked[index] = { image: { ...image, annotations: [] }, ...found };
    } catch (thrown) {
      if (isWorkerDeath(thrown)) throw thrown; // Fovea is closing
      const { message, detail } = toErrorRecord(thrown);
      warn({ code: 'bad-picture', file: image.relativePath, message: detail.reason ?? message });
    }
    done += 1;
    handle.progress(done, total, 'looking at pictures');
  };

  const lane = async () => {
    for (;;) {
      handle.signal.throwIfAborted();
      const { value: image, done: isEnd } = await images.next();
      if (isEnd) return;
      await look(image, next++);
    }
  };
  await Promise.all(Array.from({ length: LOOKED_AT_ONCE }, lane));
  return looked.filter((one) => one !== undefined);
}

const knownOf = (image: StoredImage | null): KnownImage | null =>
  image === null
    ? null
    : {
        contentHash: image.contentHash,
        widthPx: image.widthPx,
        heightPx: image.heightPx,
        sizeBytes: image.sizeBytes,
        format: image.fileFormat,
        modifiedMs: image.modifiedMs,
      };
