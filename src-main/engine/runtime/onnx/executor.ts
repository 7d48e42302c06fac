// Executor on ONNX Runtime: on the processor, or on a GPU through one of its providers. `run` blocks its thread
// while it computes, so it belongs in a worker process. Same model, same feeds, same threads: same bits on the CPU.

import { availableParallelism } from 'node:os';
import type * as OnnxRuntime from 'onnxruntime-node';
import { AppError } from '../../../contracts/errors.ts';
import type { Shape } from '../../graph/index.ts';
import type { Executor, Feeds, Algorithms, Program, Session, StatePair, StepSession } from '../executor.ts';
import { checkFeed } from '../feeds.ts';
import { blockSize } from './blocked.ts';
import { lowering, type AlgorithmTarget, type OnnxProvider } from './algorithms.ts';
import { inputPrefix, lowerProgram, outputPrefix, type LoweredProgram } from './lowering.ts';
import { encodeModel } from './protobuf.ts';
import { autotune, machineKey, trialIn } from './autotune.ts';
import { stateValue } from '../step.ts';

interface OnnxOptions {
  /** What computes; operations that it lacks run on the processor. */
  readonly provider?: OnnxProvider;
  /** Threads of one operation on the processor; all processors by default. */
  readonly threads?: number;
}

type Runtime = typeof OnnxRuntime;
type Options = OnnxRuntime.InferenceSession.SessionOptions;
type RuntimeTensor = OnnxRuntime.Tensor;

function sessionOptions(provider: OnnxProvider, threads: number): Options {
  return {
    executionProviders: [provider],
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
    // 3 is errors, and every error is thrown as well; 4 spares the terminal what the doctor tells in one line.
    logSeverityLevel: provider === 'cpu' ? 3 : 4,
  };
}

/**
 * @throws AppError from compile: 'unavailable' when the native library or the provider cannot be loaded here
 */
export function onnxExecutor({
  provider = 'cpu',
  threads = availableParallelism(),
}: OnnxOptions = {}): Executor {
  const options = sessionOptions(provider, threads);
  const targetIn = async (runtime: Runtime): Promise<AlgorithmTarget> => ({
    provider,
    block: provider === 'cpu' ? await blockSize(runtime) : 1,
  });
  const lowered = async (
    runtime: Runtime,
    program: Program,
    algorithms?: Algorithms,
  ): Promise<LoweredProgram> => lowerProgram(program, lowering(await targetIn(runtime), algorithms));
  return {
    id: provider,
    async compile(program) {
      const runtime = await loadRuntime();
      const { model, usedInputs } = await lowered(runtime, program);
      const session = await createSession(runtime, model, provider, options);
      const names = Object.keys(program.outputs);
      return {
        async run(feeds) {
          const results = await session.run(feedsOf(runtime, usedInputs, feeds));
          return Object.fromEntries(names.map((name) => [name, valuesOf(results[outputPrefix + name])]));
        },
        dispose: () => session.release(),
      } satisfies Session;
    },
    async autotune(program, tuning) {
      const runtime = await loadRuntime();
      const target = await targetIn(runtime);
      const { node, common } = runtime.env.versions;
      const machine = machineKey(provider, threads, node ?? common);
      return autotune(program, target, machine, tuning, trialIn(runtime, target, options));
    },
    async compileStep(program, state, algorithms) {
      const runtime = await loadRuntime();
      const { model, usedInputs } = await lowered(runtime, program, algorithms);
      const onDevice = provider === 'webgpu';
      const kept = new Map(state.map(([input, output]) => [inputPrefix + input, outputPrefix + output]));
      const outputNames = Object.keys(program.outputs)
        .map((name) => outputPrefix + name)
        .filter((name) => !state.some(([, output]) => outputPrefix + output === name));
      const location = { ...of(outputNames, 'cpu' as const), ...of(kept.values(), 'gpu-buffer' as const) };
      const session = await createSession(runtime, model, provider, {
        ...options,
        ...(onDevice ? { preferredOutputLocation: location } : {}),
      });
      const shapes = new Map(program.inputs.map((tensor) => [nameOf(tensor), tensor.shape]));
      const parts = {
        runtime,
        session,
        state,
        shapes,
        outputNames,
        fed: usedInputs.filter(({ name }) => !kept.has(inputPrefix + name)),
        used: new Set(usedInputs.map(({ name }) => name)),
      };
      return onDevice ? steppingOnDevice(parts, options) : steppingInPlace(parts);
    },
  };
}

const nameOf = (tensor: Program['inputs'][number]): string =>
  tensor.op === 'input' ? tensor.attributes.name : '';

const of = <T>(names: Iterable<string>, value: T): Record<string, T> =>
  Object.fromEntries([...names].map((name) => [name, value]));

type UsedInputs = LoweredProgram['usedInputs'];

function feedsOf(runtime: Runtime, inputs: UsedInputs, feeds: Feeds): Record<string, RuntimeTensor> {
  return Object.fromEntries(
    inputs.map(({ name, shape }) => [
      inputPrefix + name,
      new runtime.Tensor('float32', checkFeed(feeds, name, shape), shape),
    ]),
  );
}

const valuesOf = (tensor: RuntimeTensor): Float32Array => tensor.data as Float32Array;

interface StepParts {
  readonly runtime: Runtime;
  readonly session: OnnxRuntime.InferenceSession;
  readonly state: readonly StatePair[];
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Outputs that are no state, as the model names them. */
  readonly outputNames: readonly string[];
  /** Inputs that are no state. */
  readonly fed: UsedInputs;
  readonly used: ReadonlySet<string>;
}

