// Writing what an import has read: a little each turn, where nothing reads it, then shown at once. Whatever becomes of
// the import, what others write meanwhile is theirs and stays.

import fs from 'node:fs';
import type { ImportResult, ImportWarning } from '../contracts/imports.ts';
import type { ClassId, ImageId } from '../contracts/ids.ts';
import type { FittedAnnotation, ImportedImage } from '../contracts/imported.ts';
import type { ProbeResult, ReadSetOutcome } from '../contracts/worker-protocol.ts';
import type { JobHandle } from '../core/jobs.ts';
import type { OpenProject } from '../core/open-project.ts';
import type { StoredImage } from '../storage/images.ts';
import type { ImageChange } from '../storage/imports.ts';
import { keyOf, stateOf } from '../storage/import-keys.ts';
import type { ProjectStore } from '../storage/project-store.ts';
import { follow, type Incoming } from './reimport.ts';

/** A picture of the source that can be taken: read, probed, its shapes fitted. */
export interface Ready {
  image: ImportedImage;
  probe: ProbeResult;
  modifiedMs: number;
  annotations: FittedAnnotation[];
}

/** Of the source: its root, what it was read as, which labels of it, and the classes that it lists. */
type SetFacts = Pick<ReadSetOutcome, 'root' | 'format' | 'classes'> & { labels: string };

type Written = Pick<
  ImportResult,
  'images' | 'annotations' | 'classes' | 'unchanged' | 'updated' | 'gone' | 'conflicts'
>;

interface Reporting {
  /** Adds a warning to the report. */
  warn: (warning: ImportWarning) => void;
  /** Whether the report says something of a picture so far. */
  concerns: (relativePath: string) => boolean;
  /** The whole report, which is kept with the import. */
  report: (written: Written) => ImportResult;
}

