// What is known of a run, put together from its parts: the record for clients, what it trains on, and the
// pictures as a worker needs them. A run sees the project as it was when it began: its snapshot.

import path from 'node:path';
import type { ProjectSummary } from '../contracts/projects.ts';
import type { Split } from '../contracts/dataset.ts';
import { AppError } from '../contracts/errors.ts';
import type { ClassId, ImageId, RunId } from '../contracts/ids.ts';
import { lossHeat } from '../contracts/heat-metrics.ts';
import { valueOf } from '../contracts/metrics.ts';
import { settingsSchema, type Settings } from '../contracts/settings.ts';
import type { Run, RunConfig, TrainedOn } from '../contracts/runs.ts';
import type { ModelRef, LabelledImage } from '../contracts/worker-protocol.ts';
import { modelById } from '../engine/nn/models/index.ts';
import { objectiveById, objectiveInfos } from '../engine/objectives/index.ts';
import type { StoredImage, TrainingFact } from '../storage/images.ts';
import type { ProjectStore } from '../storage/project-store.ts';
import type { StoredRun } from '../storage/runs.ts';
import type { Snapshot, SnapshotPart } from '../storage/snapshots.ts';
import type { Context } from '../core/context.ts';
import { regionsOf, runFolderOf, type OpenProject } from '../core/open-project.ts';
import { evaluationSummary } from './metrics.ts';
import { stratifiedSplit, usualSplit } from './stratified-split.ts';

/** Fewer training pictures of a class than this are worth a warning. */
const FEW_PICTURES = 10;

/** A method or network of a newer Fovea goes by its id: the run can be looked at, and everything else goes on. */
export function titleOf({ config }: StoredRun): string {
  const title = (find: () => { title: string }, id: string): string => {
    try {
      return find().title;
    } catch {
      return id;
    }
  };
  return `${title(() => objectiveById(config.objective), config.objective)}, ${title(() => modelById(config.model), config.model)}`;
}

export function summaryOf(store: ProjectStore, run: StoredRun): ProjectSummary['lastRun'] {
  const metrics = evaluationSummary(store, run.id, 'test')?.metrics;
  return {
    number: run.id,
    title: titleOf(run),
    accuracy: (metrics && valueOf(metrics, 'accuracy')) ?? run.best?.accuracy ?? null,
    energyInBox: (metrics && valueOf(metrics, 'energy-in-box', lossHeat)) ?? run.energyInBox,
    split: metrics ? 'test' : 'selection',
  };
}

/** @throws AppError 'not-found' */
export function storedRun(project: OpenProject, id: RunId): StoredRun {
  const run = project.store.runs.byId(id);
  if (!run) throw new AppError('not-found', `there is no run ${id} in this project`);
  return run;
}

export function runRecord(context: Context, run: StoredRun): Run {
  const { store } = context.project();
  const job = context.jobs.active().find((one) => one.runId === run.id && one.kind === 'train');
  return {
    id: run.id,
    number: run.id,
    config: run.config,
    state: run.state,
    createdAt: run.createdAt,
    epochsDone: run.epochsDone,
    seconds: run.seconds,
    device: run.device,
    best: run.best,
    energyInBox: run.energyInBox,
    error: run.error,
    jobId: job?.id ?? null,
    trainedOn: { ...run.trainedOn, snapshotId: run.snapshotId },
    ...sweepOf(store, run),
    evaluated: evaluationSummary(store, run.id, 'test'),
  };
}

function sweepOf(store: ProjectStore, run: StoredRun): Pick<Run, 'sweep'> {
  const sweep = store.sweeps.ofRun(run.id);
  return sweep === null ? {} : { sweep: sweep.id };
}

/** Sends a run as it is now. */
export function announce(context: Context, id: RunId): void {
  const run = context.current?.store.runs.byId(id);
  if (run) context.emit('run', runRecord(context, run));
}

/**
 * Whether a run would have to assign pictures to splits first: none is left for choosing the best epoch, and no
 * person has wanted it so. Imported train and test parts alone are such a case.
 */
export const needsSplit = (store: ProjectStore, facts: readonly TrainingFact[]): boolean =>
  store.settings.get('dealt') !== true && facts.every((fact) => fact.split !== 'selection');

/** A picture's classes as a run with these labels has them: its own, or that and all that are drawn on it. */
export const classesWith = (
  labels: Settings['labels'],
  own: ClassId | null,
  drawn: readonly (ClassId | null)[],
): ClassId[] => [
  ...new Set([own, ...(labels === 'several' ? drawn : [])].filter((classId) => classId !== null)),
];

/**
 * What a run started now would train on, split with `seed` where that is still to be done. With several classes a
 * picture, it counts for each of them, and once in the sums.
 * @param tuning  pictures of the selection part that a sweep sets apart
 */
