// Entry of a worker process: plain Node, forked by the core with IPC serialization 'advanced'. Answers the calls of
// contracts/worker-protocol.ts side by side, reads controls between training steps, and ends with its parent.

import { AppError, toErrorRecord } from '../contracts/errors.ts';
import type {
  Control,
  FromWorker,
  ToWorker,
  WorkerCall,
  WorkerCalls,
  WorkerEvent,
} from '../contracts/worker-protocol.ts';
import type { DeviceId } from '../contracts/devices.ts';
import {
  attackSet,
  createExplainer,
  evaluate,
  exportModel,
  type Explainer,
} from '../engine/inference/index.ts';
import { train, tryDevice } from '../engine/training/index.ts';
import { convert, copyUpright, probe, thumbnail } from '../imaging/index.ts';
import { openHere } from './devices.ts';

interface Call {
  emit(event: WorkerEvent): void;
  control(): Control | null;
  /** Aborted when the call is to be cancelled. */
  signal: AbortSignal;
}
type Handlers = {
  [C in WorkerCall]: (input: WorkerCalls[C]['input'], call: Call) => Promise<WorkerCalls[C]['output']>;
};

const explainers = new Map<DeviceId, Explainer>();
function explainerOn(device: DeviceId = 'cpu'): Explainer {
  const explainer = explainers.get(device) ?? createExplainer(openHere(device));
  explainers.set(device, explainer);
  return explainer;
}

const handlers: Handlers = {
  probe: ({ file }) => probe(file),
  thumbnail: async ({ file, out, sidePx }) => {
    await thumbnail(file, out, sidePx);
    return null;
  },
  convert: async ({ file, out }) => {
    await convert(file, out);
    return null;
  },
  copyUpright: async ({ file, out }) => {
    await copyUpright(file, out);
    return null;
  },
  train: (spec, { emit, control }) => train(spec, { emit, control, executor: openHere(spec.device) }),
  evaluate: (spec, { emit, control }) =>
    evaluate(spec, { emit, cancelled: () => control() !== null, executor: openHere(spec.device) }),
  exportModel: (spec, { emit, control }) =>
    exportModel(spec, {
      executor: openHere(),
      progress: (done, total, note) => emit({ kind: 'progress', done, total, note }),
      cancelled: () => control() !== null,
    }),
  explain: (spec, { signal }) => explainerOn(spec.device).explain(spec, signal),
  attack: (spec, { emit, signal }) => attackSet(spec, { emit, signal, executor: openHere(spec.device) }),
  doctor: ({ device }) => tryDevice(device),
};

/** What was asked of calls that are going on. */
const controls = new Map<number, { asked: Control | null; abort: AbortController }>();

function send(message: FromWorker): void {
  if (process.connected) process.send!(message);
}

async function answer(message: Extract<ToWorker, { call: WorkerCall }>): Promise<void> {
  const { id, call, input } = message;
  const going = { asked: null as Control | null, abort: new AbortController() };
  controls.set(id, going);
  try {
    const handler = handlers[call] as ((input: unknown, call: Call) => Promise<unknown>) | undefined;
    if (!handler) throw new AppError('internal', `the worker knows no call "${String(call)}"`);
    const value = await handler(input, {
      emit: (event) => send({ id, event }),
      control: () => going.asked,
      signal: going.abort.signal,
    });
    send({ id, ok: true, value });
  } catch (thrown) {
    const error = toErrorRecord(thrown);
    if (error.code === 'internal') console.error(thrown); // a bug: the stack goes to the core's log
    send({ id, ok: false, error });
  } finally {
    controls.delete(id);
  }
}

if (!process.send) {
  console.error('src-main/worker/main.ts is forked by the core; it is not a program of its own');
  process.exit(1);
}
process.on('message', (message: ToWorker) => {
  if ('call' in message) void answer(message);
  else {
    // A control that comes after its call has ended is too late and means nothing.
    const going = controls.get(message.id);
    if (!going) return;
    going.asked = message.control;
    if (message.control === 'cancel') going.abort.abort();
  }
});
process.on('disconnect', () => process.exit(0));
send({ ready: true });
