// Sweeps: one job that starts the ordinary runs of a plan one after the other and measures each. What is done is known
// from the runs themselves, so a sweep that was stopped or killed goes on where it stood.

import type { Parsed } from '../contracts/api.ts';
import { AppError, toErrorRecord } from '../contracts/errors.ts';
import type { ImageId, JobId, RunId, SweepId } from '../contracts/ids.ts';
import type { Job } from '../contracts/jobs.ts';
import type { MetricValue } from '../contracts/metrics.ts';
import {
  runOfPoint,
  swept,
  sweepPlan,
  sweepPoints,
  type Sweep,
  type SweepCell,
  type SweepConfig,
  type SweepResult,
} from '../contracts/sweeps.ts';
import { keyOf, measureInfos } from '../engine/measures/index.ts';
import type { ProjectStore } from '../storage/project-store.ts';
import type { StoredRun } from '../storage/runs.ts';
import type { StoredSweep, StoredSweepRun } from '../storage/sweeps.ts';
import type { Context, Handlers } from '../core/context.ts';
import { stratifiedSplit, usualSplit } from './stratified-split.ts';
import { chosenMeasures, refuseUnmeasurable, startEvaluation, startTuning } from './evaluations.ts';
import type { JobHandle } from '../core/jobs.ts';
import type { OpenProject } from '../core/open-project.ts';
import { classesWith, needsSplit, storedRun, takeSnapshot, trainedOn } from './run-records.ts';
import { checkedConfig } from './run-configs.ts';
import { train } from './run-training.ts';
import { jobOf, resume as resumeRun, steer } from './runs.ts';
import { makeSplits } from './splits.ts';
import { choose, spread, sweepMeasures, valueAt, type MetricValues } from './sweep-results.ts';

export const sweepHandlers: Handlers<'sweeps.list' | 'sweeps.get' | 'sweeps.start' | 'sweeps.resume'> = {
  'sweeps.list': (context) =>
    context
      .project()
      .store.sweeps.all()
      .map((sweep) => sweepRecord(context, sweep)),
  'sweeps.get': (context, { id }) => resultOf(context, storedSweep(context.project(), id)),
  'sweeps.start': (context, asked) => start(context, asked),
  'sweeps.resume': (context, { id }) => {
    const project = context.project();
    const sweep = storedSweep(project, id);
    if (project.sweeping.has(id)) throw new AppError('conflict', `sweep ${id} is going on already`);
    begin(context, project, sweep);
    return sweepRecord(context, storedSweep(project, id));
  },
};

/** @throws AppError 'not-found' */
function storedSweep({ store }: OpenProject, id: SweepId): StoredSweep {
  const sweep = store.sweeps.byId(id);
  if (!sweep) throw new AppError('not-found', `there is no sweep ${id} in this project`);
  return sweep;
}

async function start(context: Context, asked: Parsed<'sweeps.start'>): Promise<Sweep> {
  const given = swept.find((name) => name in asked.run.params);
  if (given !== undefined)
    throw new AppError('bad-input', `${given} is swept: its values stand in the grid`, { place: given });
  const { params, ...run } = await checkedConfig(context, asked.run);
  const others = Object.entries(params).filter(([name]) => !(swept as readonly string[]).includes(name));
  const config: SweepConfig = {
    ...asked,
    run: { ...run, objective: 'box-aware', params: Object.fromEntries(others) },
    measures: await measuresToChooseBy(context, asked),
  };
  const project = context.project();
  const { store } = project;
  const id = store.transaction(() => {
    const { seed } = config.run;
    if (needsSplit(store, store.images.trainingFacts())) makeSplits(project, usualSplit(seed));
    const tuning = tuningImages(store, seed, asked.run.settings.labels);
    const found = trainedOn(store, seed, tuning, asked.run.settings.labels);
    if (found.selection === 0 || found.tuning === 0 || found.test === 0)
      throw new AppError('bad-input', 'a sweep needs at least four selection pictures and one test picture', {
        reason: `half of the selection part chooses epochs, half chooses weights; there are ${found.selection + found.tuning!} selection pictures and ${found.test} test pictures`,
      });
    if (found.withRegion === 0)
      throw new AppError(
        'bad-input',
        'no training picture has a box or mask, so the weights would do nothing',
      );
    return store.sweeps.add(config, found, store.snapshots.save(takeSnapshot(store, tuning)));
  });
  begin(context, project, storedSweep(project, id));
  context.emit('project', { id: project.id, what: 'sweeps' });
  return sweepRecord(context, storedSweep(project, id));
}

