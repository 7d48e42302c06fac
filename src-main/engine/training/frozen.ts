// A run with a frozen body: its only epoch solves the classifier layer. Its checkpoints are those of any run.

import path from 'node:path';
import type { EpochMetrics } from '../../contracts/runs.ts';
import { AppError } from '../../contracts/errors.ts';
import type { TrainOutcome, TrainSpec } from '../../contracts/worker-protocol.ts';
import { ImageCache } from '../../imaging/index.ts';
import { writeCheckpoint } from '../data/checkpoint.ts';
import { buildEvaluation, evaluationBatch } from '../data/evaluation-program.ts';
import { imageSet } from '../data/image-set.ts';
import { onnxExecutor } from '../runtime/index.ts';
import { solveHead } from './head.ts';
import { tellPinned } from './pinned.ts';
import { bestCheckpoint, keepConfig, lastCheckpoint, type Beginning } from './run-files.ts';
import type { RunPlan } from './run-plan.ts';
import { readImages, type TrainHooks } from './run.ts';
import { after, bestOf } from './run-record.ts';
import { validate } from './validation.ts';

/** @throws AppError as `train` does */
export async function trainFrozen(
  spec: TrainSpec,
  plan: RunPlan,
  { record: begun, state }: Beginning,
  hooks: TrainHooks,
): Promise<TrainOutcome> {
  const startedAt = performance.now();
  const secondsSince = () => (performance.now() - startedAt) / 1000;
  const executor = hooks.executor ?? onnxExecutor();
  const outcomeOf = (record: typeof begun, ended: TrainOutcome['ended']): TrainOutcome => ({
    epochs: record.epochs,
    best: bestOf(record),
    device: executor.id,
    seconds: record.seconds,
    ended,
  });
  if (begun.epochs > 0) return outcomeOf(begun, 'finished');
  await keepConfig(spec);
  const { architecture } = plan;
  const { model } = architecture;
  const { sizePx } = spec.config;
  const cache = ImageCache.open(spec.cacheFolder, sizePx);
  const stop = new AbortController();
  const look = () => {
    const asked = hooks.control();
    if (asked === 'cancel' || asked === 'pause') stop.abort();
  };
  try {
    await readImages([...plan.images, ...spec.selection], cache, {
      emit: hooks.emit,
      interrupted: () => hooks.control() !== null,
    });
    look();
    const head = await solveHead(spec, plan, state, {
      executor,
      cache,
      signal: stop.signal,
      onProgress(done, total) {
        look();
        hooks.emit({ kind: 'progress', done, total, note: 'Computing features' });
      },
    });
    const weights = new Map([...state, ...head.weights]);
    const selection = imageSet(cache, spec.selection);
    const sizes = { batch: evaluationBatch(sizePx), classes: spec.classes.length };
    const session = await executor.compile(buildEvaluation(architecture, sizes.batch));
    try {
      const named = [...model.parameters, ...model.buffers];
      const given = Object.fromEntries(named.map(({ name }) => [name, weights.get(name)!]));
      const seen = await validate(session, given, selection, sizes, spec.pinned);
      const seconds = secondsSince();
      const metrics: EpochMetrics = {
        epoch: 1,
        loss: { class: head.loss, total: head.loss },
        trainAccuracy: head.accuracy,
        accuracy: seen.accuracy,
        energyInBox: seen.energyInBox,
        learningRate: 0,
        seconds,
        picturesPerSecond: plan.images.length / seconds,
      };
      const closed = after(begun, { kind: 'epoch', metrics, crossEntropy: seen.crossEntropy, full: true });
      const record = after(closed, { kind: 'time', seconds: begun.seconds + seconds });
      await writeCheckpoint(path.join(spec.runFolder, bestCheckpoint), named, weights, record);
      await writeCheckpoint(path.join(spec.runFolder, lastCheckpoint), plan.step.state, weights, record);
      hooks.emit({ kind: 'epoch', metrics, best: bestOf(record) });
      tellPinned(spec, architecture, selection, seen, 1, hooks.emit);
      return outcomeOf(record, 'finished');
    } finally {
      await session.dispose();
    }
  } catch (thrown) {
    const asked = hooks.control();
    if (!(thrown instanceof AppError) || thrown.code !== 'cancelled' || asked === null) throw thrown;
    // Before the head is solved there is nothing to keep; features are kept, so that it soon goes on.
    return outcomeOf(
      after(begun, { kind: 'time', seconds: begun.seconds + secondsSince() }),
      asked === 'pause' ? 'paused' : 'cancelled',
    );
  } finally {
    cache.close();
  }
}
