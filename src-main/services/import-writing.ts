// Writing what an import has read: a little each turn, where nothing reads it, then shown at once. Whatever becomes of
// the import, what others write meanwhile is theirs and stays.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import type { ImportResult, ImportWarning } from '../contracts/imports.ts';
import type { ClassId, ImageId } from '../contracts/ids.ts';
import type { FittedAnnotation, ImportedImage } from '../contracts/imported.ts';
import type { ProbeResult, ReadSetOutcome } from '../contracts/worker-protocol.ts';
import type { JobHandle } from '../core/jobs.ts';
import type { OpenProject } from '../core/open-project.ts';
import type { StoredImage } from '../storage/images.ts';
import type { ImageChange } from '../storage/imports.ts';
import type { ProjectStore } from '../storage/project-store.ts';

/** A picture of the source that can be taken: read, probed, its shapes fitted. */
export interface Ready {
  image: ImportedImage;
  probe: ProbeResult;
  modifiedMs: number;
  annotations: FittedAnnotation[];
}

/** Of the source: its root, what it was read as, and the classes that it lists. */
type SetFacts = Pick<ReadSetOutcome, 'root' | 'format' | 'classes'>;

type Written = Pick<ImportResult, 'images' | 'annotations' | 'classes' | 'unchanged'>;

/** All of it or nothing, with progress; can be cancelled until it is shown. */
export async function writeImport(
  project: OpenProject,
  set: SetFacts,
  ready: readonly Ready[],
  warn: (warning: ImportWarning) => void,
  handle: JobHandle,
): Promise<Written> {
  const { store, closing } = project;
  await tidyImports(project);
  const startedAt = performance.now();
  let done = 0;
  const report = () => {
    handle.progress(done, ready.length, 'writing');
    // The pictures were looked at before, at another speed.
    if (done > 0) handle.secondsLeft(((performance.now() - startedAt) / 1000 / done) * (ready.length - done));
  };
  report();
  try {
    const written = await store.inTurns(
      write(store, set, ready, warn, () => (done += 1)),
      () => {
        closing.signal.throwIfAborted();
        handle.signal.throwIfAborted();
        report();
      },
    );
    handle.signal.throwIfAborted();
    await store.whenFree(() => store.transaction(() => store.imports.finish()));
    await store.inTurns(store.imports.carryOut(), () => closing.signal.throwIfAborted());
    return written;
  } catch (thrown) {
    if (!closing.signal.aborted && store.imports.isInFlight()) {
      handle.progress(0, 0, 'taking back what was written');
      // A disk too full even for this changes nothing that is shown: the next import or opening tries again.
      await tidyImports(project).catch((error: unknown) => console.error(error));
    }
    throw thrown;
  }
}

/** Removes what an import that did not come to its end has left, and finishes what one that did still has to do. */
export async function tidyImports({ store, closing }: OpenProject): Promise<void> {
  const stop = () => closing.signal.throwIfAborted();
  stop();
  await store.inTurns(store.imports.discard(), stop);
  await store.inTurns(store.imports.carryOut(), stop);
}

/** One short step a shape. */
function* write(
  store: ProjectStore,
  { root, format, classes: listed }: SetFacts,
  ready: readonly Ready[],
  warn: (warning: ImportWarning) => void,
  onImage: () => void,
): Generator<void, Written> {
  const { imports } = store;
  const sourceId = store.sources.byRoot(root)?.id ?? store.sources.add(root, format);
  const importId = imports.begin(sourceId);
  const classes = new Map<string, ClassId>();
  const classOf = (name: string | null): ClassId | null => {
    if (name === null) return null;
    const id = classes.get(name) ?? imports.classNamed(name);
    classes.set(name, id);
    return id;
  };
  for (const name of listed) classOf(name);
  const taken = new Set<ImageId>();
  const named = new Set<string>();
  let added = 0;
  let annotations = 0;
  let unchanged = 0;
  let several = 0;

  for (const one of ready) {
    const { image } = one;
    const drawn = new Set(one.annotations.map((annotation) => annotation.className));
    for (const name of [image.className, ...drawn]) if (name !== null) named.add(name);
    const there = store.images.at(sourceId, image.relativePath) ?? elsewhere(store, sourceId, one, taken);
    let id: ImageId;
    if (there) {
      id = there.id;
      unchanged += 1;
      imports.noteChange(id, changeOf(sourceId, there, one));
    } else {
      const [only, ...others] = [...drawn].filter((name) => name !== null);
      const derived = others.length === 0 ? (only ?? null) : null;
      id = imports.addImage({
        sourceId,
        relativePath: image.relativePath,
        ...contentOf(one),
        classId: classOf(image.className ?? derived),
        classOrigin: image.className === null ? 'derived' : 'given',
        split: image.split,
        boxes: one.annotations.filter(({ shape }) => shape.kind === 'box').length,
        masks: one.annotations.filter(({ shape }) => shape.kind !== 'box').length,
      });
      if (image.attributes) store.attributes.set(id, image.attributes);
      added += 1;
      if (image.className === null && drawn.size > 1) several += 1;
    }
    taken.add(id);
    const repeats = new Map<string, number>();
    for (const { className, shape, place: _, ...facts } of one.annotations) {
      const key = createHash('sha1')
        .update(JSON.stringify([className, shape]))
        .digest('base64url');
      // The same box twice on a picture is two boxes, each time it is imported.
      const repeat = (repeats.get(key) ?? 0) + 1;
      repeats.set(key, repeat);
      if (imports.addKey(importId, id, repeat === 1 ? key : `${key}#${repeat}`)) {
        imports.addAnnotation(importId, id, { ...facts, classId: classOf(className), shape });
        annotations += 1;
      }
      yield;
    }
    onImage();
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
  sourceId: number,
  { image, probe }: Ready,
  taken: ReadonlySet<ImageId>,
): StoredImage | null {
  const free = store.images
    .byHash(probe.contentHash)
    .filter((one) => one.sourceId !== sourceId && !taken.has(one.id));
  return free.find((one) => one.relativePath === image.relativePath) ?? free[0] ?? null;
}

/** What is new about a picture that is there already: its content if that changed, its place if it moved. */
function changeOf(sourceId: number, there: StoredImage, one: Ready): ImageChange {
  const { attributes, relativePath } = one.image;
  const brought = attributes ? { attributes } : {};
  if (there.sourceId !== sourceId) {
    const isMoved = there.missing || !fs.existsSync(there.file);
    return { ...brought, ...(isMoved && { place: { sourceId, relativePath } }) };
  }
  if (there.contentHash !== one.probe.contentHash || there.modifiedMs !== one.modifiedMs)
    return { ...brought, content: contentOf(one) };
  return { ...brought, ...(there.missing && { isFound: true }) };
}
