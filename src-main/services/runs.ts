// Training runs: started with a snapshot of the project, trained one at a time in the training process,
// written down epoch by epoch, paused, resumed, kept or cancelled, and evaluated when they are done.

import fs from 'node:fs';
import path from 'node:path';
import { AppError, toErrorRecord, type ErrorRecord } from '../contracts/errors.ts';
import type { ImageId, RunId } from '../contracts/ids.ts';
import type { Job } from '../contracts/jobs.ts';
import type { DeviceId } from '../contracts/devices.ts';
import type { Run, RunConfig, RunState } from '../contracts/runs.ts';
import type {
  Control,
  LabelledImage,
  TrainOutcome,
  TrainSpec,
  WorkerEvent,
} from '../contracts/worker-protocol.ts';
import { checkParams } from '../engine/nn/registry.ts';
import { modelById } from '../engine/nn/models/index.ts';
import { objectiveById } from '../engine/objectives/index.ts';
import { storageError } from '../storage/database.ts';
import type { ProjectStore } from '../storage/project-store.ts';
import type { StoredRun } from '../storage/runs.ts';
import type { Context, Handlers } from '../core/context.ts';
import { chosenMeasures, refuseUnmeasurable, startEvaluation } from './evaluations.ts';
import { usualSplit } from './stratified-split.ts';
import { heatMapOf, storedMapOf } from './explanations.ts';
import type { JobHandle } from '../core/jobs.ts';
import { cacheFolderOf, runFolderOf, type OpenProject } from '../core/open-project.ts';
import { lookForFiles, noteCurrent } from './projects.ts';
import {
  announce,
  boxlessWarnings,
  groupedImages,
  missingWords,
  needsSplit,
  imagesOf,
  runRecord,
  storedRun,
  takeSnapshot,
  titleOf,
  trainedOn,
} from './run-records.ts';
import { makeSplits } from './splits.ts';
import { fileOf, fitOf } from './weights.ts';
import { openNewsWriter } from '../core/until-written.ts';
import { workerForChecks } from './checks.ts';
import { isWorkerDeath } from '../core/worker-pool.ts';

/** Pictures whose heat maps are redrawn after each epoch. */
const PINNED = 4;

export const runHandlers: Handlers<
  | 'runs.list'
  | 'runs.get'
  | 'runs.preview'
  | 'runs.start'
  | 'runs.pause'
  | 'runs.resume'
  | 'runs.stopAndKeep'
  | 'runs.cancel'
  | 'runs.delete'
  | 'runs.metrics'
  | 'runs.pinned'
> = {
  'runs.list': (context) =>
    context
      .project()
      .store.runs.all()
      .map((run) => runRecord(context, run)),
  'runs.get': (context, { id }) => runRecord(context, storedRun(context.project(), id)),
  'runs.preview': (context, { labels }) => trainedOn(context.project().store, 0, null, labels),
  'runs.start': async (context, asked) => start(context, await checkedConfig(context, asked)),
  'runs.resume': (context, { id }) => resume(context, id),
  'runs.pause': (context, { id }) => steer(context, id, 'pause'),
  'runs.stopAndKeep': (context, { id }) => steer(context, id, 'stop'),
  'runs.cancel': (context, { id }) => steer(context, id, 'cancel'),
  'runs.delete': (context, { id }) => {
    const project = context.project();
    const run = storedRun(project, id);
    const busy = context.jobs.active().find((job) => job.runId === id);
    if (busy)
      throw new AppError('conflict', `run ${run.id} is at work: ${busy.title}`, {
        reason: 'cancel it first',
      });
    const findings = project.store.comparisons.countOfRun(id);
    if (findings > 0)
      throw new AppError('conflict', `run ${run.id} is part of ${findings} saved comparisons`, {
        reason: 'delete those first',
      });
    project.store.runs.remove(id);
    fs.rmSync(runFolderOf(project, id), { recursive: true, force: true });
    context.emit('project', { id: project.id, what: 'runs' });
    return null;
  },
  'runs.metrics': (context, { id }) => context.project().store.epochMetrics.ofRun(id),
  'runs.pinned': (context, { id }) =>
    context
      .project()
      .store.explanations.pinned(id)
      .map(({ epoch, imageId, map }) => ({ epoch, imageId, map: heatMapOf(map) })),
};

/**
 * What a run is asked for, with defaults filled in: the record says all, and later defaults do not change it.
 * @throws AppError for what could not be trained: told now rather than by a run that fails
 */
