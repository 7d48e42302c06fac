// The training loop: steps, epochs, selection of the best, checkpoints, and what a person may ask of it meanwhile.
//
// The network's state lives in `state` (weights, running statistics, momenta) and goes in and out of every step.
// Everything random is forked by name from one generator, so (state, epoch, step) say all: a run taken up from a
// checkpoint ends with the same bits as one that was never stopped.

import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../contracts/errors.ts';
import type { RunId } from '../../contracts/ids.ts';
import type { EpochMetrics } from '../../contracts/runs.ts';
import type { Control, TrainOutcome, TrainSpec, WorkerEvent } from '../../contracts/worker-protocol.ts';
import { PictureCache } from '../../imaging/index.ts';
import { predictedClass } from '../measures/index.ts';
import { randomFromSeed } from '../nn/random.ts';
import { learningRateAt, rampAt } from '../nn/schedule.ts';
import { objectiveById } from '../objectives/index.ts';
import { onnxExecutor, type Executor, type Session } from '../runtime/index.ts';
import { trainingBatches } from './batches.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { heatOutcome } from './heat.ts';
import { architectureOf, buildViewing, viewingBatch } from './network.ts';
import { pictureSet } from './picture-set.ts';
import { checkRecord, fingerprintOf, isBetter, noSteps, type RunRecord } from './run-record.ts';
import { viewSelection } from './selection.ts';
import { buildTrainStep, initialState, lossOf, nextState, type TrainStep } from './train-step.ts';
import { breathe } from './viewing.ts';

export interface TrainHooks {
  emit(event: WorkerEvent): void;
  /** What was asked for and not yet answered; looked at between steps. */
  control(): Control | null;
  executor?: Executor;
}

export const lastCheckpoint = 'last.ckpt';
export const bestCheckpoint = 'best.ckpt';

/** Between two step events, and between two checkpoints within a long epoch. */
const stepEventMs = 200;
const checkpointMs = 60_000;

/**
 * Trains until the last epoch or an earlier end. `last.ckpt` is written after every epoch, each minute within one,
 * and on pause; `best.ckpt` whenever an epoch beats those before. Both are whole at any time. When a run is taken up,
 * the event of its last finished epoch is sent again, since a kill may have come between checkpoint and event.
 * Without a selection split there is no best epoch, and `best.ckpt` holds the latest.
 * 'stop' keeps the best epoch; before the end of the first, it ends that epoch early. Seconds of the outcome cover
 * all sessions of the run.
 * @throws AppError 'bad-input' naming the loss term when training diverges; the last good checkpoints stay
 */
