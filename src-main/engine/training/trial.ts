// What a run would take, before it is started: two steps of it and one look at a few validation pictures. The first step
// warms up; the second is what all others are taken to cost.

import { stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../contracts/errors.ts';
import type { LabelledImage, TrainSpec, TrialOutcome } from '../../contracts/worker-protocol.ts';
import { makeFolder } from '../../files/write-file.ts';
import { classesOf } from '../data/image-set.ts';
import { openRun, type TrainHooks } from './run.ts';
import { beginRun, bestCheckpoint, lastCheckpoint } from './run-files.ts';
import { planRun } from './run-plan.ts';

/** Of the validation part. */
const LOOKED_AT = 32;

/** @throws AppError 'bad-input' for what cannot be trained, 'cancelled' */
export async function tryRun(spec: TrainSpec, hooks: TrainHooks): Promise<TrialOutcome> {
  const whole = planRun(spec);
  const few: TrainSpec = {
    ...spec,
    train: some(spec.train, 2 * whole.batch),
    selection: some(spec.selection, LOOKED_AT),
    pinned: [],
    resume: false,
    // Timing them would take longer than all the rest.
    config: { ...spec.config, settings: { ...spec.config.settings, convolutions: 'rules', trainShare: 1 } },
  };
  const plan = planRun(few);
  const beginning = await beginRun(few, plan);
  makeFolder(few.runFolder);
  const run = await openRun(few, plan, beginning, {
    emit: hooks.emit,
    interrupted: () => hooks.control() !== null,
    executor: hooks.executor,
  });
  try {
    await run.step();
    if (hooks.control() !== null) throw new AppError('cancelled', 'the trial was cancelled');
    const { seconds } = await run.step();
    const begunAt = performance.now();
    await run.closeEpoch();
    const validating = (performance.now() - begunAt) / 1000;
    const files = [lastCheckpoint, bestCheckpoint].map((name) => stat(path.join(few.runFolder, name)));
    const sizes = await Promise.all(files);
    return {
      secondsOfEpoch:
        whole.steps * seconds + (validating * spec.selection.length) / Math.max(1, few.selection.length),
      bytes: sizes.reduce((sum, { size }) => sum + size, 0),
    };
  } finally {
    await run.close();
  }
}

/** The first pictures of each class in turn. */
function some(images: readonly LabelledImage[], count: number): LabelledImage[] {
  const groups = [...Map.groupBy(images, (image) => classesOf(image)[0] ?? image.classIndex).values()];
  const chosen = new Set<LabelledImage>();
  for (let round = 0; chosen.size < Math.min(count, images.length); round++)
    for (const group of groups) if (group[round] && chosen.size < count) chosen.add(group[round]);
  return images.filter((image) => chosen.has(image));
}
