// Sweeps: what is asked for checked and kept with the pictures set apart to choose by, then begun.

import type { Parsed } from '../contracts/api.ts';
import { AppError } from '../contracts/errors.ts';
import type { ImageId } from '../contracts/ids.ts';
import { runOfPoint, type Sweep, type SweepConfig } from '../contracts/sweeps.ts';
import { measureInfos } from '../engine/measures/index.ts';
import type { ProjectStore } from '../storage/project-store.ts';
import type { StoredSweep } from '../storage/sweeps.ts';
import type { Context, Handlers } from '../core/context.ts';
import { chosenMeasures, refuseUnmeasurable } from './evaluations.ts';
import { classesWith, needsSplit, takeSnapshot, trainedOn } from './run-records.ts';
import { checkedConfig } from './run-configs.ts';
import { makeSplits } from './splits.ts';
import { stratifiedSplit, usualSplit } from './stratified-split.ts';
import { estimateOf } from './sweep-estimate.ts';
import { kindsOf, sweepPointsOf } from './sweep-points.ts';
import { resultOf, storedSweep, sweepRecord } from './sweep-records.ts';
import { beginSweep } from './sweep-work.ts';

export const sweepHandlers: Handlers<
  'sweeps.list' | 'sweeps.get' | 'sweeps.preview' | 'sweeps.start' | 'sweeps.resume'
> = {
  'sweeps.list': (context) =>
    context
      .project()
      .store.sweeps.all()
      .map((sweep) => sweepRecord(context, sweep)),
  'sweeps.get': (context, { id }) => resultOf(context, storedSweep(context.project(), id)),
  'sweeps.preview': async (context, { config: asked, isTried }, signal) => {
    const config = { ...asked, points: sweepPointsOf(asked) };
    return {
      points: config.points,
      runs: config.points.length * config.repeat,
      estimate: isTried ? await estimateOf(context, config, signal) : null,
    };
  },
  'sweeps.start': async (context, asked): Promise<Sweep> => {
    const sweep = await keepSweep(context, asked);
    beginSweep(context, context.project(), sweep);
    context.emit('project', { id: context.project().id, what: 'sweeps' });
    return sweepRecord(context, sweep);
  },
  'sweeps.resume': (context, { id }) => {
    const project = context.project();
    const sweep = storedSweep(project, id);
    if (project.sweeping.has(id)) throw new AppError('conflict', `sweep ${id} is going on already`);
    if (sweep.plan)
      throw new AppError('conflict', `sweep ${id} is trained elsewhere, as tasks`, {
        reason: '`fovea collect` brings home what they have done',
      });
    beginSweep(context, project, sweep);
    return sweepRecord(context, storedSweep(project, id));
  },
};

/** Keeps a sweep that nobody works at yet. @throws AppError for what could not be trained, or chosen between */
export async function keepSweep(context: Context, asked: Parsed<'sweeps.start'>): Promise<StoredSweep> {
  const project = context.project();
  const points = sweepPointsOf(asked);
  if (points.length === 0)
    throw new AppError('bad-input', 'a sweep needs something to train', { place: 'vary' });
  if (asked.halving && asked.vary.some(({ name }) => name === 'epochs'))
    throw new AppError(
      'bad-input',
      'halving compares runs after as many epochs, so epochs cannot be varied',
      {
        place: 'epochs',
      },
    );
  if (asked.halving && asked.halving.firstEpochs >= asked.run.epochs)
    throw new AppError('bad-input', `halving after ${asked.halving.firstEpochs} epochs comes too late`, {
      place: 'halving',
      reason: `the runs have ${asked.run.epochs}`,
    });
  for (const point of kindsOf(points)) await checkedConfig(context, runOfPoint(asked, point, asked.run.seed));
  const config: SweepConfig = { ...asked, points, measures: await measuresToChooseBy(context, asked) };
  if (context.current !== project)
    throw new AppError('conflict', 'the project was closed before the sweep could start');
  const { store } = project;
  const { seed, settings } = config.run;
  const id = store.transaction(() => {
    if (needsSplit(store, store.images.trainingFacts())) makeSplits(project, usualSplit(seed));
    const tuning = tuningImages(store, seed, settings.labels);
    const found = trainedOn(store, seed, tuning, settings.labels);
    if (found.selection === 0 || found.tuning === 0 || found.test === 0)
      throw new AppError(
        'bad-input',
        'a sweep needs at least four validation pictures and one test picture',
        {
          reason: `half of the validation part chooses epochs, half chooses weights; there are ${found.selection + found.tuning!} validation pictures and ${found.test} test pictures`,
        },
      );
    const needsRegions = points.every(({ objective }) =>
      ['standard', 'blackout', 'box-aware'].includes(objective),
    );
    if (found.withRegion === 0 && needsRegions && points.some(({ objective }) => objective === 'box-aware'))
      throw new AppError(
        'bad-input',
        'no training picture has a box or mask, so the weights would do nothing',
      );
    return store.sweeps.add(config, found, store.snapshots.save(takeSnapshot(store, tuning)));
  });
  return storedSweep(project, id);
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
 * Half of the selection part, class by class, from the seed: they choose the points. The other half chooses each run's
 * best epoch. KC & Zhang have three equal parts beside training: for epochs, for parameters, for the test.
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
