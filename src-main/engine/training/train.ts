// The training loop: steps, epochs, selection of the best, checkpoints, and what a person may ask of it meanwhile.
//
// The network's state (weights, running statistics, momenta) stays with the step runner and is read for checkpoints
// and for the look at the selection split. Everything random is forked by name from one generator, so (state, epoch,
// step) say all: a run taken up from a checkpoint ends with the same bits as one that was never stopped.

import { rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../contracts/errors.ts';
import type { RunId } from '../../contracts/ids.ts';
import { settingsSchema } from '../../contracts/settings.ts';
import type { EpochMetrics } from '../../contracts/runs.ts';
import type {
  Control,
  Picture,
  TrainOutcome,
  TrainSpec,
  WorkerEvent,
} from '../../contracts/worker-protocol.ts';
import { makeFolder } from '../../files/write-file.ts';
import { PictureCache } from '../../imaging/index.ts';
import { predictedClass } from '../measures/index.ts';
import type { BuiltModel } from '../nn/model.ts';
import { randomFromSeed, type Random } from '../nn/random.ts';
import { cycledMomentumAt, learningRateAt, rampAt } from '../nn/schedule.ts';
import { objectiveById } from '../objectives/index.ts';
import { onnxExecutor, type Executor, type Session } from '../runtime/index.ts';
import type { BatchFacts } from '../data/batches.ts';
import { batchesAhead, type BatchesAhead } from '../data/batches-ahead.ts';
import { readCheckpoint, writeCheckpoint } from '../data/checkpoint.ts';
import { diagnose, type Diagnosis } from './diagnosis.ts';
import { heatOutcome } from '../data/heat.ts';
import { architectureOf, buildViewing, viewingBatch } from '../data/architecture.ts';
import { classesOf, pictureSet, taskOf } from '../data/picture-set.ts';
import { checkRecord, fingerprintOf, isBetter, noSteps, type RunRecord } from './run-record.ts';
import { viewSelection } from './validation.ts';
import { createStepRunner, noisePlanOf, type BrokenStep, type StepRunner } from './step-runner.ts';
import { buildTrainStep, initialState, type TrainStep, type TrainStepOptions } from './train-step.ts';
import { breathe } from '../data/evaluation-program.ts';
import { startFrom } from '../data/weights-file.ts';

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
  const { epochs, sizePx } = config;
  const settings = settingsSchema.parse(config.settings); // a run of an older version has fewer
  const startedAt = performance.now();
  const task = taskOf(settings);
  if (new Set(spec.train.flatMap(classesOf)).size < 2)
    throw new AppError('bad-input', 'training needs pictures of at least two classes');
  const objective = objectiveById(config.objective);
  const architecture = architectureOf(config, classes.length);
  const { model } = architecture;
  const batch = Math.max(2, Math.min(config.batch, spec.train.length));
  const random = randomFromSeed(config.seed);
  const { pictures, groupCount } = trainedGroups(spec);
  if (objective.needs.groups && groupCount === 0)
    throw new AppError('bad-input', `no training picture has the attribute "${config.groupBy}"`, {
      reason: `${objective.title} needs groups`,
    });
  const stepOptions = (part: number, accumulates: boolean): TrainStepOptions => ({
    model,
    objective,
    params: spec.params,
    settings,
    batch: part,
    classes: classes.length,
    sizePx,
    groupCount,
    task,
    accumulates,
  });
  const step = buildTrainStep(stepOptions(batch, false));
  const hasPenalty = step.terms.length > 1;

  makeFolder(spec.runFolder);
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
  const firstState = begun?.state ?? (await firstStateOf(spec, step, model, random.fork('weights')));
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
  let batches: BatchesAhead | undefined;
  let runner: StepRunner | undefined;
  let viewSession: Session | undefined;
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
    const ahead = batchesAhead(
      {
        cacheFolder: spec.cacheFolder,
        sizePx,
        pictures,
        plan: {
          batch,
          classes: classes.length,
          settings,
          task,
          composites: objective.needs.composites === true,
          groupCount: objective.needs.groups ? groupCount : null,
        },
        random: random.state(),
      },
      epochs,
    );
    batches = ahead;
    const part = record.part ?? Math.max(2, Math.ceil(batch / settings.accumulate));
    // A run that is taken up keeps the forms it began with.
    if (!begun && settings.convolutions === 'measured' && spec.formsFile !== undefined)
      record.forms = await executor.chooseForms?.(buildTrainStep(stepOptions(part, part < batch)).program, {
        file: spec.formsFile,
        onProgress: (done, total) =>
          hooks.emit({ kind: 'progress', done, total, note: 'Timing convolutions' }),
      });
    hooks.emit({ kind: 'progress', done: 0, total: 0, note: 'Preparing the first step' });
    const stepper = await createStepRunner(
      {
        executor,
        batch,
        part,
        forms: record.forms,
        build: (part, accumulates) => buildTrainStep(stepOptions(part, accumulates)),
        async onShrink(part, noise) {
          record.part = part;
          hooks.emit({
            kind: 'warning',
            message:
              `memory ran out: from epoch ${record.epochs + 1} on each batch of ${batch} pictures is worked off ` +
              `${part} at a time with gradients added up, which is slower; batch-norm sees ${part} pictures at a time`,
          });
          await ahead.plan(noise);
        },
      },
      firstState,
    );
    runner = stepper;
    await ahead.plan(noisePlanOf(stepper.step, batch, stepper.part));
    const viewed = { batch: viewingBatch(sizePx), classes: classes.length };
    const viewing = await executor.compile(buildViewing(architecture, viewed.batch));
    viewSession = viewing;
    const selection = pictureSet(cache, spec.selection);

    const saveLast = async (known?: Map<string, Float32Array>): Promise<void> => {
      const state = known ?? (await stepper.read());
      record.seconds = secondsNow();
      checkFinite(step, state);
      await writeCheckpoint(path.join(spec.runFolder, lastCheckpoint), step.state, state, record);
    };

    /** Looks at the selection split, keeps the best, writes both checkpoints, tells of the epoch. */
    const closeEpoch = async (): Promise<void> => {
      const epoch = record.epochs + 1;
      const { partial } = record;
      const state = await stepper.read();
      checkFinite(step, state);
      const weights = new Map([...step.shown].map(([name, from]) => [name, state.get(from)!]));
      const seen = await viewSelection(viewing, Object.fromEntries(weights), selection, viewed, spec.pinned);
      const metrics: EpochMetrics = {
        epoch,
        loss: Object.fromEntries(
          Object.entries(partial.loss).map(([term, sum]) => [term, sum / partial.steps]),
        ),
        trainAccuracy: partial.correct / partial.pictures,
        accuracy: seen.accuracy,
        energyInBox: seen.energyInBox,
        learningRate: learningRateAt(
          record.epochs + (partial.steps - 1) / ahead.steps,
          epochs,
          settings,
          ahead.steps,
        ),
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
        await writeCheckpoint(path.join(spec.runFolder, bestCheckpoint), shown, weights, record);
      }
      await saveLast(state);
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
          task,
        );
        hooks.emit({ kind: 'pinned', epoch, imageId: picture.imageId, map: outcome });
      }
    };

    const ended = (how: TrainOutcome['ended']): TrainOutcome => ({
      epochs: record.epochs,
      best: bestOf(),
      device: executor.id,
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
      while (record.partial.steps < ahead.steps) {
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
        const position = record.epochs + partial.steps / ahead.steps;
        const stepNumber = record.epochs * ahead.steps + partial.steps + 1;
        const momentum = cycledMomentumAt(position, epochs, ahead.steps);
        let batchFacts: BatchFacts = { count: 0, truth: [] };
        const result = await stepper.run(
          async () => {
            const { feeds, ...facts } = await ahead.read(record.epochs, partial.steps);
            batchFacts = facts;
            return feeds;
          },
          {
            ramp: rampAt(position, epochs, settings.lambdaRamp),
            learningRate: learningRateAt(position, epochs, settings, ahead.steps),
            ...Object.fromEntries(
              Object.entries(step.scalars).map(([name, at]) => [name, at(stepNumber, momentum)]),
            ),
          },
        );
        const place = `epoch ${record.epochs + 1}, step ${partial.steps + 1}`;
        if ('broken' in result) {
          const { part } = stepper;
          const found = await diagnose(
            executor,
            stepOptions(part, false),
            await stepper.read(),
            result.broken.feeds,
          ).catch(() => null); // the step itself told the main thing
          throw divergence(step, result.broken, lossBefore, found, place);
        }
        const { loss, logits } = result;
        lossBefore = loss;
        const { count, truth } = batchFacts;

        const took = (performance.now() - begunAt) / 1000;
        partial.steps += 1;
        partial.pictures += count;
        partial.seconds += took;
        truth.forEach((own, i) => {
          if (own.includes(predictedClass(logits, classes.length, i))) partial.correct += 1;
        });
        for (const [term, value] of Object.entries(loss))
          partial.loss[term] = (partial.loss[term] ?? 0) + value;
        stepsDone += 1;
        picturesDone += count;
        stepSeconds += took;
        const now = performance.now();
        if (now - toldAt >= stepEventMs) {
          toldAt = now;
          const stepsLeft = (epochs - record.epochs) * ahead.steps - partial.steps;
          hooks.emit({
            kind: 'step',
            step: {
              runId: spec.runId as RunId,
              epoch: record.epochs + 1,
              epochs,
              step: partial.steps,
              steps: ahead.steps,
              loss,
              picturesPerSecond: picturesDone / stepSeconds,
              // Wall time, so that selection and checkpoints are in it.
              secondsLeft: (stepsLeft * (now - loopAt)) / 1000 / stepsDone,
              patienceLeft:
                settings.patienceEpochs > 0 ? settings.patienceEpochs - record.epochsWithoutGain : null,
            },
          });
        }
        if (now - savedAt >= checkpointMs && partial.steps < ahead.steps) {
          await saveLast();
          savedAt = performance.now();
        }
      }
      await closeEpoch();
      savedAt = performance.now();
    }
    return ended('finished');
  } finally {
    await batches?.close();
    await Promise.all([runner?.dispose(), viewSession?.dispose()]);
    cache.close();
  }
}

