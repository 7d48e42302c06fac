// The worker processes: one `interactive` for the heat maps that a person waits for, one `decoding` for everything that
// opens a picture, and one or more for `training` and what else takes long, so that looking at a picture never waits for
// a training step. Annotation sets are read and written in a process that ends with the set. A process is forked when it is
// first needed and again after it died; a crash fails only the calls that were in it, and a picture that ends or hangs
// the process that decodes it is found out and named.

import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import type {
  Control,
  FromWorker,
  ToWorker,
  WorkerCall,
  WorkerCalls,
  WorkerEvent,
} from '../contracts/worker-protocol.ts';

type WorkerRole = 'interactive' | 'training';
/** Calls about one picture, which may be hostile. */
type ImageCall =
  'probe' | 'contentHash' | 'lookAt' | 'previewImage' | 'thumbnail' | 'convert' | 'copyUpright' | 'drawHeat';

/** Of what JavaScript holds, in MB; pixels are counted by imaging/memory.ts. */
const DECODING_MEMORY_MB = 1024;
const SET_MEMORY_MB = 4096;
/** Of time: a process that decodes and answers nothing for so long hangs; one picture alone in a process. */
const DECODING_LIMITS = { silenceMs: 30_000, aloneMs: 60_000 };
const SET_SILENCE_MS = 15 * 60_000;
/** Until a process listens, on a busy machine. */
const START_MS = 60_000;

interface WorkerAnswer<C extends WorkerCall> {
  value: Promise<WorkerCalls[C]['output']>;
  /** Tells work that is going on to pause, stop and keep, or cancel. */
  control(control: Control): void;
}

export interface Workers {
  /** @throws (by the promise) what the worker says, or AppError 'unavailable' with place 'worker' if it died */
  call<C extends WorkerCall>(
    role: WorkerRole,
    call: C,
    input: WorkerCalls[C]['input'],
    onEvent?: (event: WorkerEvent) => void,
  ): WorkerAnswer<C>;
  /**
   * A call in the process that decodes. If the process dies or hangs, its calls are made again, each alone.
   * @throws what the worker says; AppError 'bad-file' naming the picture that ends or hangs a process of its own
   */
  decode<C extends ImageCall>(call: C, input: WorkerCalls[C]['input']): Promise<WorkerCalls[C]['output']>;
  /** A process for reading one annotation set; `end` it. @throws (by its calls) also AppError 'unavailable' as above */
  openReader(): Reader;
  /** The same for writing one. */
  openWriter(): Writer;
  /**
   * A call in a process of its own that ends with it, for what may crash a process or hang.
   * @throws also AppError 'unavailable' with place 'worker' when it takes longer than `limitMs`
   */
  callAlone<C extends WorkerCall>(
    call: C,
    input: WorkerCalls[C]['input'],
    limitMs: number,
  ): Promise<WorkerCalls[C]['output']>;
  /** Ends all processes at once. What they had on disk stays. */
  close(): void;
}

interface SetProcess<Call extends WorkerCall> {
  call<C extends Call>(
    call: C,
    input: WorkerCalls[C]['input'],
    onEvent?: (event: WorkerEvent) => void,
  ): Promise<WorkerCalls[C]['output']>;
  /** Whatever it does; when this is over, it does nothing more. */
  end(): Promise<void>;
}
export type Reader = SetProcess<'detectSet' | 'readSet' | 'nextImages'>;
type Writer = SetProcess<'exportLosses' | 'writeSet' | 'copied'>;

interface Pending {
  resolve(value: unknown): void;
  reject(error: AppError): void;
  onEvent: ((event: WorkerEvent) => void) | undefined;
}

/** Whether a call failed because the process under it died, rather than for a reason of its own. */
export const isWorkerDeath = (error: unknown): boolean =>
  error instanceof AppError && error.code === 'unavailable' && error.detail.place === 'worker';