export async function train(spec: TrainSpec, hooks: TrainHooks): Promise<TrainOutcome> {
  const { config, classes } = spec;
  const { settings, epochs, sizePx } = config;
  const startedAt = performance.now();
  if (new Set(spec.train.map((picture) => picture.classIndex)).size < 2)
    throw new AppError('bad-input', 'training needs pictures of at least two classes');
  const objective = objectiveById(config.objective);
  const architecture = architectureOf(config, classes.length);
  const { model } = architecture;
  const batch = Math.max(2, Math.min(config.batch, spec.train.length));
  const random = randomFromSeed(config.seed);
  const step = buildTrainStep({
    model,
    objective,
    params: spec.params,
    settings,
    batch,
    classes: classes.length,
    sizePx,
  });
  const hasPenalty = step.terms.length > 1;

  await mkdir(spec.runFolder, { recursive: true });
  const fingerprint = fingerprintOf(spec);
  const begun = await begin(spec, step, fingerprint);
  const record: RunRecord = begun?.record ?? {
    fingerprint,
    config,
    classes,
    random: [...random.state()],
    epochs: 0,
    partial: noSteps(),
    best: null,
    epochsWithoutGain: 0,
    seconds: 0,
    metrics: [],
  };
  let state = begun?.state ?? initialState(step, random.fork('weights'));
  const secondsBefore = record.seconds;
  const secondsNow = (): number => secondsBefore + (performance.now() - startedAt) / 1000;
  const bestOf = (): TrainOutcome['best'] => {
    const { epoch, accuracy } = record.best ?? { epoch: 0, accuracy: null };
    return accuracy === null ? null : { epoch, accuracy };
  };
  const repeated = record.metrics.at(-1);
  if (repeated) hooks.emit({ kind: 'epoch', metrics: repeated, best: bestOf() });

  const executor = hooks.executor ?? onnxExecutor();
  const cache = PictureCache.open(spec.cacheFolder, sizePx);
  const sessions: Session[] = [];
  const compile = async (program: Parameters<Executor['compile']>[0]): Promise<Session> => {
    const session = await executor.compile(program);
    sessions.push(session);
    return session;
  };
  try {
    const wait = new AbortController();
    await cache
      .fill([...spec.train, ...spec.selection], {
        signal: wait.signal,
        onProgress(done, total) {
          hooks.emit({ kind: 'progress', done, total, note: 'Reading pictures' });
          if (hooks.control() !== null) wait.abort();
        },
      })
      .catch((thrown: unknown) => {
        if (!wait.signal.aborted) throw thrown; // the loop below answers the control
      });
    const trainSession = await compile(step.program);
    const viewed = { batch: viewingBatch(sizePx), classes: classes.length };
    const viewSession = await compile(buildViewing(architecture, viewed.batch, []));
    const selection = pictureSet(cache, spec.selection);
    const batches = trainingBatches(pictureSet(cache, spec.train), {
      batch,
      classes: classes.length,
      settings,
      composites: objective.needs.composites === true,
      random,
    });

    const saveLast = async (): Promise<void> => {
      record.seconds = secondsNow();
      checkFinite(step, state);
      await writeCheckpoint(path.join(spec.runFolder, lastCheckpoint), step.state, state, record);
    };

    /** Looks at the selection split, keeps the best, writes both checkpoints, tells of the epoch. */
    const closeEpoch = async (): Promise<void> => {
      const epoch = record.epochs + 1;
      const { partial } = record;
      checkFinite(step, state);
      const seen = await viewSelection(
        viewSession,
        Object.fromEntries(state),
        selection,
        viewed,
        spec.pinned,
      );
      const metrics: EpochMetrics = {
        epoch,
        loss: Object.fromEntries(
          Object.entries(partial.loss).map(([term, sum]) => [term, sum / partial.steps]),
        ),
        trainAccuracy: partial.correct / partial.pictures,
        accuracy: seen.accuracy,
        energyInBox: seen.energyInBox,
        learningRate: learningRateAt(record.epochs + (partial.steps - 1) / batches.steps, epochs, settings),
        seconds: partial.seconds,
        picturesPerSecond: partial.pictures / partial.seconds,
      };
      const candidate = {
        epoch,
        accuracy: seen.accuracy,
        crossEntropy: seen.crossEntropy,
        full: !hasPenalty || rampAt(record.epochs, epochs, settings.lambdaRamp) === 1,
      };
      record.epochs = epoch;
      record.partial = noSteps();
      record.metrics.push(metrics);
      // Patience starts when the penalties are full; until then every epoch counts as gain.
      if (!candidate.full) record.epochsWithoutGain = 0;
      else record.epochsWithoutGain += 1;
      if (isBetter(candidate, record.best)) {
        record.best = candidate;
        record.epochsWithoutGain = 0;
        const shown = [...model.parameters, ...model.buffers];
        record.seconds = secondsNow();
        await writeCheckpoint(path.join(spec.runFolder, bestCheckpoint), shown, state, record);
      }
      await saveLast();
      hooks.emit({ kind: 'epoch', metrics, best: bestOf() });
      for (const { index, map, logits } of seen.pinned) {
        const picture = spec.selection[index];
        const raw = { values: map, width: sizePx, height: sizePx };
        const outcome = heatOutcome(
          picture,
          raw,
          selection.inside(index),
          sizePx,
          picture.classIndex,
          logits,
        );
        hooks.emit({ kind: 'pinned', epoch, imageId: picture.imageId, map: outcome });
      }
    };

    const ended = (how: TrainOutcome['ended']): TrainOutcome => ({
      epochs: record.epochs,
      best: bestOf(),
      device: 'cpu',
      seconds: secondsNow(),
      ended: how,
    });

    const loopAt = performance.now();
    let savedAt = loopAt;
    let toldAt = -Infinity;
    let lossBefore: Record<string, number> | null = null;
    let stepsDone = 0; // in this session
    let picturesDone = 0;
    let stepSeconds = 0;
    while (record.epochs < epochs) {
      const outOfPatience =
        settings.patienceEpochs > 0 && record.epochsWithoutGain >= settings.patienceEpochs;
      if (outOfPatience) return ended('patience');
      while (record.partial.steps < batches.steps) {
        await breathe();
        const asked = hooks.control();
        if (asked === 'cancel') return ended('cancelled');
        if (asked === 'pause') {
          await saveLast();
          return ended('paused');
        }
        if (asked === 'stop' && (record.best !== null || record.partial.steps > 0)) {
          if (record.best === null) await closeEpoch();
          return ended('stopped');
        }

        const { partial } = record;
        const begunAt = performance.now();
        const { feeds, count, truth } = await batches.read(record.epochs, partial.steps);
        const position = record.epochs + partial.steps / batches.steps;
        const outputs = await trainSession.run({
          ...Object.fromEntries(state),
          ...feeds,
          ramp: Float32Array.of(rampAt(position, epochs, settings.lambdaRamp)),
          learningRate: Float32Array.of(learningRateAt(position, epochs, settings)),
        });
        const place = `epoch ${record.epochs + 1}, step ${partial.steps + 1}`;
        lossBefore = lossesOf(step, outputs, lossBefore, place);
        const loss = lossBefore;
        state = nextState(step, outputs);

        const took = (performance.now() - begunAt) / 1000;
        partial.steps += 1;
        partial.pictures += count;
        partial.seconds += took;
        truth.forEach((own, i) => {
          if (predictedClass(outputs.logits, classes.length, i) === own) partial.correct += 1;
        });
        for (const [term, value] of Object.entries(loss))
          partial.loss[term] = (partial.loss[term] ?? 0) + value;
        stepsDone += 1;
        picturesDone += count;
        stepSeconds += took;
        const now = performance.now();
        if (now - toldAt >= stepEventMs) {
          toldAt = now;
          const stepsLeft = (epochs - record.epochs) * batches.steps - partial.steps;
          hooks.emit({
            kind: 'step',
            step: {
              runId: spec.runId as RunId,
              epoch: record.epochs + 1,
              epochs,
              step: partial.steps,
              steps: batches.steps,
              loss,
              picturesPerSecond: picturesDone / stepSeconds,
              // Wall time, so that selection and checkpoints are in it.
              secondsLeft: (stepsLeft * (now - loopAt)) / 1000 / stepsDone,
              patienceLeft:
                settings.patienceEpochs > 0 ? settings.patienceEpochs - record.epochsWithoutGain : null,
            },
          });
        }
        if (now - savedAt >= checkpointMs && partial.steps < batches.steps) {
          await saveLast();
          savedAt = performance.now();
        }
      }
      await closeEpoch();
      savedAt = performance.now();
    }
    return ended('finished');
  } finally {
    await Promise.all(sessions.map((session) => session.dispose()));
    cache.close();
  }
}

