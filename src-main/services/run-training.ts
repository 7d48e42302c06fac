// A run in the training process: queued, written down epoch by epoch, paused where nothing can be written, evaluated
// when it is done.

import type { DeviceId } from '../contracts/devices.ts';
import { AppError, toErrorRecord, type ErrorRecord } from '../contracts/errors.ts';
import type { ImageId, RunId } from '../contracts/ids.ts';
import type { Run, RunState } from '../contracts/runs.ts';
import type { Control, TrainOutcome, WorkerEvent } from '../contracts/worker-protocol.ts';
import type { Context } from '../core/context.ts';
import type { JobHandle } from '../core/jobs.ts';
import type { OpenProject } from '../core/open-project.ts';
import { openNewsWriter } from '../core/until-written.ts';
import { isWorkerDeath } from '../core/worker-pool.ts';
import { storageError } from '../storage/database.ts';
import type { StoredRun } from '../storage/runs.ts';
import { startEvaluation } from './evaluations.ts';
import { storedMapOf } from './explanations.ts';
import { noteCurrent } from './projects.ts';
import { announce, storedRun, titleOf } from './run-records.ts';
import { specOf } from './train-spec.ts';

export function setState(context: Context, id: RunId, state: RunState, error: Run['error'] = null): void {
  context.current?.store.runs.setState(id, state, error);
  announce(context, id);
}

/**
 * Puts a run in the queue of training.
 * @param goesOn  from its checkpoint, where there is one
 * @param until   epoch after which it pauses
 */
export function train(
  context: Context,
  project: OpenProject,
  run: StoredRun,
  goesOn: boolean,
  until?: number,
): void {
  project.store.runs.setState(run.id, 'waiting');
  const job = context.jobs.start(
    {
      kind: 'train',
      title: `Run ${run.id}: ${titleOf(run)}`,
      unit: 'epochs',
      runId: run.id,
      queue: 'training',
    },
    (handle) => work(context, project, run, { goesOn, until }, handle),
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
  { goesOn, until }: { goesOn: boolean; until: number | undefined },
  handle: JobHandle,
): Promise<unknown> {
  const spec = {
    ...specOf(context, project, run, project.store.snapshots.load(run.snapshotId), goesOn),
    ...(until !== undefined && { until }),
  };
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
    else if (event.kind === 'progress') {
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
