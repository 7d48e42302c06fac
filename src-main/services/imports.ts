// Importing: read the annotation files, look at every picture, and write all of it in one transaction or
// nothing. What is there already is left alone, whatever a person made of it since.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Detection, ImportResult, ImportWarning } from '../contracts/imports.ts';
import { AppError, toErrorRecord } from '../contracts/errors.ts';
import type { ClassId, ImageId } from '../contracts/ids.ts';
import type { ProbeResult } from '../contracts/worker-protocol.ts';
import { fitToPicture, type FittedAnnotation } from '../formats/fit.ts';
import type { ImportedImage } from '../formats/format.ts';
import { detectFormat, formatById } from '../formats/index.ts';
import { damaged, SourceTree } from '../formats/source.ts';
import { promisedKind, type PictureKind } from '../imaging/index.ts';
import type { StoredImage } from '../storage/images.ts';
import type { ProjectStore } from '../storage/project-store.ts';
import type { Context, Handlers } from '../core/context.ts';
import type { JobHandle } from '../core/jobs.ts';
import type { OpenProject } from '../core/open-project.ts';
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

/** A picture of the source that can be taken: read, probed, its shapes fitted. */
interface Ready {
  image: ImportedImage;
  probe: ProbeResult;
  modifiedMs: number;
  annotations: FittedAnnotation[];
}

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
  const written = await writeAll(context, project, root, formatId, ready, warnings.add, handle);
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
  const known = knownPictures(store, root);
  const looked: (Ready | undefined)[] = new Array(images.length);
  const retried: number[] = [];
  let done = 0;

  const look = async (index: number, isRetry: boolean): Promise<void> => {
    const image = images[index];
    try {
      const { mtimeMs, size } = await fs.promises.stat(image.file);
      const before = known.get(image.relativePath);
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

function knownPictures(store: ProjectStore, root: string): Map<string, StoredImage> {
  const source = store.sources.byRoot(root);
  const own = source ? store.images.ofSource(source.id) : [];
  return new Map(own.map((image) => [image.relativePath, image]));
}

/** Writes in one transaction, with progress; 100,000 pictures take half a minute. */
function writeAll(
  context: Context,
  project: OpenProject,
  root: string,
  format: string,
  ready: readonly Ready[],
  warn: (warning: ImportWarning) => void,
  handle: JobHandle,
): Promise<Written> {
  const startedAt = Date.now();
  let done = 0;
  const report = () => {
    handle.progress(done, ready.length, 'writing');
    // The pictures were looked at before, at another speed.
    if (done > 0) handle.secondsLeft(((Date.now() - startedAt) / 1000 / done) * (ready.length - done));
  };
  report();
  // What another job writes meanwhile would be taken back, too: then it is too late to cancel.
  const isAlone = context.jobs.active().length <= 1;
  return project.store.transactionInSlices(
    write(project.store, root, format, ready, warn, () => (done += 1)),
    () => {
      project.closing.signal.throwIfAborted();
      if (isAlone) handle.signal.throwIfAborted();
      report();
    },
  );
}

type Written = Pick<ImportResult, 'images' | 'annotations' | 'classes' | 'unchanged'>;

/** One step a picture, inside a transaction. */
function* write(
  store: ProjectStore,
  root: string,
  format: string,
  ready: readonly Ready[],
  warn: (warning: ImportWarning) => void,
  onPicture: () => void,
): Generator<void, Written> {
  const known = knownPictures(store, root);
  const sourceId = store.sources.byRoot(root)?.id ?? store.sources.add(root, format);
  const classes = new Map<string, ClassId>();
  const classOf = (name: string | null): ClassId | null => {
    if (name === null) return null;
    const id = classes.get(name) ?? store.classes.byName(name) ?? store.classes.add(name);
    classes.set(name, id);
    return id;
  };
  const taken = new Set<ImageId>([...known.values()].map((image) => image.id));
  const named = new Set<string>();
  let added = 0;
  let annotations = 0;
  let unchanged = 0;
  let several = 0;

  for (const one of ready) {
    const { image } = one;
    for (const name of [image.className, ...one.annotations.map((annotation) => annotation.className)])
      if (name !== null) named.add(name);
    const there = known.get(image.relativePath) ?? elsewhere(store, one, taken);
    let id: ImageId;
    if (there) {
      id = there.id;
      taken.add(id);
      unchanged += 1;
      refresh(store, sourceId, there, one);
    } else {
      id = store.images.add({
        sourceId,
        relativePath: image.relativePath,
        ...contentOf(one),
        classId: classOf(image.className),
        classOrigin: image.className === null ? 'derived' : 'given',
        split: image.split,
      });
      taken.add(id);
      added += 1;
    }
    if (image.attributes) store.attributes.set(id, image.attributes);
    let fresh = 0;
    const repeats = new Map<string, number>();
    for (const { className, shape } of one.annotations) {
      const key = createHash('sha1')
        .update(JSON.stringify([className, shape]))
        .digest('base64url');
      // The same box twice on a picture is two boxes, each time it is imported.
      const repeat = (repeats.get(key) ?? 0) + 1;
      repeats.set(key, repeat);
      if (!store.importKeys.add(id, repeat === 1 ? key : `${key}#${repeat}`)) continue;
      store.annotations.add({
        imageId: id,
        classId: classOf(className),
        shape,
        origin: 'import',
        hidden: false,
        locked: false,
      });
      fresh += 1;
    }
    annotations += fresh;
    if (fresh > 0) store.images.deriveClass(id);
    if (!there && image.className === null && new Set(one.annotations.map((a) => a.className)).size > 1)
      several += 1;
    onPicture();
    yield;
  }
  if (several > 0)
    warn({
      code: 'several-classes',
      file: '',
      message: `${several} pictures have shapes of several classes and so no class of their own; they are not trained on until they are given one`,
    });
  return { images: added, annotations, classes: named.size, unchanged };
}

const contentOf = ({ probe, modifiedMs }: Ready) => ({
  contentHash: probe.contentHash,
  widthPx: probe.widthPx,
  heightPx: probe.heightPx,
  sizeBytes: probe.sizeBytes,
  modifiedMs,
  fileFormat: probe.format,
});

/**
 * The same picture under another source: imported from a copy, or from where the folder was moved to.
 * Pictures that are doubles within one source stay two, since their annotations may differ.
 */
function elsewhere(
  store: ProjectStore,
  { image, probe }: Ready,
  taken: ReadonlySet<ImageId>,
): StoredImage | null {
  const free = store.images.byHash(probe.contentHash).filter((one) => !taken.has(one.id));
  return free.find((one) => one.relativePath === image.relativePath) ?? free[0] ?? null;
}

/** Facts about a picture that is there already: its content if that changed, its place if it moved. */
function refresh(store: ProjectStore, sourceId: number, there: StoredImage, one: Ready): void {
  if (there.sourceId !== sourceId) {
    if (there.missing || !fs.existsSync(there.file))
      store.images.setFile(there.id, sourceId, one.image.relativePath);
    return;
  }
  if (there.contentHash !== one.probe.contentHash || there.modifiedMs !== one.modifiedMs)
    store.images.setContent(there.id, contentOf(one));
  else if (there.missing) store.images.setMissing(there.id, false);
}
