// Executor on ONNX Runtime's CPU provider. `run` blocks its thread while it computes, so it belongs in a
// worker process. Same model, same feeds, same threads: same bits.

import { availableParallelism } from 'node:os';
import type * as OnnxRuntime from 'onnxruntime-node';
import { AppError } from '../../contracts/errors.ts';
import type { Executor, Program, Session } from './executor.ts';
import { checkFeed } from './feeds.ts';
import { inputPrefix, lowerProgram, outputPrefix } from './onnx-lowering.ts';

export interface OnnxOptions {
  /** Threads of one operation; all processors by default. */
  readonly threads?: number;
}

function sessionOptions(threads: number): OnnxRuntime.InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // The graph comes simplified: the optimiser found nothing that made a step faster, and doubled creation time.
    graphOptimizationLevel: 'disabled',
    // Patterns reserve the sum of all activations: 5.1 GB instead of 3.7 for a box-aware ResNet-18 step.
    enableMemPattern: false,
    // Without the arena a step takes a third longer.
    enableCpuMemArena: true,
    // Threads that spin while they wait double the time of a step as soon as anything else needs a processor.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    logSeverityLevel: 3,
  };
}

/**
 * @throws AppError from compile: 'unavailable' when the native library of this platform cannot be loaded
 */
export function onnxExecutor({ threads = availableParallelism() }: OnnxOptions = {}): Executor {
  return {
    id: 'onnx-cpu',
    async compile(program: Program): Promise<Session> {
      const { model, usedInputs } = lowerProgram(program);
      const runtime = await loadRuntime();
      const session = await runtime.InferenceSession.create(model, sessionOptions(threads));
      const names = Object.keys(program.outputs);
      return {
        async run(feeds) {
          const given: OnnxRuntime.InferenceSession.FeedsType = Object.fromEntries(
            usedInputs.map(({ name, shape }) => [
              inputPrefix + name,
              new runtime.Tensor('float32', checkFeed(feeds, name, shape), shape),
            ]),
          );
          const results = await session.run(given);
          return Object.fromEntries(
            names.map((name) => [name, results[outputPrefix + name].data as Float32Array]),
          );
        },
        dispose: () => session.release(),
      };
    },
  };
}

/** Loaded on first use, so that a program that never computes runs where the library does not exist. */
async function loadRuntime(): Promise<typeof OnnxRuntime> {
  try {
    return await import('onnxruntime-node');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('unavailable', 'ONNX Runtime cannot be loaded on this computer.', { reason }, cause);
  }
}