const tell = ({ outputNames }: StepParts, results: OnnxRuntime.InferenceSession.OnnxValueMapType) =>
  Object.fromEntries(outputNames.map((name) => [name.slice(outputPrefix.length), valuesOf(results[name])]));

const loaded = ({ runtime, state, shapes }: StepParts, values: ReadonlyMap<string, Float32Array>) =>
  state.map(([input]) => new runtime.Tensor('float32', stateValue(values, input), shapes.get(input)!));

/** Feeds of the state's inputs; the model lacks those that nothing depends on. */
const stateFeeds = ({ state, used }: StepParts, now: readonly RuntimeTensor[]) =>
  Object.fromEntries(
    state.flatMap(([input], i) => (used.has(input) ? [[inputPrefix + input, now[i]] as const] : [])),
  );

/** Two sets of arrays take turns: what one step writes the next one reads. The first is what was loaded: a copy would be
 * another 90 MB of a ResNet-18. */
function steppingInPlace(parts: StepParts): StepSession {
  const { runtime, session, state, fed, outputNames } = parts;
  let now: RuntimeTensor[] = [];
  let next: RuntimeTensor[] = [];
  return {
    async load(values) {
      now = loaded(parts, values);
      next = now.map(({ dims, size }) => new runtime.Tensor('float32', new Float32Array(size), dims));
    },
    async run(feeds) {
      const results = await session.run(
        { ...feedsOf(runtime, fed, feeds), ...stateFeeds(parts, now) },
        {
          ...of(outputNames, null),
          ...Object.fromEntries(state.map(([, output], i) => [outputPrefix + output, next[i]])),
        },
      );
      // The binding hands a copy of them out as well; until it is collected it would count as memory of the next step.
      for (const [, output] of state)
        (valuesOf(results[outputPrefix + output]).buffer as ArrayBuffer).transfer(0);
      [now, next] = [next, now];
      return tell(parts, results);
    },
    async back() {
      [now, next] = [next, now];
    },
    async read() {
      return new Map(state.map(([input], i) => [input, valuesOf(now[i]).slice()]));
    },
    dispose: () => session.release(),
  };
}

/**
 * The state lives in buffers of the GPU. They are freed as soon as their successors are there; asking one for its
 * values aborts the process, so they are read through a model that hands them on to the processor.
 */
async function steppingOnDevice(parts: StepParts, options: Options): Promise<StepSession> {
  const { runtime, session, state, shapes, fed } = parts;
  const reader = await runtime.InferenceSession.create(
    handingOn(state.map(([input]) => ({ name: input, shape: shapes.get(input)! }))),
    options,
  );
  let now: RuntimeTensor[] = [];
  let before: RuntimeTensor[] = []; // kept for `back` until the next run
  const free = (tensors: readonly RuntimeTensor[]): void => {
    for (const tensor of tensors) if (tensor.location === 'gpu-buffer') tensor.dispose();
  };
  return {
    async load(values) {
      free(now);
      free(before);
      before = [];
      now = loaded(parts, values);
    },
    async run(feeds) {
      free(before);
      before = [];
      const results = await session.run({ ...feedsOf(runtime, fed, feeds), ...stateFeeds(parts, now) });
      before = now;
      now = state.map(([, output]) => results[outputPrefix + output]);
      return tell(parts, results);
    },
    async back() {
      free(now);
      now = before;
      before = [];
    },
    async read() {
      const results = await reader.run(
        Object.fromEntries(state.map(([input], i) => [inputPrefix + input, now[i]])),
      );
      return new Map(state.map(([input]) => [input, valuesOf(results[outputPrefix + input])]));
    },
    async dispose() {
      free(now);
      free(before);
      now = before = [];
      await session.release();
      await reader.release();
    },
  };
}

/** A model whose outputs are its inputs. */
function handingOn(values: readonly { name: string; shape: Shape }[]): Uint8Array {
  return encodeModel({
    nodes: values.map(({ name }) => ({
      type: 'Identity',
      inputs: [inputPrefix + name],
      outputs: [outputPrefix + name],
    })),
    constants: [],
    inputs: values.map(({ name, shape }) => ({ name: inputPrefix + name, shape })),
    outputs: values.map(({ name, shape }) => ({ name: outputPrefix + name, shape })),
    opset: 18,
  });
}

/** Names of providers as people know them. */
const providerTitles: Record<OnnxProvider, string> = {
  cpu: 'the processor',
  webgpu: 'WebGPU',
  cuda: 'CUDA',
  dml: 'DirectML',
  coreml: 'Core ML',
};

async function createSession(
  runtime: Runtime,
  model: Uint8Array,
  provider: OnnxProvider,
  options: Options,
): Promise<OnnxRuntime.InferenceSession> {
  try {
    return await runtime.InferenceSession.create(model, options);
  } catch (cause) {
    if (provider === 'cpu') throw cause;
    const reason = lastSentence(cause);
    throw new AppError(
      'unavailable',
      `ONNX Runtime cannot use ${providerTitles[provider]} here`,
      { reason },
      cause,
    );
  }
}

/** What the runtime says without the place in its source code that it begins with. */
function lastSentence(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message
    .trim()
    .replaceAll(/\s+/g, ' ')
    .replace(/^.*? was false\. /, '');
}

/** Loaded on first use, so that a program that never computes runs where the library does not exist. */
export async function loadRuntime(): Promise<Runtime> {
  try {
    return await import('onnxruntime-node');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('unavailable', 'ONNX Runtime cannot be loaded on this computer.', { reason }, cause);
  }
}