/** @param trainers  processes that train side by side, each on its share of the threads */
export function openWorkers(
  program: { node: string; entry: string },
  trainers = 1,
  { silenceMs, aloneMs } = DECODING_LIMITS,
): Workers {
  const limits: Record<Shared, number> = { interactive: 1, decoding: 1, training: trainers };
  const processes: Record<Shared, WorkerProcess[]> = { interactive: [], decoding: [], training: [] };
  const alone = new Set<WorkerProcess>();
  let closed = false;

  /** One that is idle, else a new one, else the one with the fewest calls. */
  const processOf = (role: Shared): WorkerProcess => {
    if (closed) throw death(role, closing);
    const there = processes[role];
    const leastBusy = there.toSorted((a, b) => a.calls() - b.calls())[0];
    if (leastBusy && (leastBusy.calls() === 0 || there.length === limits[role])) return leastBusy;
    const started = startWorker(
      program,
      role,
      () => there.splice(there.indexOf(started), 1),
      role === 'decoding'
        ? { memoryMb: DECODING_MEMORY_MB, silenceMs }
        : { threads: shareOfThreads(limits[role]) },
    );
    there.push(started);
    return started;
  };
  /** In a process of its own. */
  const apart = (role: 'trial' | 'reading' | 'writing', bounds?: Bounds): WorkerProcess => {
    if (closed) throw death(role, closing);
    const running = startWorker(program, role, () => alone.delete(running), bounds);
    alone.add(running);
    return running;
  };
  const setProcess = (role: 'reading' | 'writing'): SetProcess<WorkerCall> => {
    const running = apart(role, { memoryMb: SET_MEMORY_MB, silenceMs: SET_SILENCE_MS });
    return {
      call: (call, input, onEvent) => running.call(call, input, onEvent).value,
      async end() {
        running.end('it was ended');
        await running.ended;
      },
    };
  };
  const callAlone: Workers['callAlone'] = async (call, input, limitMs) => {
    const running = apart('trial', { silenceMs: limitMs });
    try {
      return await running.call(call, input).value;
    } finally {
      running.end(closing);
    }
  };
  /** Calls that are made again go one after the other through a process that has no other. */
  let retrier: WorkerProcess | null = null;
  let lastRetry: Promise<unknown> = Promise.resolve();
  let retries = 0;
  const retry = <C extends ImageCall>(call: C, input: WorkerCalls[C]['input']) => {
    retries += 1;
    const answer = lastRetry.then(async () => {
      if (!retrier || !alone.has(retrier))
        retrier = apart('trial', { memoryMb: DECODING_MEMORY_MB, silenceMs: aloneMs });
      try {
        return await retrier.call(call, input).value;
      } finally {
        if (--retries === 0) retrier.end(closing);
      }
    });
    lastRetry = answer.catch(() => {});
    return answer;
  };
  return {
    call: (role, call, input, onEvent) => processOf(role).call(call, input, onEvent),
    async decode(call, input) {
      try {
        return await processOf('decoding').call(call, input).value;
      } catch (thrown) {
        if (!isWorkerDeath(thrown) || closed) throw thrown;
      }
      try {
        return await retry(call, input);
      } catch (thrown) {
        if (!isWorkerDeath(thrown) || closed) throw thrown;
        const file = 'file' in input ? input.file : input.image.file;
        const reason = `it cannot be decoded: ${(thrown as AppError).detail.reason}`;
        throw new AppError('bad-file', `${path.basename(file)}: ${reason}`, { file, reason }, thrown);
      }
    },
    openReader: () => setProcess('reading'),
    openWriter: () => setProcess('writing'),
    callAlone,
    close() {
      closed = true;
      for (const running of [...Object.values(processes).flat(), ...alone]) running.end(closing);
    },
  };
}

/** FOVEA_THREADS of one of `processes`; undefined where one has them all, as the environment says. */
function shareOfThreads(processes: number): string | undefined {
  const all = process.env.FOVEA_THREADS;
  if (processes === 1) return all;
  return String(Math.max(1, Math.floor(Number(all || availableParallelism()) / processes)));
}

type Shared = WorkerRole | 'decoding';
type Role = Shared | 'reading' | 'writing' | 'trial';