export async function checkedConfig(context: Context, asked: RunConfig): Promise<RunConfig> {
  // What was noted when the project was opened may be old: a disk that was away is back, another is gone.
  await lookForFiles(context, context.project());
  const project = context.project();
  const { store } = project;
  const found = trainedOn(store, asked.seed, null, asked.settings.labels);
  const classes = Math.max(2, found.classes.length);
  refuseSize(asked);
  if (asked.start) await fitOf(context, asked.start, asked, found.classes.length);
  const objective = objectiveById(asked.objective);
  const config: RunConfig = { ...asked, params: checkParams(objective, asked.params) as RunConfig['params'] };
  const attributes = store.attributes.names().join(', ') || 'none';
  if (config.groupBy !== undefined && !store.attributes.names().includes(config.groupBy))
    throw new AppError('bad-input', `no picture has the attribute "${config.groupBy}"`, {
      reason: `known are ${attributes}`,
    });
  if (objective.needs.groups && config.groupBy === undefined)
    throw new AppError('bad-input', `${objective.id} needs groups, and no attribute makes them`, {
      place: 'groupBy',
      reason: `name one with --group-by; known are ${attributes}`,
    });
  if (objective.needs.groups && !hasGroups(store, config.groupBy!))
    throw new AppError('bad-input', `no training picture has the attribute "${config.groupBy}"`, {
      place: 'groupBy',
      reason: `${objective.id} needs groups`,
    });
  if (store.images.counts().images === 0)
    throw new AppError('bad-input', 'there are no pictures to train on', { reason: 'import some first' });
  refuseUntrainable(found, store);
  context.devices.refuseAbsent(config.device);
  const { model, sizePx, settings, params, batch } = config;
  await workerForChecks(context)('checkConfig', {
    config: { model, sizePx, settings, params, batch, objective: objective.id },
    classes,
  });
  if (config.measures) {
    config.measures = chosenMeasures(config.measures);
    await refuseUnmeasurable(context, config.measures, config);
  }
  if (context.current !== project)
    throw new AppError('conflict', 'the project was closed before the run could start');
  return config;
}

/** Whether a picture to train on, or that may be dealt to be one, has the attribute. */
function hasGroups(store: ProjectStore, groupBy: string): boolean {
  const valueOf = store.attributes.valuesOf(groupBy);
  const facts = store.images.trainingFacts();
  const isOpen = needsSplit(store, facts);
  return facts.some(({ id, split }) => valueOf.has(id) && (split === 'train' || (isOpen && split === null)));
}

/** @throws AppError 'bad-input' naming the model and its sides */
function refuseSize({ model, sizePx }: RunConfig): void {
  const {
    id,
    inputSizes: [least, most],
  } = modelById(model);
  if (sizePx < least || sizePx > most)
    throw new AppError('bad-input', `${id} takes pictures of ${least} to ${most} px, not of ${sizePx}`, {
      place: 'sizePx',
    });
}

function start(context: Context, config: RunConfig): Run {
  const project = context.project();
  const { store } = project;
  const id = store.transaction(() => {
    if (needsSplit(store, store.images.trainingFacts())) makeSplits(project, usualSplit(config.seed));
    const snapshotId = store.snapshots.save(takeSnapshot(store));
    const found = trainedOn(store, 0, null, config.settings.labels);
    found.warnings.push(...boxlessWarnings(config, found));
    return store.runs.add(config, found, snapshotId, context.options.version);
  });
  train(context, project, storedRun(project, id), false);
  context.emit('project', { id: project.id, what: 'runs' });
  return runRecord(context, storedRun(project, id));
}

function refuseUntrainable({ classes, unclassed }: Run['trainedOn'], store: ProjectStore): void {
  if (classes.length < 2)
    throw new AppError('bad-input', 'training needs pictures of at least two classes', {
      reason: [
        `${classes.length} ${classes.length === 1 ? 'class has' : 'classes have'} training pictures`,
        `${unclassed} pictures have no class`,
        ...missingWords(store),
      ].join(', '),
    });
}

export function resume(context: Context, id: RunId): Run {
  const project = context.project();
  const run = storedRun(project, id);
  if (!['paused', 'interrupted', 'failed'].includes(run.state) || jobOf(context, id))
    throw new AppError('conflict', `run ${run.id} is ${run.state} and cannot be resumed`);
  train(context, project, run, true);
  return runRecord(context, storedRun(project, id));
}

export const jobOf = (context: Context, id: RunId): Job | undefined =>
  context.jobs.active().find((job) => job.runId === id && job.kind === 'train');

