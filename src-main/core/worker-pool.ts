// The worker processes: one `interactive` for what a person waits for (probing, thumbnails, heat maps), and one or
// more for `training` and what else takes long, so that looking at a picture never waits for a training step. A process
// is forked when it is first needed and again after it died; a crash fails only the calls that were in it.

import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { AppError } from '../contracts/errors.ts';
import type {
  Control,
  FromWorker,
  ToWorker,
  WorkerCall,
  WorkerCalls,
  WorkerEvent,
} from '../contracts/worker-protocol.ts';

export type WorkerRole = 'interactive' | 'training';

export interface WorkerAnswer<C extends WorkerCall> {
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

interface Pending {
  resolve(value: unknown): void;
  reject(error: AppError): void;
  onEvent: ((event: WorkerEvent) => void) | undefined;
}

/** Whether a call failed because the process under it died, rather than for a reason of its own. */
export const isWorkerDeath = (error: unknown): boolean =>
  error instanceof AppError && error.code === 'unavailable' && error.detail.place === 'worker';

/** @param trainers  processes that train side by side, each on its share of the threads */
export function openWorkers(program: { node: string; entry: string }, trainers = 1): Workers {
  const limits: Record<WorkerRole, number> = { interactive: 1, training: trainers };
  const processes: Record<WorkerRole, WorkerProcess[]> = { interactive: [], training: [] };
  const alone = new Set<WorkerProcess>();
  let closed = false;

  /** One that is idle, else a new one, else the one with the fewest calls. */
  const processOf = (role: WorkerRole): WorkerProcess => {
    if (closed) throw death(role, closing);
    const there = processes[role];
    const leastBusy = there.toSorted((a, b) => a.calls() - b.calls())[0];
    if (leastBusy && (leastBusy.calls() === 0 || there.length === limits[role])) return leastBusy;
    const started = startWorker(
      program,
      role,
      () => there.splice(there.indexOf(started), 1),
      shareOfThreads(limits[role]),
    );
    there.push(started);
    return started;
  };
  return {
    call: (role, call, input, onEvent) => processOf(role).call(call, input, onEvent),
    async callAlone(call, input, limitMs) {
      if (closed) throw death('trial', closing);
      const running = startWorker(program, 'trial', () => alone.delete(running));
      alone.add(running);
      const limit = setTimeout(() => running.end(`no answer in ${limitMs / 1000} seconds`), limitMs);
      try {
        return await running.call(call, input).value;
      } finally {
        clearTimeout(limit);
        running.end(closing);
      }
    },
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

interface WorkerProcess {
  /** That are going on. */
  calls(): number;
  call<C extends WorkerCall>(
    call: C,
    input: WorkerCalls[C]['input'],
    onEvent?: (event: WorkerEvent) => void,
  ): WorkerAnswer<C>;
  end(reason: string): void;
}

function startWorker(
  { node, entry }: { node: string; entry: string },
  role: WorkerRole | 'trial',
  onGone: () => void,
  threads?: string,
): WorkerProcess {
  const pending = new Map<number, Pending>();
  let nextId = 1;
  // stdout belongs to the command line's own answer, so all that a worker prints goes to stderr.
  const child: ChildProcess = fork(entry, [role], {
    execPath: node,
    execArgv: [],
    serialization: 'advanced',
    // A trial's outcome is its answer; what a driver complains of meanwhile would only alarm.
    stdio: role === 'trial' ? ['ignore', 'ignore', 'ignore', 'ipc'] : ['ignore', 2, 2, 'ipc'],
    env: {
      ...process.env,
      ELECTRON_RUN_AS_NODE: undefined,
      ...(threads !== undefined && { FOVEA_THREADS: threads }),
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
  const fail = (reason: string) => {
    if (gone) return;
    gone = true;
    onGone();
    for (const call of pending.values()) call.reject(death(role, reason));
    pending.clear();
  };
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code, signal) => fail(signal ? `ended by ${signal}` : `ended with status ${code}`));
  child.on('message', (message: FromWorker) => {
    if ('ready' in message) {
      ready = true;
      for (const waiting of unsent.splice(0)) child.send(waiting);
      return;
    }
    const call = pending.get(message.id);
    if (!call) return;
    if ('event' in message) {
      call.onEvent?.(message.event);
      return;
    }
    pending.delete(message.id);
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
      send({ id, call, input } as ToWorker);
      return { value, control: (control) => !gone && send({ id, control }) };
    },
    end(reason) {
      child.kill('SIGKILL');
      fail(reason);
    },
  };
}

const closing = 'Fovea is closing';
const death = (role: WorkerRole | 'trial', reason: string): AppError =>
  new AppError('unavailable', `the ${role} process is gone`, { place: 'worker', reason });