export function trainedOn(
  store: ProjectStore,
  seed = 0,
  tuning: ReadonlySet<ImageId> | null = null,
  labels: Settings['labels'] = 'one',
): TrainedOn {
  const facts = store.images.trainingFacts();
  const assigned = needsSplit(store, facts)
    ? stratifiedSplit(
        facts,
        usualSplit(seed),
        facts.some((fact) => fact.split === 'test'),
      )
    : null;
  const splitOf = (fact: TrainingFact) => (assigned ? (assigned.get(fact.id) ?? null) : fact.split);

  const all = store.classes.all().map(({ id, name }) => ({
    classId: id,
    name,
    train: 0,
    withRegion: 0,
    selection: 0,
    test: 0,
  }));
  const byId = new Map(all.map((one) => [one.classId, one]));
  let unclassed = 0;
  let unassigned = 0;
  const counted: { part: Split | 'tuning'; hasRegion: boolean; classIds: ClassId[] }[] = [];
  for (const fact of facts) {
    const split = splitOf(fact);
    const classIds = classesWith(labels, fact.classId, fact.drawn).filter((classId) => byId.has(classId));
    const hasRegion = fact.hasRegion || (labels === 'several' && fact.drawn.length > 0);
    if (classIds.length === 0) unclassed += 1;
    else if (split === null) unassigned += 1;
    else counted.push({ part: tuning?.has(fact.id) ? 'tuning' : split, hasRegion, classIds });
  }
  for (const { part, hasRegion, classIds } of counted)
    for (const classId of part === 'tuning' ? [] : classIds) {
      const own = byId.get(classId)!;
      own[part as Split] += 1;
      if (part === 'train' && hasRegion) own.withRegion += 1;
    }
  // A class without a training picture cannot be learnt, so it is not one of the run's classes.
  const classes = all.filter((one) => one.train > 0);
  const learnt = new Set(classes.map(({ classId }) => classId));
  const taking = counted.filter(({ classIds }) => classIds.some((classId) => learnt.has(classId)));
  const sum = (wanted: Split | 'tuning') => taking.filter(({ part }) => part === wanted).length;
  return {
    classes,
    train: sum('train'),
    withRegion: taking.filter(({ part, hasRegion }) => part === 'train' && hasRegion).length,
    selection: sum('selection'),
    test: sum('test'),
    ...(tuning && { tuning: sum('tuning') }),
    unclassed,
    snapshotId: null,
    warnings: [...warningsOf(all, unassigned), ...missingWords(store)],
  };
}

/** Missing pictures that are named; the rest is counted. */
const MISSING_NAMED = 3;

/** "7 pictures missing from where they were imported: a.png, b.png, c.png and 4 more"; nothing if all are there. */
export function missingWords({ images }: ProjectStore): string[] {
  const { missing } = images.counts();
  if (missing === 0) return [];
  const names = images.missing(MISSING_NAMED).map(({ name }) => name);
  const more = missing > names.length ? ` and ${missing - names.length} more` : '';
  return [`${count(missing, 'picture')} missing from where they were imported: ${names.join(', ')}${more}`];
}

function warningsOf(classes: TrainedOn['classes'], unassigned: number): string[] {
  const warnings = classes.flatMap((one) => {
    if (one.train + one.selection + one.test === 0) return [];
    if (one.train === 0) return [`${one.name} has no training picture and is left out`];
    if (one.train < FEW_PICTURES) return [`${one.name} has only ${count(one.train, 'training picture')}`];
    return [];
  });
  const learnt = classes.filter((one) => one.train > 0);
  if (learnt.length > 0 && learnt.every((one) => one.selection === 0))
    warnings.push('no validation picture: the last epoch is kept instead of the best');
  if (unassigned > 0)
    warnings.push(`${count(unassigned, 'picture')} not assigned to training, validation or test yet`);
  return warnings;
}

