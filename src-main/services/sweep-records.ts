// What is known of a sweep: its record for clients, and its result.

import type { RunId, SweepId } from '../contracts/ids.ts';
import { metricOf, type MetricValue } from '../contracts/metrics.ts';
import { AppError } from '../contracts/errors.ts';
import {
  rungsOf,
  sweepFamilies,
  sweepPlan,
  type Sweep,
  type SweepCell,
  type SweepResult,
} from '../contracts/sweeps.ts';
import { keyOf, measureInfos } from '../engine/measures/index.ts';
import type { ProjectStore } from '../storage/project-store.ts';
import type { StoredRun } from '../storage/runs.ts';
import type { StoredSweep, StoredSweepRun } from '../storage/sweeps.ts';
import type { Context } from '../core/context.ts';
import type { OpenProject } from '../core/open-project.ts';
import { standingOf, type Standing } from './sweep-halving.ts';
import {
  choiceWarnings,
  choose,
  spread,
  sweepMeasures,
  valueAt,
  type MetricValues,
} from './sweep-results.ts';

/** @throws AppError 'not-found' */
export function storedSweep({ store }: OpenProject, id: SweepId): StoredSweep {
  const sweep = store.sweeps.byId(id);
  if (!sweep) throw new AppError('not-found', `there is no sweep ${id} in this project`);
  return sweep;
}

/** A run that diverged would do so again, one that was cancelled is not wanted. */
export const isLost = ({ state, error }: StoredRun): boolean =>
  state === 'cancelled' || (state === 'failed' && error?.code === 'bad-input');

/** A sweep's runs by their place in its plan, and what follows from how far they are. */
export interface SweepStanding extends Standing {
  runs: Map<number, StoredSweepRun & { run: StoredRun }>;
  /** Whether a point has lost a run, so that it can have no mean any more. */
  isLost(point: number): boolean;
  accuracyAt(position: number, epoch: number): number | null;
}

export function sweepStanding(store: ProjectStore, sweep: StoredSweep): SweepStanding {
  const { config } = sweep;
  const plan = sweepPlan(config);
  const runs = new Map(
    store.sweeps.runsOf(sweep.id).map((one) => [one.position, { ...one, run: store.runs.byId(one.runId)! }]),
  );
  const lost = new Set(
    [...runs].flatMap(([position, { run, figures }]) =>
      figures === null && isLost(run) ? [plan[position].point] : [],
    ),
  );
  const logs = new Map<RunId, Map<number, number | null>>();
  const logOf = (id: RunId) => {
    const log = logs.get(id) ?? new Map(store.epochMetrics.ofRun(id).map((one) => [one.epoch, one.accuracy]));
    logs.set(id, log);
    return log;
  };
  /** One that has ended before a rung stays as good as it was. */
  const accuracyAt = (position: number, epoch: number): number | null => {
    const known = runs.get(position);
    if (!known) return null;
    const { id, state, epochsDone } = known.run;
    return logOf(id).get(state === 'done' ? Math.min(epoch, epochsDone) : epoch) ?? null;
  };
  const isLostPoint = (point: number): boolean => lost.has(point);
  return { runs, accuracyAt, isLost: isLostPoint, ...standingOf(config, accuracyAt, isLostPoint) };
}

export function sweepRecord(
  context: Context,
  sweep: StoredSweep,
  standing = sweepStanding(context.project().store, sweep),
): Sweep {
  const project = context.project();
  const { id, config, createdAt, error } = sweep;
  const jobId = project.sweeping.get(id) ?? null;
  let [measured, lost, halved] = [0, 0, 0];
  for (const [position, { point }] of sweepPlan(config).entries()) {
    const known = standing.runs.get(position);
    if (known && known.figures !== null) measured += 1;
    else if (standing.isLost(point)) lost += 1;
    else if (!standing.alive.includes(point)) halved += 1;
  }
  const planned = sweepPlan(config).length;
  return {
    id,
    config,
    createdAt,
    planned,
    measured,
    lost,
    halved,
    jobId,
    tasks: sweep.plan?.tasks ?? null,
    error,
    state: jobId !== null ? 'running' : measured + lost + halved === planned ? 'done' : 'stopped',
  };
}

export function resultOf(context: Context, sweep: StoredSweep): SweepResult {
  const { store } = context.project();
  const { config, trainedOn: found } = sweep;
  const plan = sweepPlan(config);
  const standing = sweepStanding(store, sweep);
  const runs = [...standing.runs].map(([position, { runId, figures, test, run }]) => ({
    runId,
    position,
    tuning: figures,
    test,
    seed: plan[position].seed,
    point: plan[position].point,
    state: run.state,
  }));
  const infos = measureInfos().filter(({ id }) => config.measures.some((one) => one.id === id));
  const measures = sweepMeasures(
    infos,
    runs.flatMap(({ tuning }) => (tuning === null ? [] : [tuning])),
  );
  const byPoint = Map.groupBy(runs, ({ point }) => point);
  const cells = config.points.map((point, index): SweepCell => {
    const own = byPoint.get(index) ?? [];
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
      rungs: rungsOf(config).flatMap((epoch) => {
        const accuracy = spread(
          own.map(({ position }) => standing.accuracyAt(position, epoch)),
          config.repeat,
        );
        return accuracy ? [{ epoch, accuracy }] : [];
      }),
      isHalved: !standing.isLost(index) && !standing.alive.includes(index),
      tuning: over((run) => run.tuning),
      // What is reported is of the same runs as what was chosen by.
      test: over((run) => (run.tuning === null ? null : run.test)),
    };
  });
  const tuning = found.tuning ?? 0;
  return {
    sweep: sweepRecord(context, sweep, standing),
    pictures: { train: found.train, selection: found.selection, tuning, test: found.test },
    measures,
    families: sweepFamilies(config),
    cells,
    choices: choose(config, cells, measures),
    warnings: choiceWarnings(cells, tuning),
  };
}

/** Figures on the test pictures, as the sweep measures them; null where one is missing or was measured otherwise. */
export function tested(store: ProjectStore, { config }: StoredSweep, id: RunId): MetricValues | null {
  const known = store.evaluations.summary(id, 'test')?.metrics ?? [];
  const figures: Record<string, MetricValue> = {};
  for (const { id: measure, params } of config.measures) {
    const key = keyOf(measure);
    const metric = metricOf(known, measure, params);
    if (!metric) return null;
    figures[key] = metric;
  }
  return figures;
}
