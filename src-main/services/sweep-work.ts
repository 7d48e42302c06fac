// The job of a sweep: it starts the ordinary runs of the plan and measures each, as many side by side as the core trains.
// What is done is known from the runs themselves, so a sweep that was stopped or killed goes on where it stood.

import { AppError, toErrorRecord } from '../contracts/errors.ts';
import type { JobId, RunId } from '../contracts/ids.ts';
import type { Job } from '../contracts/jobs.ts';
import { runOfPoint, sweepPlan } from '../contracts/sweeps.ts';
import type { StoredSweep } from '../storage/sweeps.ts';
import type { Context } from '../core/context.ts';
import type { JobHandle } from '../core/jobs.ts';
import type { OpenProject } from '../core/open-project.ts';
import { startEvaluation, startTuning } from './evaluations.ts';
import { storedRun } from './run-records.ts';
import { train } from './run-training.ts';
import { jobOf, resume as resumeRun, steer } from './runs.ts';
import { isLost, sweepStanding, tested } from './sweep-records.ts';

export function beginSweep(context: Context, project: OpenProject, sweep: StoredSweep): void {
  const { store } = project;
  store.sweeps.setError(sweep.id, null);
  const job = context.jobs.start(
    { kind: 'sweep', title: `Sweep ${sweep.id}`, unit: 'runs' },
    async (handle) => {
      try {
        await work(context, project, sweep, handle);
        return { sweepId: sweep.id };
      } catch (thrown) {
        if (!handle.signal.aborted && !project.closing.signal.aborted)
          store.sweeps.setError(sweep.id, toErrorRecord(thrown));
        throw thrown;
      }
    },
  );
  project.sweeping.set(sweep.id, job.id);
  void context.jobs.ended(job.id).then(() => {
    project.sweeping.delete(sweep.id);
    if (!project.closing.signal.aborted) context.emit('project', { id: project.id, what: 'sweeps' });
  });
}

/** One run, and how far it is to be brought: to a rung, or to its end. */
interface Due {
  position: number;
  rung: number | null;
}

/** What is still to be done, as far as it is known: who goes on from a rung shows when all have been there. */
function dueOf({ store }: OpenProject, sweep: StoredSweep): Due[] {
  const standing = sweepStanding(store, sweep);
  const { rung, alive } = standing;
  return sweepPlan(sweep.config).flatMap(({ point }, position) => {
    if (!alive.includes(point) || standing.isLost(point)) return [];
    const isThere =
      rung === null
        ? (standing.runs.get(position)?.figures ?? null) !== null
        : standing.accuracyAt(position, rung) !== null;
    return isThere ? [] : [{ position, rung }];
  });
}

async function work(
  context: Context,
  project: OpenProject,
  sweep: StoredSweep,
  handle: JobHandle,
): Promise<void> {
  const begunAt = performance.now();
  const { budgetSeconds, points } = sweep.config;
  const pace = paceOf(project, sweep, handle);
  const plan = sweepPlan(sweep.config);
  /** Once is enough: a run that a person has paused waits for the next resume. */
  const tried = new Set<string>();
  const keyOf = ({ position, rung }: Due): string => `${position} ${rung}`;
  let broken: unknown = null;
  let begun = 0;

  const lane = async (due: Due[]): Promise<void> => {
    for (let next = due.shift(); next !== undefined && broken === null; next = due.shift()) {
      const { point } = plan[next.position];
      // Another of its repetitions may have diverged meanwhile: then it has no mean any more.
      if (sweepStanding(project.store, sweep).isLost(point)) continue;
      try {
        if (budgetSeconds !== undefined && begun > 0 && (performance.now() - begunAt) / 1000 > budgetSeconds)
          throw new AppError('unavailable', `the time for sweep ${sweep.id} is used up`, {
            reason: `it had ${Math.round(budgetSeconds)} s; resuming gives as much again`,
          });
        begun += 1;
        await bringTo(context, project, sweep, next, handle, pace);
      } catch (thrown) {
        broken ??= thrown;
      }
      if (!project.closing.signal.aborted) {
        pace.passed(next.position);
        context.emit('project', { id: project.id, what: 'sweeps' });
      }
    }
  };
  for (;;) {
    const due = dueOf(project, sweep).filter((one) => !tried.has(keyOf(one)));
    if (due.length === 0 || points.length === 0) return;
    for (const one of due) tried.add(keyOf(one));
    const lanes = Math.min(context.options.trainers ?? 1, due.length);
    await Promise.all(Array.from({ length: lanes }, () => lane(due)));
    if (broken !== null) throw broken;
  }
}