/** What a run makes of training pictures of which none has a box or mask. */
export function boxlessWarnings(
  { objective, settings }: RunConfig,
  { train, withRegion }: TrainedOn,
): string[] {
  if (train === 0 || withRegion > 0) return [];
  const parts = objective.split('+');
  const needsRegions = objectiveInfos().find(({ id, family }) => family === 'regions' && parts.includes(id));
  const start = 'no training picture has a box or mask, so';
  return [
    ...(needsRegions ? [`${start} ${needsRegions.title} learns from the labels alone`] : []),
    ...(settings.outside !== 'none' ? [`${start} no outside is replaced`] : []),
  ];
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

/**
 * The project as it is now, without pictures whose files are gone.
 * @param tuning  pictures of the selection part that a sweep sets apart
 */
export function takeSnapshot(store: ProjectStore, tuning: ReadonlySet<ImageId> | null = null): Snapshot {
  const drawn = new Map<ImageId, Snapshot['images'][number]['annotations']>();
  for (const { imageId, classId, shape } of store.annotations.each()) {
    const own = drawn.get(imageId);
    if (own) own.push({ classId, shape });
    else drawn.set(imageId, [{ classId, shape }]);
  }
  return {
    classes: store.classes.all().map(({ id, name }) => ({ id, name })),
    images: store.images
      .all()
      .filter((image) => !image.missing)
      .map(({ id, contentHash, classId, split }) => ({
        id,
        contentHash,
        classId,
        split: tuning?.has(id) ? 'tuning' : split,
        annotations: drawn.get(id) ?? [],
      })),
  };
}

/** What of a run says how it sees a picture. */
export type SeenBy = Pick<StoredRun, 'config' | 'trainedOn'>;

/** What of a picture says its classes and regions. */
type Labelled = Pick<Snapshot['images'][number], 'contentHash' | 'classId' | 'annotations'>;

/**
 * How a run sees a picture; null if it has none of the run's classes. Of several classes a picture's own is the one
 * that is looked at, else the one that was drawn first.
 * @param of  whose regions: those of the class that is looked at, or for training those of all its classes
 */
export function imageAs(
  run: SeenBy,
): (stored: StoredImage, labelled: Labelled, of?: 'one' | 'all') => LabelledImage | null {
  const { labels } = settingsSchema.parse(run.config.settings); // a run of an older version has fewer
  const classIndex = new Map(run.trainedOn.classes.map(({ classId }, index) => [classId, index]));
  return (stored, { contentHash, classId, annotations }, of = 'one') => {
    const drawn = annotations.map((one) => one.classId);
    const classIds = classesWith(labels, classId, drawn).filter((one) => classIndex.has(one));
    if (classIds.length === 0) return null;
    const indices = classIds.map((one) => classIndex.get(one)!);
    const looked = of === 'all' ? classIds : classIds.slice(0, 1);
    return {
      imageId: stored.id,
      file: stored.file,
      contentHash,
      widthPx: stored.widthPx,
      heightPx: stored.heightPx,
      classIndex: indices[0],
      ...(labels === 'several' && { classIndices: indices.toSorted((a, b) => a - b) }),
      regions: regionsOf(looked, annotations),
    };
  };
}

/**
 * Pictures of one part as the run's snapshot has them, in order of id; those of its classes only.
 * @param of  whose regions: see `imageAs`
 */
export function imagesOf(
  { store }: OpenProject,
  run: SeenBy,
  snapshot: Snapshot,
  split: SnapshotPart,
  of: 'one' | 'all' = 'one',
): LabelledImage[] {
  const seen = imageAs(run);
  return snapshot.images
    .filter((image) => image.split === split)
    .map((image) => {
      const stored = store.images.byId(image.id);
      return stored && seen(stored, image, of);
    })
    .filter((image) => image !== null);
}

/**
 * Pictures of one part with their groups: class and value of the attribute together, in order of class and value.
 * Pictures without the attribute, on themselves or on the shapes they are judged by, have none.
 * @throws AppError 'bad-input' if no picture has the attribute
 */
export function groupedImages(
  project: OpenProject,
  run: SeenBy,
  snapshot: Snapshot,
  split: SnapshotPart,
  groupBy: string | undefined,
  of: 'one' | 'all' = 'one',
): { images: LabelledImage[]; groups: string[] } {
  const images = imagesOf(project, run, snapshot, split, of);
  if (groupBy === undefined) return { images, groups: [] };
  const { attributes } = project.store;
  const valueOf = attributes.valuesOf(groupBy);
  if (valueOf.size === 0)
    throw new AppError('bad-input', `no picture has the attribute "${groupBy}"`, {
      reason: `known are ${attributes.names().join(', ') || 'none'}`,
    });
  // Of the whole project, so that each part counts its groups alike.
  const values = [...new Set(valueOf.values())].sort();
  const groups = run.trainedOn.classes.flatMap(({ name }) => values.map((value) => `${name}, ${value}`));
  for (const image of images) {
    const value = valueOf.get(image.imageId as ImageId);
    if (value !== undefined) image.group = image.classIndex * values.length + values.indexOf(value);
  }
  return { images, groups };
}

/** The best weights of a run. */
export function modelOf(project: OpenProject, run: StoredRun): ModelRef {
  return {
    config: run.config,
    classes: run.trainedOn.classes.map(({ name }) => name),
    checkpoint: checkpointOf(project, run.id),
  };
}

/** Where a run's best weights are. */
export const checkpointOf = (project: Pick<OpenProject, 'folder'>, id: RunId): string =>
  path.join(runFolderOf(project, id), 'best.ckpt');
