// Runs training steps, whole or in equal parts. When memory runs out, parts are halved and gradients are accumulated, so
// that a step stays one of the whole batch; what batch-norm and Group DRO make of it, see TrainStep.

import { AppError } from '../../contracts/errors.ts';
import { compileStep, type Executor, type Algorithms, type StepSession } from '../runtime/index.ts';
import type { BatchFeeds, NoisePlan } from '../data/batches.ts';
import { commonDivisor, equalPart, smallestPart } from './parts.ts';
import { lossOf, nextOf, shareOf, type TrainStep } from './train-step.ts';

interface StepRunnerOptions {
  executor: Executor;
  /** Pictures of a step. */
  batch: number;
  /** Pictures of one run of the program, which divide the batch evenly; `batch` for a step that is one run. */
  part: number;
  /** Of convolutions; the rules' unless given. */
  algorithms?: Algorithms;
  /** The program for so many pictures. */
  build(part: number, accumulates: boolean): TrainStep;
  /** Told when `part` had to shrink and the smaller program was made, before anything is run or read. */
  onShrink(part: number, noise: NoisePlan): Promise<void>;
}

interface StepResult {
  /** Of the whole batch, by term, 'total' among them. */
  loss: Record<string, number>;
  /** [B, K] of the pictures in order. */
  logits: Float32Array;
}

/** What a step came to that gave a loss or a gradient that is no number. The state is that before the part at fault. */
export interface BrokenStep {
  loss: Record<string, number>;
  gradientNorm: number;
  /** Of the part at fault, for the program of `step`. */
  feeds: BatchFeeds;
}

export interface StepRunner {
  /** The program in use. */
  readonly step: TrainStep;
  /** Pictures of one run. */
  readonly part: number;
  /**
   * Makes one step.
   * @param read     gives the feeds of the whole batch, with noise for each run in turn as last planned
   * @param scalars  ramp, learningRate and those of the step, the same for all parts
   * @throws AppError 'unavailable' when even the smallest part does not fit into memory
   */
  run(
    read: () => Promise<BatchFeeds>,
    scalars: Readonly<Record<string, number>>,
  ): Promise<StepResult | { broken: BrokenStep }>;
  /** A copy of the state. */
  read(): Promise<Map<string, Float32Array>>;
  dispose(): Promise<void>;
}

export const noisePlanOf = ({ noise }: TrainStep, batch: number, part: number): NoisePlan => ({
  noise,
  runs: batch / part,
});

/** @param state  by name, of a step of any part */
export async function createStepRunner(
  options: StepRunnerOptions,
  state: ReadonlyMap<string, Float32Array>,
): Promise<StepRunner> {
  const { executor, batch, build } = options;
  let part = options.part;
  let step = build(part, part < batch);
  let session: StepSession | undefined;

  /** Pictures of the step that are worked off. */
  let done = 0;

  const halve = (thrown: unknown): void => {
    if (!isOutOfMemory(thrown)) throw thrown;
    // The next parts are to divide what is left of the step, too.
    const half = equalPart(commonDivisor(batch, done), Math.min(part - 1, Math.ceil(part / 2)));
    if (half === null)
      throw new AppError(
        'unavailable',
        part <= smallestPart
          ? `there is not enough memory to train on ${smallestPart} pictures at a time; choose smaller pictures or a smaller model`
          : `there is not enough memory to train on ${part} pictures at a time, and a batch of ${batch} has no smaller equal parts; choose a batch of ${2 ** Math.floor(Math.log2(batch))}`,
        { reason: reasonOf(thrown) },
        thrown,
      );
    try {
      step = build(half, true);
    } catch (refused) {
      if (!(refused instanceof AppError) || refused.code !== 'bad-input') throw refused;
      throw new AppError(
        'unavailable',
        `there is not enough memory to train on ${part} pictures at a time, and ${refused.message}`,
        refused.detail,
        thrown,
      );
    }
    part = half;
  };

  /** Until it fits. */
  async function begin(now: ReadonlyMap<string, Float32Array>, partBefore = part): Promise<StepSession> {
    for (;;) {
      let made: StepSession | undefined;
      try {
        const pairs = [...step.state, ...step.sums].map(({ name }) => [name, nextOf(name)] as const);
        made = await compileStep(executor, step.program, pairs, options.algorithms);
        await made.load(withSums(step, now));
        if (part < partBefore) await options.onShrink(part, noisePlanOf(step, batch, part));
        return made;
      } catch (thrown) {
        await made?.dispose();
        halve(thrown);
      }
    }
  }
  session = await begin(state);

  return {
    get step() {
      return step;
    },
    get part() {
      return part;
    },
    async run(read, scalars) {
      let feeds = await read();
      const classes = feeds.labels.length / batch;
      const logits = new Float32Array(batch * classes);
      const loss: Record<string, number> = {};
      done = 0;
      while (done < batch) {
        const cut = partOf(feeds, step, { batch, part, done, scalars });
        let outputs;
        try {
          outputs = await session!.run(cut);
        } catch (thrown) {
          if (!isOutOfMemory(thrown)) throw thrown;
          // The sums of the parts before are part of the state, so the step goes on where it is.
          const now = await session!.read();
          await session!.dispose();
          session = undefined;
          const partBefore = part;
          halve(thrown);
          session = await begin(now, partBefore);
          feeds = await read();
          continue;
        }
        const partLoss = Object.fromEntries(
          [...step.terms, 'total'].map((term) => [term, outputs[lossOf(term)][0]]),
        );
        const [gradientNorm] = outputs.gradientNorm;
        if (!Number.isFinite(gradientNorm) || !Object.values(partLoss).every(Number.isFinite)) {
          await session!.back();
          return { broken: { loss: partLoss, gradientNorm, feeds: cut } };
        }
        for (const [term, value] of Object.entries(partLoss)) loss[term] = (loss[term] ?? 0) + value;
        logits.set(outputs.logits, done * classes);
        done += part;
      }
      return { loss, logits };
    },
    read: () => session!.read(),
    async dispose() {
      await session?.dispose();
    },
  };
}