/** Drawn, then with the weights that the run starts from in place of what they hold. */
async function firstStateOf(
  { config, startFile }: TrainSpec,
  step: TrainStep,
  model: BuiltModel,
  random: Random,
): Promise<Map<string, Float32Array>> {
  const state = initialState(step, random);
  if (config.start && startFile !== undefined)
    await startFrom(state, model, config.model, { ...config.start, file: startFile });
  return state;
}

/**
 * The training pictures with their groups counted anew: those that a training picture is in, since one that is empty
 * would keep its share of a loss over groups and add nothing. Without an attribute to group by, the group of a picture
 * is its class.
 */
function trainedGroups({ groups, train }: TrainSpec): { pictures: Picture[]; groupCount: number } {
  const groupOf = (picture: Picture) => (groups.length > 0 ? picture.group : picture.classIndex);
  const known = [...new Set(train.map(groupOf))].filter((group) => group !== undefined);
  const place = new Map(known.sort((a, b) => a - b).map((group, i) => [group, i]));
  const pictures = train.map((picture) => {
    const group = groupOf(picture);
    return group === undefined ? picture : { ...picture, group: place.get(group) };
  });
  return { pictures, groupCount: place.size };
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
 * What is said of a step whose loss or gradient is not finite: the term of the loss at fault and the layer.
 * @param before  losses of the step before: once the weights are lost every term is, and only these tell which grew
 */
function divergence(
  step: TrainStep,
  { loss, gradientNorm }: BrokenStep,
  before: Readonly<Record<string, number>> | null,
  found: Diagnosis | null,
  place: string,
): AppError {
  const bad = step.terms.filter((term) => !Number.isFinite(loss[term]));
  const largest = (values: Readonly<Record<string, number>>): string =>
    step.terms.reduce((worst, term) => (values[term] > values[worst] ? term : worst));
  const blamed =
    found?.term ??
    (bad.length === 0
      ? largest(loss)
      : bad.length === step.terms.length && before
        ? largest(before)
        : bad[0]);
  const lost =
    bad.length > 0 ? `${blamed} is ${loss[blamed]}` : `${blamed} has a gradient of ${gradientNorm}`;
  const after = before ? `, after ${before[blamed].toPrecision(3)}` : '';
  const layer = found?.layer ? `, first in the ${found.what} of ${found.layer}` : '';
  const reason = `${lost}${after}${layer}`;
  return new AppError(
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
