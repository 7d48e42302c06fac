// A run that trains: its network, its batches and its record, moved on by single steps.
//
// The network's state (weights, running statistics, momenta) stays with the step runner and is read for checkpoints
// and for validation. Everything random is forked by name from one generator, so (state, epoch, step) say all: a run
// taken up from a checkpoint ends with the same bits as one that was never stopped.

import path from 'node:path';
import type {
  Control,
  LabelledImage,
  TrainOutcome,
  TrainSpec,
  WorkerEvent,
} from '../../contracts/worker-protocol.ts';
import { writeFileWhole } from '../../files/write-file.ts';
import { ImageCache } from '../../imaging/index.ts';
import { buildEvaluation, evaluationBatch } from '../data/evaluation-program.ts';
import type { BatchFacts } from '../data/batches.ts';
import { batchesAhead } from '../data/batches-ahead.ts';
import { writeCheckpoint } from '../data/checkpoint.ts';
import { imageSet } from '../data/image-set.ts';
import { predictedClass } from '../measures/index.ts';
import { randomFromSeed } from '../nn/random.ts';
import { cycledMomentumAt, learningRateAt, rampAt } from '../nn/schedule.ts';
import { onnxExecutor, type Executor } from '../runtime/index.ts';
import { diagnose } from './diagnosis.ts';
import { checkFinite, divergence } from './divergence.ts';
import { tellPinned } from './pinned.ts';
import { algorithmsFile, bestCheckpoint, keepConfig, lastCheckpoint, type Beginning } from './run-files.ts';
import type { RunPlan } from './run-plan.ts';
import { after, bestOf, metricsOf, replacesBest, type RunEvent, type RunRecord } from './run-record.ts';
import { solveHead } from './head.ts';
import { equalPart, partFor } from './parts.ts';
import { createStepRunner, noisePlanOf } from './step-runner.ts';
import { buildTrainStep } from './train-step.ts';
import { validate } from './validation.ts';

export interface TrainHooks {
  emit(event: WorkerEvent): void;
  /** What was asked for and not yet answered; looked at between steps. */
  control(): Control | null;
  executor?: Executor;
}

interface RunHooks {
  emit(event: WorkerEvent): void;
  /** Whether to stop reading pictures; what was asked for is answered by the loop. */
  interrupted(): boolean;
  executor?: Executor;
}

export interface TrainingRun {
  /** Where it stands. */
  readonly record: RunRecord;
  /**
   * One step.
   * @returns the loss by its terms, 'total' among them, the pictures seen and the seconds they took
   * @throws AppError 'bad-input' naming the term of the loss when training diverges
   */
  step(): Promise<{ loss: Record<string, number>; images: number; seconds: number }>;
  /** Validates, keeps the best epoch, writes both checkpoints, tells of the epoch. */
  closeEpoch(): Promise<void>;
  /** Writes `last.ckpt`. */
  checkpoint(): Promise<void>;
  /** Seconds are those of all sessions of the run. */
  outcome(ended: TrainOutcome['ended']): TrainOutcome;
  close(): Promise<void>;
}