/** The feeds of one run: pictures from `done` on. */
function partOf(
  feeds: BatchFeeds,
  step: TrainStep,
  at: { batch: number; part: number; done: number; scalars: Readonly<Record<string, number>> },
): BatchFeeds {
  const { batch, part, done } = at;
  const noise = new Set(step.noise.map(({ name }) => name));
  const run = done / part;
  const cut: BatchFeeds = {};
  for (const [name, values] of Object.entries(feeds)) {
    if (noise.has(name)) {
      const length = values.length / (batch / part);
      cut[name] = values.subarray(run * length, (run + 1) * length);
    } else {
      const length = values.length / batch;
      cut[name] = values.subarray(done * length, (done + part) * length);
    }
  }
  for (const [name, value] of Object.entries(at.scalars)) cut[name] = Float32Array.of(value);
  if (part === batch) return cut;

  const count = (values: Float32Array): number => values.reduce((sum, one) => sum + one, 0);
  const [own, whole] = [count(cut.hasRegion), count(feeds.hasRegion)];
  const images = part / batch;
  cut[shareOf('pictures')] = Float32Array.of(images);
  cut[shareOf('squared-pictures')] = Float32Array.of(images * images);
  cut[shareOf('nothing')] = Float32Array.of(1);
  cut[shareOf('regions')] = Float32Array.of(whole > 0 ? own / whole : 0);
  cut.apply = Float32Array.of(done + part === batch ? 1 : 0);
  return cut;
}

/** A step that begins to accumulate begins with sums of 0; one that goes on has them. */
function withSums(step: TrainStep, state: ReadonlyMap<string, Float32Array>): Map<string, Float32Array> {
  const complete = new Map(state);
  for (const { name, shape } of step.sums)
    if (!complete.has(name))
      complete.set(name, new Float32Array(shape.reduce((count, side) => count * side, 1)));
  return complete;
}

const reasonOf = (thrown: unknown): string =>
  (thrown instanceof Error ? thrown.message : String(thrown)).trim().replaceAll(/\s+/g, ' ').slice(0, 300);

/**
 * Whether something thrown says that memory ran out: ONNX Runtime's arena on the processor ("Failed to allocate memory
 * for requested buffer"), C++ itself ("bad_alloc"), GPUs ("out of memory", "E_OUTOFMEMORY"), JavaScript ("Array
 * buffer allocation failed").
 */
function isOutOfMemory(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  const text = `${thrown.message} ${thrown instanceof AppError ? (thrown.detail.reason ?? '') : ''}`;
  return (
    /failed to allocate|bad_alloc|bad allocation|out of ?memory|outofmemory|allocation failed|not enough memory/i.test(
      text,
    ) ||
    (thrown.cause !== undefined && isOutOfMemory(thrown.cause))
  );
}
