// Training runs: started with a snapshot of the project, paused, resumed, kept, cancelled and deleted.

import fs from 'node:fs';
import { AppError } from '../contracts/errors.ts';
import type { RunId } from '../contracts/ids.ts';
import type { Job } from '../contracts/jobs.ts';
import type { Run, RunConfig } from '../contracts/runs.ts';
import type { Control } from '../contracts/worker-protocol.ts';
import type { Context, Handlers } from '../core/context.ts';
import { runFolderOf } from '../core/open-project.ts';
import { heatMapOf } from './explanations.ts';
import { checkedConfig } from './run-configs.ts';
import { boxlessWarnings, needsSplit, runRecord, storedRun, takeSnapshot, trainedOn } from './run-records.ts';
import { setState, train } from './run-training.ts';
import { makeSplits } from './splits.ts';
import { usualSplit } from './stratified-split.ts';

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

/** @param until  epoch after which it pauses */
export function resume(context: Context, id: RunId, until?: number): Run {
  const project = context.project();
  const run = storedRun(project, id);
  if (!['paused', 'interrupted', 'failed'].includes(run.state) || jobOf(context, id))
    throw new AppError('conflict', `run ${run.id} is ${run.state} and cannot be resumed`);
  train(context, project, run, true, until);
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