/** Where `last.ckpt` stands; null for a new run or one that was killed before its first checkpoint. */
async function begin(
  spec: TrainSpec,
  step: TrainStep,
  fingerprint: string,
): Promise<{ record: RunRecord; state: Map<string, Float32Array> } | null> {
  const file = path.join(spec.runFolder, lastCheckpoint);
  if (!spec.resume) {
    await rm(file, { force: true });
    await rm(path.join(spec.runFolder, bestCheckpoint), { force: true });
    return null;
  }
  let read;
  try {
    read = await readCheckpoint(file);
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'not-found') return null;
    throw thrown;
  }
  const record = checkRecord(read.record, fingerprint, file);
  const state = new Map(step.state.map(({ name }) => [name, read.tensors.get(name)!]));
  return { record, state };
}

/**
 * The loss terms of a step by name, 'total' among them.
 * @param before  those of the step before: once the weights are lost every term is, and only these tell which grew
 * @throws AppError naming the term at fault when one is not finite
 */
function lossesOf(
  step: TrainStep,
  outputs: Readonly<Record<string, Float32Array>>,
  before: Readonly<Record<string, number>> | null,
  place: string,
): Record<string, number> {
  const loss = Object.fromEntries([...step.terms, 'total'].map((term) => [term, outputs[lossOf(term)][0]]));
  if (Object.values(loss).every(Number.isFinite)) return loss;
  const bad = step.terms.filter((term) => !Number.isFinite(loss[term]));
  const all = bad.length === step.terms.length;
  const blamed =
    all && before
      ? step.terms.reduce((worst, term) => (before[term] > before[worst] ? term : worst))
      : (bad[0] ?? 'total');
  const reason = `${blamed} is ${loss[blamed]}${before ? `, after ${before[blamed].toPrecision(3)}` : ''}`;
  throw new AppError(
    'bad-input',
    `training diverged in ${place}: the loss term ${reason}; lower the learning rate or the weight of the penalty`,
    { place, reason },
  );
}

/** A step with a finite loss can still leave weights that are not: those must never replace a good checkpoint. */
function checkFinite(step: TrainStep, state: ReadonlyMap<string, Float32Array>): void {
  for (const { name } of step.state) {
    const bad = state.get(name)!.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      throw new AppError(
        'bad-input',
        `training diverged: ${name} is no longer finite; lower the learning rate or the weight of the penalty`,
        { place: name, reason: `value ${bad} is ${state.get(name)![bad]}` },
      );
  }
}
