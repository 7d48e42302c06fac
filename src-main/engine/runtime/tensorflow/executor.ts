// Executor on TensorFlow.js: an interpreter that walks the graph with its operations, never with its gradients. On
// the native library of @tensorflow/tfjs-node-gpu where that loads, else in plain JavaScript, which is slow and
// there to check other executors with.

import { createRequire } from 'node:module';
import type * as TensorFlow from '@tensorflow/tfjs-core';
import { AppError } from '../../../contracts/errors.ts';
import { simplify, topologicalOrder, type Shape, type Tensor } from '../../graph/index.ts';
import type { Executor, Feeds, Program, Session, StatePair, StepSession } from '../executor.ts';
import { checkFeed } from '../feeds.ts';
import { stateValue, withoutState } from '../step.ts';
import { tensorFlowOperations, type Operation } from './operations.ts';

interface TensorFlowLibrary {
  readonly tf: typeof TensorFlow;
  /** Whether the native library computes, and if not, why. */
  readonly native: boolean;
  readonly reason: string;
}

let library: Promise<TensorFlowLibrary> | undefined;

/** Loaded once a process, as the library keeps its backend for the whole process. */
export function loadTensorFlow(): Promise<TensorFlowLibrary> {
  library ??= load();
  return library;
}

async function load(): Promise<TensorFlowLibrary> {
  let reason = '';
  try {
    restoreUtil();
    process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'; // errors only
    // By name in a variable: the package is optional, and its types need not be there to compile this file.
    const name = '@tensorflow/tfjs-node-gpu';
    await import(name);
    const tf = await import('@tensorflow/tfjs-core');
    if (tf.getBackend() === 'tensorflow' || (await tf.setBackend('tensorflow')))
      return { tf, native: true, reason: 'its native library' };
  } catch (thrown) {
    reason = firstLine(thrown);
  }
  const tf = await import('@tensorflow/tfjs-core');
  await import('@tensorflow/tfjs-backend-cpu');
  tf.enableProdMode(); // the only way to keep its advertisement off the terminal
  await tf.setBackend('cpu');
  return { tf, native: false, reason };
}

/** tfjs-node 4.22 calls two functions of `util` that Node removed or warns of. */
function restoreUtil(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray = Array.isArray;
}

function firstLine(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return message.trim().split('\n')[0];
}

/** @throws AppError from compile: 'unavailable' when TensorFlow.js cannot be loaded */
export function tensorFlowExecutor(): Executor {
  return {
    id: 'tensorflow',
    async compile(program) {
      const walk = await interpreter(program);
      return {
        async run(feeds) {
          const { tf } = walk;
          const given = new Map(
            walk.inputs.map(({ name, shape }) => [name, upload(tf, checkFeed(feeds, name, shape), shape)]),
          );
          const outputs = walk.run(given);
          for (const tensor of given.values()) tensor.dispose();
          return download(outputs);
        },
        dispose: async () => walk.dispose(),
      } satisfies Session;
    },
    compileStep: async (program, state) => stepping(await interpreter(program), program, state),
  };
}

type TfTensor = TensorFlow.Tensor;

const upload = (tf: typeof TensorFlow, values: Float32Array, shape: Shape): TfTensor =>
  tf.tensor(values, [...shape], 'float32');

async function download(tensors: ReadonlyMap<string, TfTensor>): Promise<Record<string, Float32Array>> {
  const values: Record<string, Float32Array> = {};
  for (const [name, tensor] of tensors) {
    values[name] = Float32Array.from(await tensor.data());
    tensor.dispose();
  }
  return values;
}

