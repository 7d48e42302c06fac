// One task of a plan, wherever it runs: trained on from its last checkpoint, measured, and its result written as one file.
// Done is done: a task that has its result is not touched again. Nothing of the project is here, and no database.

import fs from 'node:fs';
import path from 'node:path';
import { AppError, toErrorRecord } from '../../contracts/errors.ts';
import type { DeviceId } from '../../contracts/devices.ts';
import type { EpochMetrics } from '../../contracts/runs.ts';
import type { EvaluateOutcome, TrainOutcome, TrainSpec } from '../../contracts/worker-protocol.ts';
import { evaluate } from '../../engine/inference/index.ts';
import { onnxExecutor, openDevice, type Executor } from '../../engine/runtime/index.ts';
import { train } from '../../engine/training/index.ts';
import { makeFolder, writeFileWhole } from '../../files/write-file.ts';
import {
  cacheFolder,
  readData,
  readPlan,
  readResult,
  readTask,
  resultFile,
  runFiles,
  runFolder,
  sha256,
  taskFolder,
  weightsFile,
  type TaskResult,
} from '../layout.ts';
import { BEAT_MS, takeLease } from '../lease.ts';

export interface TaskOptions {
  threads?: number | undefined;
  codeVersion: string;
  /** Aborted when the process is asked to end: the task is put down where it stands. */
  signal: AbortSignal;
  show(note: string): void;
}

export type TaskEnd =
  /** Its result is there. */
  | { state: 'done' | 'failed'; result: TaskResult }
  /** Somebody else is at it, or it was put down: try again. */
  | { state: 'again'; reason: string };

/** @throws AppError for what keeps it from being trained at all */
export async function runTask(folder: string, number: number, options: TaskOptions): Promise<TaskEnd> {
  const { task, hash } = readTask(folder, number);
  const plan = readPlan(folder);
  const before = readResult(folder, plan, number);
  if (before) return { state: before.outcome.state, result: before };
  const lease = takeLease(taskFolder(folder, number));
  if (!lease) return { state: 'again', reason: 'another process works at it' };
  let note = 'starting';
  let isLost = false;
  const beat = setInterval(() => {
    try {
      if (!lease.beat(note)) isLost = true;
    } catch {
      // A file server that is away for a moment; the next beat may come through.
    }
  }, BEAT_MS);
  try {
    // It may have been finished between the look and the lease.
    const meanwhile = readResult(folder, plan, number);
    if (meanwhile) return { state: meanwhile.outcome.state, result: meanwhile };
    const isAsked = (): boolean => options.signal.aborted || isLost;
    const show = (text: string): void => {
      note = text;
      options.show(text);
    };
    return await work(folder, number, { task, hash }, { ...options, isAsked, show });
  } finally {
    clearInterval(beat);
    lease.release();
  }
}

async function work(
  folder: string,
  number: number,
  { task, hash }: ReturnType<typeof readTask>,
  options: TaskOptions & { isAsked(): boolean },
): Promise<TaskEnd> {
  const { config, measures } = task;
  const data = readData(folder, task.data);
  const device: DeviceId = config.device === 'auto' ? 'cpu' : config.device;
  const executor: Executor =
    device === 'cpu'
      ? onnxExecutor(options.threads === undefined ? {} : { threads: options.threads })
      : openDevice(device);
  const ownFolder = runFolder(folder, number);
  const epochs: EpochMetrics[] = [];
  const warnings: string[] = [];
  const spec: TrainSpec = {
    runId: number,
    device,
    config,
    params: config.params,
    classes: data.classes,
    groups: data.groups,
    train: data.train,
    selection: data.selection,
    cacheFolder: cacheFolder(folder),
    runFolder: ownFolder,
    resume: true,
    pinned: [],
    ...(config.start && { startFile: weightsFile(folder, config.start.sha256) }),
  };
  makeFolder(cacheFolder(folder));
  const common = {
    version: 1,
    plan: task.plan,
    task: number,
    of: hash,
    codeVersion: options.codeVersion,
    device,
  } as const;
  const finish = async (result: TaskResult): Promise<TaskEnd> => {
    if (options.isAsked()) return { state: 'again', reason: 'it was put down' };
    await writeFileWhole(resultFile(folder, number), [JSON.stringify(result)]);
    return { state: result.outcome.state, result };
  };

  let trained: TrainOutcome;
  try {
    trained = await train(spec, {
      executor,
      control: () => (options.isAsked() ? 'pause' : null),
      emit(event) {
        if (event.kind === 'epoch') epochs.push(event.metrics);
        else if (event.kind === 'resumed') epochs.splice(0, epochs.length, ...event.metrics);
        else if (event.kind === 'warning') warnings.push(event.message);
        else if (event.kind === 'step') options.show(`epoch ${event.step.epoch} of ${config.epochs}`);
      },
    });
  } catch (thrown) {
    const error = toErrorRecord(thrown);
    if (error.code !== 'bad-input') throw thrown;
    // It diverged, and would do so again.
    const seconds = epochs.reduce((sum, one) => sum + one.seconds, 0);
    return finish({
      ...common,
      seconds,
      epochs: epochs.map(finite),
      best: null,
      warnings,
      outcome: {
        state: 'failed',
        error: { ...error, code: error.code, detail: { ...error.detail } as Record<string, string | number> },
      },
    });
  }
  if (trained.ended === 'paused') return { state: 'again', reason: 'it was put down' };

  const model = { config, classes: data.classes, checkpoint: path.join(ownFolder, 'best.ckpt') };
  const measure = async (part: 'test' | 'tuning'): Promise<EvaluateOutcome> => {
    const file = path.join(taskFolder(folder, number), `${part}.json`);
    if (fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, 'utf8')) as EvaluateOutcome;
    options.show(`measuring on the ${part} pictures`);
    const outcome = await evaluate(
      {
        device,
        model,
        images: data[part],
        groups: data.groups,
        measures: measures.map(({ id, params = {} }) => ({ id, params })),
        cacheFolder: cacheFolder(folder),
        against: [],
        seed: config.seed,
      },
      { executor, emit: () => {}, cancelled: options.isAsked },
    );
    await writeFileWhole(file, [JSON.stringify(outcome)]);
    return outcome;
  };
  try {
    const test = await measure('test');
    const tuning = await measure('tuning');
    const files = Object.fromEntries(
      runFiles.flatMap((name) => {
        const file = path.join(ownFolder, name);
        return fs.existsSync(file) ? [[name, sha256(fs.readFileSync(file))]] : [];
      }),
    ) as Extract<TaskResult['outcome'], { state: 'done' }>['files'];
    return await finish({
      ...common,
      seconds: trained.seconds,
      epochs: epochs.map(finite),
      best: trained.best,
      warnings,
      outcome: { state: 'done', tuning: tuning.metrics, test, files },
    });
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'cancelled')
      return { state: 'again', reason: 'it was put down' };
    throw thrown;
  }
}

/** JSON has no infinity. */
const finite = ({ picturesPerSecond, ...metrics }: EpochMetrics) => ({
  ...metrics,
  picturesPerSecond: Number.isFinite(picturesPerSecond) ? picturesPerSecond : null,
});
