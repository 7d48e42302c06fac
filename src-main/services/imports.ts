// Importing: read the annotation files, look at every picture, and write all of it or nothing. What is there already
// is left alone, whatever a person made of it since.

import fs from 'node:fs';
import path from 'node:path';
import type { Detection, ImportResult, ImportWarning } from '../contracts/imports.ts';
import { AppError, toErrorRecord } from '../contracts/errors.ts';
import { fitToPicture } from '../formats/fit.ts';
import type { ImportedImage } from '../formats/format.ts';
import { detectFormat, formatById } from '../formats/index.ts';
import { damaged, SourceTree } from '../formats/source.ts';
import { promisedKind, type PictureKind } from '../imaging/index.ts';
import type { ProjectStore } from '../storage/project-store.ts';
import type { Context, Handlers } from '../core/context.ts';
import type { JobHandle } from '../core/jobs.ts';
import type { OpenProject } from '../core/open-project.ts';
import { writeImport, type Ready } from './import-writing.ts';
import { noteCurrent } from './projects.ts';
import { isWorkerDeath, type Workers } from '../core/worker-pool.ts';

/** Pictures that are probed side by side: enough to keep the worker's decoders busy. */
const PROBED_AT_ONCE = 8;
/** Warnings that are kept; the rest is counted. */
const WARNINGS_KEPT = 5000;

export const importHandlers: Handlers<'imports.detect' | 'imports.start'> = {
  'imports.detect': async (context, { source }) => {
    const { format, title, others, reason } = await detectFormat(
      await SourceTree.open(context.files.resolve(source)),
    );
    return { format, title, others, reason } satisfies Detection;
  },
  'imports.start': (context, { source, format }) => {
    const project = context.project();
    const place = context.files.resolve(source);
    if (format !== 'auto') formatById(format);
    return context.jobs.start(
      { kind: 'import', title: `Import of ${path.basename(place)}`, unit: 'pictures', queue: 'import' },
      (handle) => importFrom(context, project, place, format, handle),
    ).id;
  },
};

/**
 * @param place   absolute path of a folder or an annotation file
 * @param format  id, or 'auto'
 * @throws AppError 'bad-file' naming file, place and reason; 'bad-input' when there is nothing to import
 */
export async function importFrom(
  context: Context,
  project: OpenProject,
  place: string,
  format: string,
  handle: JobHandle,
): Promise<ImportResult> {
  handle.progress(0, 0, 'reading annotation files');
  const source = await SourceTree.open(place, handle.signal);
  const formatId = format === 'auto' ? (await detectFormat(source)).format : format;
  const warnings = warningList();
  const images: ImportedImage[] = [];
  const listed = new Set<string>();
  const reader = formatById(formatId);
  if (!reader.read) throw new AppError('bad-input', `${reader.title} can be written, not read`);
  await reader.read(source, {
    image(image) {
      const { file, place } = image.recordPlace;
      if (listed.has(image.relativePath))
        throw damaged(file, place, `the picture ${image.relativePath} is listed twice`);
      listed.add(image.relativePath);
      images.push(image);
    },
    warn: warnings.add,
    signal: handle.signal,
  });
  if (images.length === 0)
    throw new AppError('bad-input', `no pictures were found in ${path.basename(place)}`, {
      reason: warnings.kept[0]?.message ?? `read as ${reader.title}`,
    });

  const { root } = source;
  const ready = await lookAt(context.workers, project.store, root, images, warnings.add, handle);
  if (ready.length === 0)
    throw new AppError('bad-input', `no picture of ${path.basename(place)} can be read`, {
      reason: warnings.kept[0]?.message,
    });
  handle.signal.throwIfAborted();
  const written = await writeImport(project, root, formatId, ready, warnings.add, handle);
  for (const what of ['classes', 'images'] as const) context.emit('project', { id: project.id, what });
  noteCurrent(context);
  return { format: formatId, ...written, warnings: warnings.all() };
}

function warningList() {
  const kept: ImportWarning[] = [];
  let more = 0;
  return {
    kept,
    add: (warning: ImportWarning): void => {
      if (kept.length < WARNINGS_KEPT) kept.push(warning);
      else more += 1;
    },
    all: (): ImportWarning[] =>
      more > 0
        ? [...kept, { code: 'more', file: '', message: `${more} more warnings are not listed` }]
        : kept,
  };
}

/** Probes every picture that is new or has changed; those that cannot be read are warned of and left out. */
async function lookAt(
  workers: Workers,
  store: ProjectStore,
  root: string,
  images: readonly ImportedImage[],
  warn: (warning: ImportWarning) => void,
  handle: JobHandle,
): Promise<Ready[]> {
  const source = store.sources.byRoot(root);
  const looked: (Ready | undefined)[] = new Array(images.length);
  const retried: number[] = [];
  let done = 0;

  const look = async (index: number, isRetry: boolean): Promise<void> => {
    const image = images[index];
    try {
      const { mtimeMs, size } = await fs.promises.stat(image.file);
      const before = source && store.images.at(source.id, image.relativePath);
      const isSame = before?.sizeBytes === size && before.modifiedMs === mtimeMs;
      const probe = isSame
        ? { ...before, format: before.fileFormat }
        : await workers.call('interactive', 'probe', { file: image.file }).value;
      const { annotations, warnings } = fitToPicture(image, probe.widthPx, probe.heightPx);
      warnings.forEach(warn);
      const promised = promisedKind(image.file);
      if (promised !== null && promised !== (probe.format as PictureKind))
        warn({
          code: 'other-type',
          file: image.relativePath,
          message: `its name says ${promised}, its content is ${probe.format}; it is read as ${probe.format}`,
        });
      looked[index] = { image, probe, modifiedMs: mtimeMs, annotations };
    } catch (thrown) {
      // One picture that brings the process down takes its neighbours along: each is tried again alone.
      if (isWorkerDeath(thrown) && !isRetry && !handle.signal.aborted) {
        retried.push(index);
        return;
      }
      const { message, detail } = toErrorRecord(thrown);
      warn({ code: 'bad-picture', file: image.relativePath, message: detail.reason ?? message });
    }
    done += 1;
    handle.progress(done, images.length, 'looking at pictures');
  };

  let next = 0;
  const lane = async () => {
    while (next < images.length) {
      handle.signal.throwIfAborted();
      await look(next++, false);
    }
  };
  await Promise.all(Array.from({ length: PROBED_AT_ONCE }, lane));
  for (const index of retried) {
    handle.signal.throwIfAborted();
    await look(index, true);
  }
  return looked.filter((one) => one !== undefined);
}