/** The state stays with the library, and so on its GPU. */
function stepping(walk: Interpreter, program: Program, state: readonly StatePair[]): StepSession {
  const { tf } = walk;
  const shapes = new Map(program.inputs.map((tensor) => [nameOf(tensor), tensor.shape]));
  const own = new Set(state.map(([input]) => input));
  const fed = walk.inputs.filter(({ name }) => !own.has(name));
  let now = new Map<string, TfTensor>();
  let before = new Map<string, TfTensor>(); // kept for `back` until the next run
  const free = (tensors: Map<string, TfTensor>): void => {
    for (const tensor of tensors.values()) tensor.dispose();
    tensors.clear();
  };
  return {
    async load(values) {
      free(now);
      free(before);
      now = new Map(
        state.map(([name]) => [name, upload(tf, stateValue(values, name).slice(), shapes.get(name)!)]),
      );
    },
    async run(feeds: Feeds) {
      const given = new Map(
        fed.map(({ name, shape }) => [name, upload(tf, checkFeed(feeds, name, shape), shape)]),
      );
      const outputs = walk.run(new Map([...now, ...given]));
      for (const tensor of given.values()) tensor.dispose();
      free(before);
      before = now;
      now = new Map(state.map(([input, output]) => [input, outputs.get(output)!]));
      return download(new Map(Object.entries(withoutState(Object.fromEntries(outputs), state))));
    },
    async back() {
      free(now);
      [now, before] = [before, now];
    },
    async read() {
      const values = new Map<string, Float32Array>();
      for (const [name, tensor] of now) values.set(name, Float32Array.from(await tensor.data()));
      return values;
    },
    async dispose() {
      free(now);
      free(before);
      walk.dispose();
    },
  };
}

const nameOf = (tensor: Tensor): string => (tensor.op === 'input' ? tensor.attributes.name : '');

interface Interpreter {
  readonly tf: typeof TensorFlow;
  /** The inputs that the outputs depend on. */
  readonly inputs: readonly { readonly name: string; readonly shape: Shape }[];
  /** @returns new tensors by output name, the caller's to dispose; the given ones stay the caller's too */
  run(given: ReadonlyMap<string, TfTensor>): Map<string, TfTensor>;
  dispose(): void;
}

async function interpreter(program: Program): Promise<Interpreter> {
  const { tf } = await loadTensorFlow().catch((cause: unknown) => {
    throw new AppError(
      'unavailable',
      'TensorFlow.js cannot be loaded on this computer',
      { reason: firstLine(cause) },
      cause,
    );
  });
  const names = Object.keys(program.outputs);
  const outputs = simplify(names.map((name) => program.outputs[name]));
  const order = topologicalOrder(outputs);
  const operations = tensorFlowOperations(tf) as Record<string, Operation<Tensor>>;
  const inputs = order.flatMap((tensor) =>
    tensor.op === 'input' ? [{ name: tensor.attributes.name, shape: tensor.shape }] : [],
  );
  const constants = new Map(
    order.flatMap((tensor) =>
      tensor.op === 'constant' ? [[tensor, upload(tf, tensor.attributes.values, tensor.shape)] as const] : [],
    ),
  );
  // A value goes when its last user has run.
  const lastUser = new Map<Tensor, Tensor>();
  for (const tensor of order) for (const source of tensor.inputs) lastUser.set(source, tensor);
  const isKept = new Set(outputs);
  const finished = new Map<Tensor, Tensor[]>();
  for (const [source, user] of lastUser)
    if (!isKept.has(source) && source.op !== 'input' && source.op !== 'constant')
      finished.set(user, [...(finished.get(user) ?? []), source]);

  return {
    tf,
    inputs,
    run(given) {
      const values = new Map<Tensor, TfTensor>(constants);
      const made = new Set<TfTensor>();
      try {
        for (const tensor of order) {
          if (tensor.op === 'constant') continue;
          if (tensor.op === 'input') {
            values.set(tensor, given.get(tensor.attributes.name)!);
            continue;
          }
          const operands = tensor.inputs.map((source) => values.get(source)!);
          const value = tf.tidy(() => operations[tensor.op](tensor, operands));
          made.add(value);
          values.set(tensor, value);
          for (const source of finished.get(tensor) ?? []) {
            const old = values.get(source)!;
            old.dispose();
            made.delete(old);
            values.delete(source);
          }
        }
        // Several outputs may be one tensor, or an input handed through; each caller disposes of its own.
        return new Map(names.map((name, i) => [name, tf.clone(values.get(outputs[i])!)]));
      } finally {
        for (const value of made) value.dispose();
      }
    },
    dispose() {
      for (const tensor of constants.values()) tensor.dispose();
    },
  };
}