interface Bounds {
  /** FOVEA_THREADS of the process. */
  threads?: string | undefined;
  /** Most that JavaScript may hold. */
  memoryMb?: number;
  /** The process is ended when it owes answers and gives none for so long. */
  silenceMs?: number;
}

interface WorkerProcess {
  /** That are going on. */
  calls(): number;
  call<C extends WorkerCall>(
    call: C,
    input: WorkerCalls[C]['input'],
    onEvent?: (event: WorkerEvent) => void,
  ): WorkerAnswer<C>;
  end(reason: string): void;
  /** When the system has ended it. */
  ended: Promise<void>;
}

function startWorker(
  { node, entry }: { node: string; entry: string },
  role: Role,
  onGone: () => void,
  { threads, memoryMb, silenceMs }: Bounds = {},
): WorkerProcess {
  const pending = new Map<number, Pending>();
  let nextId = 1;
  // stdout belongs to the command line's own answer, so all that a worker prints goes to stderr.
  const child: ChildProcess = fork(entry, [role], {
    execPath: node,
    execArgv: memoryMb === undefined ? [] : [`--max-old-space-size=${memoryMb}`],
    serialization: 'advanced',
    // A trial's outcome is its answer; what a driver complains of meanwhile would only alarm.
    stdio: role === 'trial' ? ['ignore', 'ignore', 'ignore', 'ipc'] : ['ignore', 2, 2, 'ipc'],
    env: {
      ...process.env,
      ELECTRON_RUN_AS_NODE: undefined,
      ...(threads !== undefined && { FOVEA_THREADS: threads }),
      // Pictures are decoded in libuv's threads, of which there are four unless told.
      ...(role === 'decoding' && { UV_THREADPOOL_SIZE: String(Math.max(4, availableParallelism())) }),
    },
  });

  // What is sent before the program listens would be lost.
  let ready = false;
  const unsent: ToWorker[] = [];
  const send = (message: ToWorker) => {
    if (ready) child.send(message);
    else unsent.push(message);
  };

  let gone = false;
  let silence: NodeJS.Timeout | undefined;
  const heard = () => {
    if (silenceMs === undefined) return;
    clearTimeout(silence);
    silence = undefined;
    if (pending.size === 0) return;
    const limitMs = ready ? silenceMs : Math.max(silenceMs, START_MS);
    silence = setTimeout(() => end(`no answer in ${limitMs / 1000} seconds`), limitMs);
  };
  const end = (reason: string) => {
    child.kill('SIGKILL');
    fail(reason);
  };
  const fail = (reason: string) => {
    if (gone) return;
    gone = true;
    clearTimeout(silence);
    onGone();
    for (const call of pending.values()) call.reject(death(role, reason));
    pending.clear();
  };
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code, signal) => fail(signal ? `ended by ${signal}` : `ended with status ${code}`));
  child.on('message', (message: FromWorker) => {
    if ('ready' in message) {
      ready = true;
      for (const waiting of unsent.splice(0)) child.send(waiting);
      heard();
      return;
    }
    const call = pending.get(message.id);
    if (!call) return;
    if ('event' in message) {
      call.onEvent?.(message.event);
      return;
    }
    pending.delete(message.id);
    heard();
    if (message.ok) call.resolve(message.value);
    else call.reject(AppError.fromRecord(message.error));
  });

  return {
    calls: () => pending.size,
    call<C extends WorkerCall>(
      call: C,
      input: WorkerCalls[C]['input'],
      onEvent?: (event: WorkerEvent) => void,
    ): WorkerAnswer<C> {
      const id = nextId++;
      const value = new Promise((resolve, reject) =>
        pending.set(id, { resolve, reject, onEvent }),
      ) as Promise<WorkerCalls[C]['output']>;
      if (silence === undefined) heard();
      send({ id, call, input } as ToWorker);
      return { value, control: (control) => !gone && send({ id, control }) };
    },
    end,
    ended,
  };
}

const closing = 'Fovea is closing';
const death = (role: Role, reason: string): AppError =>
  new AppError('unavailable', `the ${role} process is gone`, { place: 'worker', reason });