/** All of it or nothing, with progress; can be cancelled until it is shown. */
export async function writeImport(
  project: OpenProject,
  set: SetFacts,
  ready: readonly Ready[],
  reporting: Reporting,
  handle: JobHandle,
): Promise<ImportResult> {
  const { store, closing } = project;
  await tidyImports(project);
  const startedAt = performance.now();
  let done = 0;
  const showProgress = () => {
    handle.progress(done, ready.length, 'writing');
    // The pictures were looked at before, at another speed.
    if (done > 0) handle.secondsLeft(((performance.now() - startedAt) / 1000 / done) * (ready.length - done));
  };
  showProgress();
  try {
    const written = await store.inTurns(
      write(store, set, ready, reporting, () => (done += 1)),
      () => {
        closing.signal.throwIfAborted();
        handle.signal.throwIfAborted();
        showProgress();
      },
    );
    handle.signal.throwIfAborted();
    const report = reporting.report(written);
    await store.whenFree(() => store.transaction(() => store.imports.finish(report)));
    await store.inTurns(store.imports.carryOut(), () => closing.signal.throwIfAborted());
    return report;
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
  { root, format, classes: listed, labels }: SetFacts,
  ready: readonly Ready[],
  { warn, concerns }: Reporting,
  onImage: () => void,
): Generator<void, Written> {
  const { imports } = store;
  const sourceId = store.sources.byRoot(root)?.id ?? store.sources.add(root, format);
  const labelsId = store.importKeys.labels(sourceId, labels);
  const importId = imports.begin(sourceId, labelsId);
  // Labels of a folder that was moved since are the same labels.
  const ownLabels = new Set([
    labelsId,
    ...store.importKeys
      .sameElsewhere(labels, sourceId)
      .filter((other) => !fs.existsSync(other.root))
      .map(({ id }) => id),
  ]);
  const classes = new Map<string, ClassId>();
  const classOf = (name: string | null): ClassId | null => {
    if (name === null) return null;
    const id = classes.get(name) ?? imports.classNamed(name);
    classes.set(name, id);
    return id;
  };
  for (const name of listed) classOf(name);
  const names = new Map(store.classes.all().map(({ id, name }) => [id, name]));
  const nameOf = (id: ClassId | null) => (id === null ? null : (names.get(id) ?? null));
  const listedPaths = new Set(ready.map(({ image }) => image.relativePath));
  const taken = new Set<ImageId>();
  const named = new Set<string>();
  let added = 0;
  let annotations = 0;
  let unchanged = 0;
  let several = 0;
  let updated = 0;
  let gone = 0;
  let conflicts = 0;

  for (const one of ready) {
    const { image } = one;
    const drawn = new Set(one.annotations.map((annotation) => annotation.className));
    for (const name of [image.className, ...drawn]) if (name !== null) named.add(name);
    const there =
      store.images.at(sourceId, image.relativePath) ?? elsewhere(store, sourceId, one, taken, listedPaths);
    const incoming = incomingOf(one.annotations, classOf);
    let fresh: readonly Incoming[] = incoming;
    let id: ImageId;
    if (there) {
      id = there.id;
      unchanged += 1;
      const plan = follow(
        store.importKeys.ofImage(id),
        ownLabels,
        incoming,
        () => store.annotations.ofImage(id),
        nameOf,
      );
      const hasNews = Object.values(plan.change).some((list) => list.length > 0);
      imports.noteChange(id, { ...changeOf(sourceId, there, one), ...(hasNews && { shapes: plan.change }) });
      for (const { key, state, said, annotationId } of plan.replaced)
        store.importKeys.add(importId, id, { key, annotationId, state, shape: said.shape, labelsId });
      for (const conflict of plan.conflicts)
        warn({ code: 'changed-in-both', file: image.relativePath, message: conflict });
      updated += plan.change.updates.length;
      gone += plan.change.gone.length;
      conflicts += plan.conflicts.length;
      if (plan.conflicts.length + plan.change.gone.length > 0) imports.addConcern(importId, id);
      fresh = plan.fresh;
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
    if (concerns(image.relativePath)) imports.addConcern(importId, id);
    for (const { key, state, said } of fresh) {
      const annotationId = imports.addAnnotation(importId, id, said);
      store.importKeys.add(importId, id, { key, annotationId, state, shape: said.shape, labelsId });
      annotations += 1;
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
  return { images: added, annotations, classes: named.size, unchanged, updated, gone, conflicts };
}

/** With their keys. The same box twice on a picture is two boxes, each time it is imported. */
function incomingOf(
  annotations: readonly FittedAnnotation[],
  classOf: (name: string | null) => ClassId | null,
): Incoming[] {
  const repeats = new Map<string, number>();
  return annotations.map(({ className, place: _, ...drawn }) => {
    const key = keyOf(className, drawn);
    const repeat = (repeats.get(key) ?? 0) + 1;
    repeats.set(key, repeat);
    const said = { isCrowd: false, attributes: {}, ...drawn, classId: classOf(className) };
    return { key: repeat === 1 ? key : `${key}#${repeat}`, state: stateOf(said), said };
  });
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
 * The same picture under another source, imported from a copy or from where the folder was moved to; or at another place
 * of this one, where it lies no longer. Pictures that are doubles within one source stay two, since their annotations
 * may differ.
 */
function elsewhere(
  store: ProjectStore,
  sourceId: number,
  { image, probe }: Ready,
  taken: ReadonlySet<ImageId>,
  listed: ReadonlySet<string>,
): StoredImage | null {
  const isFree = (one: StoredImage) =>
    !taken.has(one.id) &&
    (one.sourceId !== sourceId || (!listed.has(one.relativePath) && !fs.existsSync(one.file)));
  const free = store.images.byHash(probe.contentHash).filter(isFree);
  return free.find((one) => one.relativePath === image.relativePath) ?? free[0] ?? null;
}

/** What is new about a picture that is there already: its content if that changed, its place if it moved. */
function changeOf(sourceId: number, there: StoredImage, one: Ready): ImageChange {
  const { attributes, relativePath } = one.image;
  const brought = attributes ? { attributes } : {};
  if (there.sourceId !== sourceId || there.relativePath !== relativePath) {
    const isMoved = there.missing || !fs.existsSync(there.file);
    return { ...brought, ...(isMoved && { place: { sourceId, relativePath } }) };
  }
  if (there.contentHash !== one.probe.contentHash || there.modifiedMs !== one.modifiedMs)
    return { ...brought, content: contentOf(one) };
  return { ...brought, ...(there.missing && { isFound: true }) };
}