/** @throws AppError 'bad-input' for a measure by which nothing can be chosen */
async function measuresToChooseBy(
  context: Context,
  { measures, run }: Parsed<'sweeps.start'>,
): Promise<SweepConfig['measures']> {
  const chosen = chosenMeasures(measures);
  for (const { id, direction, needs } of measureInfos()) {
    if (!chosen.some((one) => one.id === id)) continue;
    const complain = (reason: string) =>
      new AppError('bad-input', `a sweep cannot choose by ${id}`, { place: id, reason });
    if (direction === 'none') throw complain('neither more nor less of it is better');
    if (needs.includes('against')) throw complain('it needs other pictures to compare with');
    if (needs.includes('groups') && run.groupBy === undefined)
      throw complain('it needs groups, and the run has none');
  }
  await refuseUnmeasurable(context, chosen, run);
  return chosen;
}

/**
 * Half of the selection part, class by class, from the seed: they choose the weights. The other half chooses each
 * run's best epoch. KC & Zhang have three equal parts beside training: for epochs, for parameters, for the test.
 */
function tuningImages(
  store: ProjectStore,
  seed: number,
  labels: Parsed<'sweeps.start'>['run']['settings']['labels'],
): Set<ImageId> {
  const facts = store.images
    .trainingFacts()
    .filter(
      ({ split, classId, drawn }) => split === 'selection' && classesWith(labels, classId, drawn).length > 0,
    );
  const assigned = stratifiedSplit(facts, { seed, selection: 0.5, test: 0, fresh: true }, false);
  return new Set(facts.filter(({ id }) => assigned.get(id) === 'selection').map(({ id }) => id));
}