/** Trains a run as far as it is to go, and measures it when it is at its end. */
async function bringTo(
  context: Context,
  project: OpenProject,
  sweep: StoredSweep,
  { position, rung }: Due,
  handle: JobHandle,
  pace: Pace,
): Promise<void> {
  const { store } = project;
  const { config } = sweep;
  const { point, seed } = sweepPlan(config)[position];
  // Run and place together: a run that nobody knows the place of would be trained again.
  const id: RunId =
    store.sweeps.runsOf(sweep.id).find((one) => one.position === position)?.runId ??
    store.transaction(() => {
      const run = runOfPoint(config, config.points[point], seed);
      const runId = store.runs.add(run, sweep.trainedOn, sweep.snapshotId, context.options.version);
      store.sweeps.addRun(sweep.id, position, runId);
      return runId;
    });
  /** Waits for a job; a sweep that is stopped meanwhile lets its run keep what it has. */
  const ended = async (jobId: JobId, share: [number, number]): Promise<Job> => {
    const leave = () => {
      if (project.closing.signal.aborted) return;
      if (jobOf(context, id)) steer(context, id, 'pause');
      else context.jobs.cancel(jobId);
    };
    const show = () => {
      const job = context.jobs.active().find((one) => one.id === jobId);
      const done = job && job.total > 0 ? Math.min(1, job.done / job.total) : 0;
      const note = [`run ${id}`, job?.note].filter(Boolean).join(', ');
      pace.show(position, share[0] + done * (share[1] - share[0]), note);
    };
    handle.signal.addEventListener('abort', leave, { once: true });
    if (handle.signal.aborted) leave();
    const timer = setInterval(show, LOOK_EVERY_MS);
    show();
    try {
      const job = await context.jobs.ended(jobId);
      if (handle.signal.aborted || project.closing.signal.aborted)
        throw new AppError('cancelled', `sweep ${sweep.id} was stopped`);
      return job;
    } finally {
      clearInterval(timer);
      handle.signal.removeEventListener('abort', leave);
    }
  };
  if (handle.signal.aborted) throw new AppError('cancelled', `sweep ${sweep.id} was stopped`);

  const until = rung ?? undefined;
  const { state } = storedRun(project, id);
  if (state === 'waiting' && !jobOf(context, id)) {
    train(context, project, storedRun(project, id), false, until);
    context.emit('project', { id: project.id, what: 'runs' });
  } else if (state === 'paused' || state === 'interrupted' || state === 'failed')
    resumeRun(context, id, until);
  const training = jobOf(context, id);
  if (training) await ended(training.id, [0, TRAINING_SHARE]);

  const run = storedRun(project, id);
  if (isLost(run)) return;
  // At its rung; or a person took the run out of turn: the others go on, and this one with the next resume. One that a
  // full disk has paused stops the sweep, since the others would find it full, too.
  if (run.state === 'paused' && !run.error) return;
  if (run.state !== 'done')
    throw run.error
      ? AppError.fromRecord(run.error)
      : new AppError('unavailable', `run ${id} of sweep ${sweep.id} is ${run.state}`);
  if (rung !== null) return;

  const { measures } = config;
  const measuring = async (jobId: JobId, share: [number, number]): Promise<void> => {
    const { error, state: end, title } = await ended(jobId, share);
    if (error) throw AppError.fromRecord(error);
    if (end === 'cancelled') throw new AppError('conflict', `${title} was cancelled`);
  };
  const half = (1 + TRAINING_SHARE) / 2;
  const testing = context.jobs.active().find((job) => job.kind === 'evaluate' && job.runId === id);
  if (testing) await measuring(testing.id, [TRAINING_SHARE, half]);
  if (tested(store, sweep, id) === null)
    await measuring(startEvaluation(context, project, id, 'test', { measures }), [TRAINING_SHARE, half]);
  store.sweeps.setTest(id, tested(store, sweep, id)!);
  await measuring(startTuning(context, project, id, { measures }), [half, 1]);
}

const LOOK_EVERY_MS = 500;
/** Of a run's time, roughly; only the bar depends on it. */
const TRAINING_SHARE = 0.9;

interface Pace {
  /** A run of the plan is behind, as far as it was to go. */
  passed(position: number): void;
  /** @param share  0..1 of a run that is going on */
  show(position: number, share: number, note: string): void;
}

/** Progress in runs, and time left by what runs took: those of this job, or of earlier ones while it has none. */
function paceOf({ store }: OpenProject, sweep: StoredSweep, handle: JobHandle): Pace {
  const begunAt = performance.now();
  const planned = sweepPlan(sweep.config).length;
  const earlier = store.sweeps
    .runsOf(sweep.id)
    .filter(({ figures }) => figures !== null)
    .map(({ runId }) => store.runs.byId(runId)?.seconds ?? 0);
  const shares = new Map<number, number>();
  /** Measured, lost or ended by halving. */
  const behind = (): number => {
    const standing = sweepStanding(store, sweep);
    return sweepPlan(sweep.config).filter(({ point }, position) => {
      const figures = standing.runs.get(position)?.figures ?? null;
      return figures !== null || standing.isLost(point) || !standing.alive.includes(point);
    }).length;
  };
  let over = behind();
  const atFirst = over;
  const show = (note?: string) => {
    const going = [...shares.values()].reduce((sum, share) => sum + share, 0);
    const done = Math.min(planned, over + going);
    const brought = done - atFirst;
    const mean = earlier.reduce((sum, one) => sum + one, 0) / earlier.length;
    const elapsed = (performance.now() - begunAt) / 1000;
    const each = brought > 0.05 ? elapsed / brought : earlier.length > 0 ? mean : null;
    handle.secondsLeft(each === null ? null : each * (planned - done));
    handle.progress(done, planned, note);
  };
  show();
  return {
    passed(position) {
      shares.delete(position);
      over = behind();
      show();
    },
    show(position, share, note) {
      shares.set(position, share);
      show(note);
    },
  };
}
