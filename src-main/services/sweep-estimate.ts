// How long a sweep would take and how much disk, by a trial of each kind of its runs.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import type { RunId } from '../contracts/ids.ts';
import {
  runOfPoint,
  rungsOf,
  type SweepConfig,
  type SweepPoint,
  type SweepPreview,
} from '../contracts/sweeps.ts';
import type { TrialOutcome } from '../contracts/worker-protocol.ts';
import type { Context } from '../core/context.ts';
import { needsSplit, takeSnapshot, trainedOn } from './run-records.ts';
import { kindsOf } from './sweep-points.ts';
import { specOf } from './train-spec.ts';

/** Kinds that are tried; the others are taken for the mean of these. */
const TRIED_MOST = 8;
/** Reading, compiling and measuring, as a share of training. */
const AROUND = 1.15;

/** @throws AppError 'bad-input' for what cannot be trained, 'cancelled' */
export async function estimateOf(
  context: Context,
  config: Pick<SweepConfig, 'run' | 'starts' | 'points' | 'repeat' | 'halving'>,
  signal: AbortSignal,
): Promise<SweepPreview['estimate']> {
  const project = context.project();
  const { store } = project;
  const { seed, settings, device } = config.run;
  const found = trainedOn(store, seed, null, settings.labels);
  if (found.train === 0 || found.classes.length < 2 || needsSplit(store, store.images.trainingFacts()))
    return null;
  const snapshot = takeSnapshot(store);
  const chosen = await context.devices.choose(device, '');
  const runFolder = await fs.promises.mkdtemp(path.join(os.tmpdir(), 'fovea-trial-'));
  const tried = new Map<SweepPoint, TrialOutcome>();
  try {
    for (const point of kindsOf(config.points).slice(0, TRIED_MOST)) {
      const run = { id: 0 as RunId, config: runOfPoint(config, point, seed), trainedOn: found };
      const spec = specOf(context, project, run, snapshot, false);
      const answer = context.workers.call('training', 'trial', { ...spec, runFolder, device: chosen.id });
      const leave = () => answer.control('cancel');
      signal.addEventListener('abort', leave, { once: true });
      try {
        tried.set(point, await answer.value);
      } finally {
        signal.removeEventListener('abort', leave);
      }
      if (signal.aborted) throw new AppError('cancelled', 'the trial was cancelled');
    }
  } finally {
    await fs.promises.rm(runFolder, { recursive: true, force: true });
  }
  const all = [...tried.values()];
  const mean: TrialOutcome = {
    secondsOfEpoch: all.reduce((sum, one) => sum + one.secondsOfEpoch, 0) / all.length,
    bytes: all.reduce((sum, one) => sum + one.bytes, 0) / all.length,
  };
  let [seconds, bytes] = [0, 0];
  for (const point of config.points) {
    const { secondsOfEpoch, bytes: own } = alike(tried, point) ?? mean;
    const { epochs } = runOfPoint(config, point, seed);
    seconds += secondsOfEpoch * epochs * config.repeat;
    bytes += own * config.repeat;
  }
  return { seconds: seconds * AROUND * shareTrained(config), bytes };
}

const alike = (tried: ReadonlyMap<SweepPoint, TrialOutcome>, point: SweepPoint): TrialOutcome | undefined =>
  [...tried].find(([one]) => kindsOf([one, point]).length === 1)?.[1];

/** Of all epochs of all points: halving leaves most of them out. */
function shareTrained({ points, halving, run }: Pick<SweepConfig, 'points' | 'halving' | 'run'>): number {
  const rungs = [...rungsOf({ halving, run }), run.epochs];
  let alive = points.length;
  let done = 0;
  let epochs = 0;
  for (const rung of rungs) {
    epochs += alive * (rung - done);
    done = rung;
    alive = Math.ceil(alive / (halving?.eta ?? 1));
  }
  return epochs / (points.length * run.epochs);
}