function begin(context: Context, project: OpenProject, sweep: StoredSweep): void {
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

async function work(
  context: Context,
  project: OpenProject,
  sweep: StoredSweep,
  handle: JobHandle,
): Promise<void> {
  const plan = sweepPlan(sweep.config);
  const pace = paceOf(project, sweep, plan.length, handle);
  for (const position of plan.keys()) {
    const before = project.store.sweeps.runsOf(sweep.id).find((one) => one.position === position);
    const run = before && project.store.runs.byId(before.runId);
    if (before && run && isOver(before, run)) {
      pace.passed();
      continue;
    }
    await bringToEnd(context, project, sweep, position, handle, pace);
    pace.passed(true);
    context.emit('project', { id: project.id, what: 'sweeps' });
  }
}

/** Measured, or never to be: a run that diverged would do so again, one that was cancelled is not wanted. */
const isOver = ({ figures }: StoredSweepRun, run: StoredRun): boolean => figures !== null || isLost(run);
const isLost = ({ state, error }: StoredRun): boolean =>
  state === 'cancelled' || (state === 'failed' && error?.code === 'bad-input');

async function bringToEnd(
  context: Context,
  project: OpenProject,
  sweep: StoredSweep,
  position: number,
  handle: JobHandle,
  pace: Pace,
): Promise<void> {
  const { store } = project;
  const { point, seed } = sweepPlan(sweep.config)[position];
  const config = runOfPoint(sweep.config, sweepPoints(sweep.config)[point], seed);
  // Run and place together: a run that nobody knows the place of would be trained again.
  const id: RunId =
    store.sweeps.runsOf(sweep.id).find((one) => one.position === position)?.runId ??
    store.transaction(() => {
      const runId = store.runs.add(config, sweep.trainedOn, sweep.snapshotId, context.options.version);
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
      pace.show(share[0] + done * (share[1] - share[0]), [`run ${id}`, job?.note].filter(Boolean).join(', '));
    };
    handle.signal.addEventListener('abort', leave, { once: true });
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

  const { state } = storedRun(project, id);
  if (state === 'waiting' && !jobOf(context, id)) {
    train(context, project, storedRun(project, id), false);
    context.emit('project', { id: project.id, what: 'runs' });
  } else if (state === 'paused' || state === 'interrupted' || state === 'failed') resumeRun(context, id);
  const training = jobOf(context, id);
  if (training) await ended(training.id, [0, TRAINING_SHARE]);

  const run = storedRun(project, id);
  if (isLost(run)) return;
  // A person took the run out of turn: the others go on, and this one with the next resume. One that a full disk has
  // paused stops the sweep, since the others would find it full, too.
  if (run.state === 'paused' && !run.error) return;
  if (run.state !== 'done')
    throw run.error
      ? AppError.fromRecord(run.error)
      : new AppError('unavailable', `run ${id} of sweep ${sweep.id} is ${run.state}`);

  const { measures } = sweep.config;
  const measuring = async (jobId: JobId, share: [number, number]): Promise<void> => {
    const { error, state: end, title } = await ended(jobId, share);
    if (error) throw AppError.fromRecord(error);
    if (end === 'cancelled') throw new AppError('conflict', `${title} was cancelled`);
  };
  const testing = context.jobs.active().find((job) => job.kind === 'evaluate' && job.runId === id);
  if (testing) await measuring(testing.id, [TRAINING_SHARE, (1 + TRAINING_SHARE) / 2]);
  if (tested(store, sweep, id) === null)
    await measuring(startEvaluation(context, project, id, 'test', { measures }), [
      TRAINING_SHARE,
      (1 + TRAINING_SHARE) / 2,
    ]);
  store.sweeps.setTest(id, tested(store, sweep, id)!);
  await measuring(startTuning(context, project, id, { measures }), [(1 + TRAINING_SHARE) / 2, 1]);
}

const LOOK_EVERY_MS = 500;
/** Of a run's time, roughly; only the bar depends on it. */
const TRAINING_SHARE = 0.9;

/** Figures on the test pictures, as the sweep measures them; null where one is missing or was measured otherwise. */
function tested(store: ProjectStore, { config }: StoredSweep, id: RunId): MetricValues | null {
  const known = store.evaluations.summary(id, 'test')?.figures ?? {};
  const figures: Record<string, MetricValue> = {};
  for (const { id: measure, params } of config.measures) {
    const key = keyOf(measure);
    const isAsAsked = Object.entries(params).every(([name, value]) => known[key]?.params[name] === value);
    if (!known[key] || !isAsAsked) return null;
    figures[key] = known[key];
  }
  return figures;
}

interface Pace {
  /** One more run of the plan is behind; `isNew` if it was brought to its end by this job. */
  passed(isNew?: boolean): void;
  /** @param share  0..1 of the run that is going on */
  show(share: number, note: string): void;
}

/** Progress in runs, and time left by what runs took: those of this job, or of earlier ones while it has none. */
function paceOf({ store }: OpenProject, sweep: StoredSweep, planned: number, handle: JobHandle): Pace {
  const begun = performance.now();
  const earlier = store.sweeps
    .runsOf(sweep.id)
    .filter(({ figures }) => figures !== null)
    .map(({ runId }) => store.runs.byId(runId)?.seconds ?? 0);
  let behind = 0;
  let brought = 0;
  const secondsOfRun = (share: number): number | null => {
    const elapsed = (performance.now() - begun) / 1000;
    if (brought > 0) return elapsed / (brought + share);
    if (earlier.length > 0) return earlier.reduce((sum, one) => sum + one, 0) / earlier.length;
    return share > 0.05 ? elapsed / share : null;
  };
  const show = (share: number, note?: string) => {
    const each = secondsOfRun(share);
    handle.secondsLeft(each === null ? null : each * Math.max(0, planned - behind - share));
    handle.progress(behind + share, planned, note);
  };
  return {
    passed(isNew = false) {
      behind += 1;
      if (isNew) brought += 1;
      show(0);
    },
    show,
  };
}

function sweepRecord(context: Context, sweep: StoredSweep): Sweep {
  const project = context.project();
  const { store } = project;
  const planned = sweepPlan(sweep.config).length;
  const known = store.sweeps.runsOf(sweep.id);
  const measured = known.filter(({ figures }) => figures !== null).length;
  const lost = known.filter(
    ({ figures, runId }) => figures === null && isLost(store.runs.byId(runId)!),
  ).length;
  const jobId = project.sweeping.get(sweep.id) ?? null;
  const { id, config, createdAt, error } = sweep;
  return {
    id,
    config,
    createdAt,
    planned,
    measured,
    lost,
    jobId,
    error,
    state: jobId !== null ? 'running' : measured + lost === planned ? 'done' : 'stopped',
  };
}

function resultOf(context: Context, sweep: StoredSweep): SweepResult {
  const { store } = context.project();
  const { config, trainedOn: found } = sweep;
  const plan = sweepPlan(config);
  const runs = store.sweeps.runsOf(sweep.id).map(({ position, runId, figures, test }) => ({
    runId,
    tuning: figures,
    seed: plan[position].seed,
    point: plan[position].point,
    state: store.runs.byId(runId)!.state,
    test,
  }));
  const infos = measureInfos().filter(({ id }) => config.measures.some((one) => one.id === id));
  const measures = sweepMeasures(
    infos,
    runs.flatMap(({ tuning }) => (tuning === null ? [] : [tuning])),
  );
  const cells = sweepPoints(config).map((point, index): SweepCell => {
    const own = runs.filter((run) => run.point === index);
    const over = (part: (run: (typeof own)[number]) => MetricValues | null) =>
      Object.fromEntries(
        measures.flatMap(({ key }) => {
          const metricValue = spread(
            own.map((run) => valueAt(part(run), key)),
            config.repeat,
          );
          return metricValue ? [[key, metricValue]] : [];
        }),
      );
    return {
      ...point,
      runs: own.map(({ runId, seed, state, tuning }) => ({
        runId,
        seed,
        state,
        isMeasured: tuning !== null,
      })),
      tuning: over((run) => run.tuning),
      // What is reported is of the same runs as what was chosen by.
      test: over((run) => (run.tuning === null ? null : run.test)),
    };
  });
  return {
    sweep: sweepRecord(context, sweep),
    pictures: {
      train: found.train,
      selection: found.selection,
      test: found.test,
      tuning: found.tuning ?? 0,
    },
    measures,
    cells,
    choices: choose(config, cells, measures),
  };
}