export function steer(context: Context, id: RunId, control: Control): null {
  const project = context.project();
  const run = storedRun(project, id);
  const job = jobOf(context, id);
  const tell = project.training.get(id);
  if (tell) tell(control);
  else if (job) {
    // Still waiting for its turn: nothing is lost by ending it here.
    context.jobs.cancel(job.id);
    setState(context, id, control === 'pause' ? 'paused' : 'cancelled');
  } else if (control === 'cancel' && (run.state === 'paused' || run.state === 'interrupted'))
    setState(context, id, 'cancelled');
  else throw new AppError('conflict', `run ${run.id} is not running`);
  return null;
}

function setState(context: Context, id: RunId, state: RunState, error: Run['error'] = null): void {
  context.current?.store.runs.setState(id, state, error);
  announce(context, id);
}

/** Puts a run in the queue of training. @param goesOn  from its checkpoint, where there is one */
export function train(context: Context, project: OpenProject, run: StoredRun, goesOn: boolean): void {
  project.store.runs.setState(run.id, 'waiting');
  const job = context.jobs.start(
    {
      kind: 'train',
      title: `Run ${run.id}: ${titleOf(run)}`,
      unit: 'epochs',
      runId: run.id,
      queue: 'training',
    },
    (handle) => work(context, project, run, goesOn, handle),
  );
  // A job that is cancelled while it waits never begins.
  void context.jobs.ended(job.id).then((ended) => {
    if (ended.state !== 'cancelled' || project.closing.signal.aborted) return;
    if (project.store.runs.byId(run.id)?.state === 'waiting') setState(context, run.id, 'cancelled');
  });
}

async function work(
  context: Context,
  project: OpenProject,
  run: StoredRun,
  goesOn: boolean,
  handle: JobHandle,
): Promise<unknown> {
  const spec = specOf(context, project, run, goesOn);
  const runClasses = run.trainedOn.classes;
  setState(context, run.id, 'running');
  handle.progress(goesOn ? run.epochsDone : 0, run.config.epochs, 'starting');
  spec.device = await deviceOf(context, run, handle);

  let tell: ((control: Control) => void) | undefined;
  let done = 0;
  const show = (epochs: number, note: string) => {
    done = epochs;
    handle.progress(epochs, run.config.epochs, note);
  };
  // What cannot be written now is kept and written later. Where that takes long, the worker's memory must not fill.
  const news = openNewsWriter(project.closing.signal, (error, forMs) => {
    show(done, error ? `${error.message}; it is tried again` : 'written');
    if (error && (error.code !== 'conflict' || forMs > PAUSED_AFTER_MS)) tell?.('pause');
  });
  const onEvent = (event: WorkerEvent) => {
    if (project.closing.signal.aborted) return;
    const { store } = project;
    if (event.kind === 'step') {
      const { epoch, step, steps, secondsLeft } = event.step;
      handle.secondsLeft(secondsLeft);
      show(epoch - 1 + step / steps, `epoch ${epoch} of ${run.config.epochs}`);
      context.emit('step', event.step);
    } else if (event.kind === 'epoch') {
      const { metrics, best } = event;
      news.write(() => {
        const isNews = store.transaction(() => {
          if (!store.epochMetrics.add(run.id, metrics)) return false;
          store.runs.setProgress(run.id, best);
          return true;
        });
        if (!isNews) return;
        context.emit('epoch', { runId: run.id, metrics });
        announce(context, run.id);
      });
    } else if (event.kind === 'resumed')
      news.write(() => {
        const known = new Set(store.epochMetrics.ofRun(run.id).map(({ epoch }) => epoch));
        store.transaction(() => {
          store.epochMetrics.replace(run.id, event.metrics);
          store.runs.setProgress(run.id, event.best);
        });
        for (const metrics of event.metrics)
          if (!known.has(metrics.epoch)) context.emit('epoch', { runId: run.id, metrics });
        announce(context, run.id);
      });
    else if (event.kind === 'pinned')
      news.write(() =>
        store.explanations.pin(
          run.id,
          event.epoch,
          event.imageId as ImageId,
          storedMapOf(event.map, runClasses),
        ),
      );
    else if (event.kind === 'warning')
      news.write(() => {
        store.runs.warn(run.id, event.message);
        announce(context, run.id);
      });
    // What comes before the first epoch counts other things than the job does.
    else {
      const { note, done, total } = event;
      show(0, total > 0 ? `${note}, ${done} of ${total}` : note);
    }
  };

  let outcome: TrainOutcome;
  try {
    const answer = context.workers.call('training', 'train', spec, onEvent);
    tell = answer.control;
    project.training.set(run.id, answer.control);
    handle.signal.addEventListener('abort', () => answer.control('cancel'), { once: true });
    outcome = await answer.value;
    await news.settled();
  } catch (thrown) {
    if (project.closing.signal.aborted) throw thrown;
    const error = toErrorRecord(storageError(thrown));
    await news.settled().catch(() => undefined);
    news.write(() => setState(context, run.id, stateAfter(thrown, error), error));
    await news.settled();
    throw thrown;
  } finally {
    project.training.delete(run.id);
  }
  news.write(() => conclude(context, project, run.id, outcome));
  await news.settled();
  return followUp(context, project, run.id, outcome);
}

