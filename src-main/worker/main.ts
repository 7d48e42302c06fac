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
import type { Explainer } from '../engine/inference/index.ts';

interface Call {
  emit(event: WorkerEvent): void;
  control(): Control | null;
  /** Aborted when the call is to be cancelled. */
  signal: AbortSignal;
}
type Handlers = {
  [C in WorkerCall]: (input: WorkerCalls[C]['input'], call: Call) => Promise<WorkerCalls[C]['output']>;
};

// Each process loads only what it is asked for: one that decodes pictures needs no executor.
const imaging = () => import('../imaging/index.ts');
const training = () => import('../engine/training/index.ts');
const checking = () => import('./check-config.ts');
const inference = () => import('../engine/inference/index.ts');
const backups = () => import('../storage/backups.ts');
const executorOf = async (device?: DeviceId) => (await import('./devices.ts')).openHere(device);

const explainers = new Map<DeviceId, Promise<Explainer>>();
function explainerOn(device: DeviceId = 'cpu'): Promise<Explainer> {
  const opened = async () => (await inference()).createExplainer(await executorOf(device));
  const explainer = explainers.get(device) ?? opened();
  explainers.set(device, explainer);
  explainer.catch(() => explainers.delete(device));
  return explainer;
}

const handlers: Handlers = {
  probe: async ({ file }) => (await imaging()).probe(file),
  contentHash: async ({ file }) => {
    const { contentHashOf, withImageFile } = await imaging();
    return withImageFile(file, async (bytes) => contentHashOf(bytes));
  },
  lookAt: async (input) => (await import('./look-at.ts')).lookAt(input),
  previewImage: async (input) => (await import('./preview-image.ts')).previewImage(input),
  thumbnail: async ({ file, out, sidePx }) => {
    await (await imaging()).thumbnail(file, out, sidePx);
    return null;
  },
  convert: async ({ file, out }) => {
    await (await imaging()).convert(file, out);
    return null;
  },
  copyUpright: async ({ file, out }) => {
    await (await imaging()).copyUpright(file, out);
    return null;
  },
  drawHeat: async (drawing) => (await import('../imaging/heat-image.ts')).drawHeat(drawing),
  writeSample: async ({ folder, seed }, { emit, signal }) => {
    const onProgress = (done: number, total: number) => emit({ kind: 'progress', done, total, note: '' });
    await (await import('../imaging/sample/index.ts')).writeSample(folder, { seed, signal, onProgress });
    return null;
  },
  writeWaterbirdsLike: async (spec, { emit, signal }) =>
    (await import('./waterbirds-like.ts')).writeWaterbirdsLike(spec, signal, (done, total) =>
      emit({ kind: 'progress', done, total, note: '' }),
    ),
  detectSet: async (input) => (await import('./read-set.ts')).detectSet(input),
  readSet: async (input, { signal }) => (await import('./read-set.ts')).readSet(input, signal),
  nextImages: async () => (await import('./read-set.ts')).nextImages(),
  exportLosses: async (input) => (await import('./write-set.ts')).exportLosses(input),
  writeSet: async (input, { emit }) => (await import('./write-set.ts')).writeSet(input, emit),
  copied: async (input) => (await import('./write-set.ts')).copied(input),
  checkConfig: async (spec) => {
    (await checking()).checkConfig(spec);
    return null;
  },
  obstacles: async (spec) => (await checking()).obstacles(spec),
  fit: async (spec) => (await checking()).fit(spec),
  train: async (spec, { emit, control }) =>
    (await training()).train(spec, { emit, control, executor: await executorOf(spec.device) }),
  trial: async (spec, { control }) =>
    (await training()).tryRun(spec, {
      emit: () => {},
      control,
      executor: await executorOf(spec.device),
    }),
  evaluate: async (spec, { emit, control }) =>
    (await inference()).evaluate(spec, {
      emit,
      cancelled: () => control() !== null,
      executor: await executorOf(spec.device),
    }),
  exportModel: async (spec, { emit, control }) =>
    (await inference()).exportModel(spec, {
      executor: await executorOf(),
      progress: (done, total, note) => emit({ kind: 'progress', done, total, note }),
      cancelled: () => control() !== null,
    }),
  explain: async (spec, { signal }) => (await explainerOn(spec.device)).explain(spec, signal),
  attack: async (spec, { emit, signal }) =>
    (await inference()).attackSet(spec, { emit, signal, executor: await executorOf(spec.device) }),
  checkDatabase: async ({ file }) => ({ problems: (await backups()).damageOf(file) }),
  backUpDatabase: async ({ file, out }) => {
    (await backups()).backUp(file, out);
    return null;
  },
  restoreDatabase: async ({ folder, name }) => {
    (await backups()).restoreBackup(folder, name);
    return null;
  },
  tryDevice: async ({ device }) => (await training()).tryDevice(device),
};

/** What was asked of calls that are going on. */
const controls = new Map<number, { asked: Control | null; abort: AbortController }>();

function send(message: FromWorker): void {
  if (process.connected) process.send!(message);
}

async function answer(message: Extract<ToWorker, { call: WorkerCall }>): Promise<void> {
  const { id, call, input } = message;
  const inFlight = { asked: null as Control | null, abort: new AbortController() };
  controls.set(id, inFlight);
  try {
    const handler = handlers[call] as ((input: unknown, call: Call) => Promise<unknown>) | undefined;
    if (!handler) throw new AppError('internal', `the worker knows no call "${String(call)}"`);
    const value = await handler(input, {
      emit: (event) => send({ id, event }),
      control: () => inFlight.asked,
      signal: inFlight.abort.signal,
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
    const inFlight = controls.get(message.id);
    if (!inFlight) return;
    inFlight.asked = message.control;
    if (message.control === 'cancel') inFlight.abort.abort();
  }
});
process.on('disconnect', () => process.exit(0));
// The core may have been killed while this was being loaded, before anybody listened.
if (!process.connected) process.exit(0);
send({ ready: true });