/** Reads the pictures, chooses convolution algorithms where the run begins, and compiles its programs. */
export async function openRun(
  spec: TrainSpec,
  plan: RunPlan,
  beginning: Beginning,
  hooks: RunHooks,
): Promise<TrainingRun> {
  const { epochs, sizePx, seed } = spec.config;
  const { settings, architecture, batch, step, steps } = plan;
  const { emit } = hooks;
  const secondsBefore = beginning.record.seconds;
  const startedAt = performance.now();
  let { record } = beginning;
  const note = (event: RunEvent): void => {
    record = after(record, event);
  };
  const noteTime = (): void =>
    note({ kind: 'time', seconds: secondsBefore + (performance.now() - startedAt) / 1000 });

  const executor = hooks.executor ?? onnxExecutor();
  await using opened = new AsyncDisposableStack();
  const cache = ImageCache.open(spec.cacheFolder, sizePx);
  opened.defer(() => cache.close());
  await readImages([...plan.images, ...spec.selection], cache, hooks);
  const ahead = batchesAhead(
    {
      cacheFolder: spec.cacheFolder,
      sizePx,
      images: plan.images,
      plan: plan.batches,
      random: randomFromSeed(seed).state(),
    },
    epochs,
  );
  opened.defer(() => ahead.close());
  const equal =
    record.part === undefined ? partFor(batch, settings.accumulate) : equalPart(batch, record.part);
  const part = equal ?? batch;
  if (equal === null)
    emit({
      kind: 'warning',
      message: `a batch of ${batch} pictures has no equal parts of two or more: it is computed whole`,
    });
  // A run that is taken up keeps the algorithms it began with.
  if (!beginning.goesOn) {
    note({ kind: 'tuned', algorithms: await algorithmsFor() });
    // For people, to repeat the run with: the checkpoint has them, too.
    await writeFileWhole(path.join(spec.runFolder, algorithmsFile), [
      JSON.stringify(record.forms ?? {}, null, 1),
    ]);
    await keepConfig(spec, record.forms);
  }
  emit({ kind: 'progress', done: 0, total: 0, note: 'Preparing the first step' });
  const stepper = await createStepRunner(
    {
      executor,
      batch,
      part,
      algorithms: record.forms,
      build: (part, accumulates) => buildTrainStep(plan.stepOptions(part, accumulates)),
      async onShrink(part, noise) {
        note({ kind: 'shrunk', part });
        emit({
          kind: 'warning',
          message:
            `memory ran out: from epoch ${record.epochs + 1} on each batch of ${batch} pictures is worked off ` +
            `${part} at a time with gradients added up, which is slower; batch-norm sees ${part} pictures at a time`,
        });
        await ahead.plan(noise);
      },
    },
    await headFirst(beginning.state),
  );
  opened.defer(() => stepper.dispose());
  await ahead.plan(noisePlanOf(stepper.step, batch, stepper.part));
  const sizes = { batch: evaluationBatch(sizePx), classes: spec.classes.length };
  const evaluation = await executor.compile(buildEvaluation(architecture, sizes.batch));
  opened.defer(() => evaluation.dispose());
  const selection = imageSet(cache, spec.selection);
  const all = opened.move();

  async function algorithmsFor(): Promise<RunRecord['forms']> {
    if (spec.config.algorithms) return spec.config.algorithms;
    if (settings.convolutions !== 'measured' || spec.autotuneFile === undefined) return undefined;
    return executor.autotune?.(buildTrainStep(plan.stepOptions(part, part < batch)).program, {
      file: spec.autotuneFile,
      onProgress: (done, total) => emit({ kind: 'progress', done, total, note: 'Timing convolutions' }),
    });
  }

  /** The state that a run begins with: on trained weights with the classifier layer solved, if so set. */
  async function headFirst(state: Map<string, Float32Array>): Promise<Map<string, Float32Array>> {
    if (beginning.goesOn || !settings.headFirst || !spec.config.start) return state;
    const stop = new AbortController();
    try {
      const { weights } = await solveHead(spec, plan, state, {
        executor,
        cache,
        signal: stop.signal,
        onProgress(done, total) {
          emit({ kind: 'progress', done, total, note: 'Computing features' });
          if (hooks.interrupted()) stop.abort();
        },
      });
      return new Map([...state, ...weights]);
    } catch (thrown) {
      // What was asked for is answered by the loop, before the first step.
      if (stop.signal.aborted) return state;
      throw thrown;
    }
  }

  let lossBefore: Record<string, number> | null = null;

  async function saveLast(state: Map<string, Float32Array>): Promise<void> {
    noteTime();
    checkFinite(step, state);
    await writeCheckpoint(path.join(spec.runFolder, lastCheckpoint), step.state, state, record);
  }

  return {
    get record() {
      return record;
    },

    async step() {
      const begunAt = performance.now();
      const done = record.partial.steps;
      const position = record.epochs + done / steps;
      const momentum = cycledMomentumAt(position, epochs, steps);
      const stepNumber = record.epochs * steps + done + 1;
      let facts: BatchFacts = { trueClasses: [] };
      const result = await stepper.run(
        async () => {
          const { feeds, ...others } = await ahead.read(record.epochs, done);
          facts = others;
          return feeds;
        },
        {
          ramp: rampAt(position, epochs, settings.lambdaRamp),
          learningRate: learningRateAt(position, epochs, settings, steps),
          ...Object.fromEntries(
            Object.entries(step.scalars).map(([name, at]) => [name, at(stepNumber, momentum)]),
          ),
        },
      );
      if ('broken' in result) {
        const { broken } = result;
        const options = plan.stepOptions(stepper.part, false);
        const found = await diagnose(executor, options, await stepper.read(), broken.feeds).catch(() => null); // the step itself told the main thing
        const place = `epoch ${record.epochs + 1}, step ${done + 1}`;
        throw divergence(step, broken, lossBefore, found, place);
      }
      const { loss, logits } = result;
      lossBefore = loss;
      const { trueClasses } = facts;
      const correct = trueClasses.filter((classIndices, i) =>
        classIndices.includes(predictedClass(logits, sizes.classes, i)),
      ).length;
      const seconds = (performance.now() - begunAt) / 1000;
      note({ kind: 'step', pictures: trueClasses.length, correct, loss, seconds });
      return { loss, images: trueClasses.length, seconds };
    },

    async closeEpoch() {
      const state = await stepper.read();
      checkFinite(step, state);
      const weights = new Map([...step.shown].map(([name, from]) => [name, state.get(from)!]));
      const seen = await validate(evaluation, Object.fromEntries(weights), selection, sizes, spec.pinned);
      const begun = record.epochs;
      const lastPosition = begun + (record.partial.steps - 1) / steps;
      const metrics = metricsOf(record, seen, learningRateAt(lastPosition, epochs, settings, steps));
      const full = step.terms.length === 1 || rampAt(begun, epochs, settings.lambdaRamp) === 1;
      note({ kind: 'epoch', metrics, crossEntropy: seen.crossEntropy, full });
      if (replacesBest(record)) {
        const { parameters, buffers } = architecture.model;
        noteTime();
        await writeCheckpoint(
          path.join(spec.runFolder, bestCheckpoint),
          [...parameters, ...buffers],
          weights,
          record,
        );
      }
      await saveLast(state);
      emit({ kind: 'epoch', metrics, best: bestOf(record) });
      tellPinned(spec, architecture, selection, seen, record.epochs, emit);
    },

    async checkpoint() {
      await saveLast(await stepper.read());
    },

    outcome(ended) {
      noteTime();
      return {
        epochs: record.epochs,
        best: bestOf(record),
        device: executor.id,
        seconds: record.seconds,
        ended,
      };
    },

    close: () => all.disposeAsync(),
  };
}

/** Ends early, with what was read, when something is asked of the run. */
export async function readImages(
  images: readonly LabelledImage[],
  cache: ImageCache,
  hooks: Pick<RunHooks, 'emit' | 'interrupted'>,
): Promise<void> {
  const wait = new AbortController();
  try {
    await cache.fill(images, {
      signal: wait.signal,
      onProgress(done, total) {
        hooks.emit({ kind: 'progress', done, total, note: 'Reading pictures' });
        if (hooks.interrupted()) wait.abort();
      },
    });
  } catch (thrown) {
    if (!wait.signal.aborted) throw thrown;
  }
}