/** How long a program may hold the database before training pauses. */
const PAUSED_AFTER_MS = 30_000;

/**
 * A process that died is nobody's mistake, and a full disk can be mended: the run goes on from its checkpoint when a
 * person says so.
 */
function stateAfter(thrown: unknown, { code }: ErrorRecord): RunState {
  if (isWorkerDeath(thrown)) return 'interrupted';
  return code === 'unavailable' || code === 'refused' ? 'paused' : 'failed';
}

/** @throws AppError 'unavailable', with which the run has failed, and 'cancelled' */
async function deviceOf(context: Context, run: StoredRun, handle: JobHandle): Promise<DeviceId> {
  try {
    const { id, reason } = await context.devices.choose(run.config.device, run.device);
    if (handle.signal.aborted) throw new AppError('cancelled', `run ${run.id} was cancelled`);
    // Noted at once, so that a run that is taken up after a crash goes on where it began.
    context.current?.store.runs.setOutcome(run.id, id, run.seconds);
    handle.progress(run.epochsDone, run.config.epochs, `on ${id}: ${reason}`);
    return id;
  } catch (thrown) {
    if (!handle.signal.aborted) setState(context, run.id, 'failed', toErrorRecord(thrown));
    throw thrown;
  }
}

/** Writes how it ended. */
function conclude(context: Context, project: OpenProject, id: RunId, outcome: TrainOutcome): void {
  const { ended, device, seconds } = outcome;
  project.store.transaction(() => {
    project.store.runs.setOutcome(id, device, seconds);
    project.store.runs.setState(id, ended === 'paused' || ended === 'cancelled' ? ended : 'done');
  });
  announce(context, id);
}

/** A run that is done is evaluated. @throws AppError 'cancelled' */
function followUp(
  context: Context,
  project: OpenProject,
  id: RunId,
  { ended }: TrainOutcome,
): { runId: RunId } {
  noteCurrent(context);
  if (ended === 'cancelled') throw new AppError('cancelled', `run ${id} was cancelled`);
  if (ended === 'paused') return { runId: id };
  // A sweep says itself what its runs are measured by.
  const sweep = project.store.sweeps.ofRun(id);
  const { trainedOn, config } = storedRun(project, id);
  if (trainedOn.test > 0)
    startEvaluation(context, project, id, 'test', { measures: sweep?.config.measures ?? config.measures });
  return { runId: id };
}

function specOf(context: Context, project: OpenProject, run: StoredRun, goesOn: boolean): TrainSpec {
  const snapshot = project.store.snapshots.load(run.snapshotId);
  const selection = imagesOf(project, run, snapshot, 'selection', 'all');
  const { groupBy } = run.config;
  const { images: train, groups } = groupedImages(project, run, snapshot, 'train', groupBy, 'all');
  const runFolder = runFolderOf(project, run.id);
  return {
    runId: run.id,
    config: run.config,
    params: run.config.params,
    classes: run.trainedOn.classes.map(({ name }) => name),
    groups,
    train,
    selection,
    cacheFolder: cacheFolderOf(project),
    runFolder,
    resume: goesOn,
    pinned: pinnedOf(selection),
    ...(run.config.start && { startFile: fileOf(context, run.config.start.sha256) }),
    autotuneFile: path.join(context.options.dataFolder, 'convolution-forms.json'),
  };
}

/** Pictures with a region, of as many classes as there are. */
function pinnedOf(images: readonly LabelledImage[]): number[] {
  const withRegion = images.filter((image) => image.regions.length > 0);
  const groups = [...Map.groupBy(withRegion, (image) => image.classIndex).values()];
  const chosen: number[] = [];
  for (let round = 0; chosen.length < Math.min(PINNED, withRegion.length); round++)
    for (const group of groups) if (group[round] && chosen.length < PINNED) chosen.push(group[round].imageId);
  return chosen;
}
