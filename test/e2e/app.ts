// The app as the end-to-end tests use it: the real host as a process of its own with a data folder that
// is thrown away, and a client of its WebSocket for what a test does not do by hand.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import {
  AppError,
  type EventName,
  type Events,
  type Input,
  type Job,
  type JobId,
  type Method,
  type Output,
  type ServerMessage,
} from '../../src-main/contracts/index.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));
/** Real pictures, where they are at hand. */
export const sharedData = path.join(root, '..', 'shared', 'data');
const cli = path.join(root, 'src-main', 'cli', 'fovea.mjs');

/** A folder for one test file: pictures, projects and settings all lie under it. */
export function makeWorkFolder(): { folder: string; home: string; remove(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'fovea-e2e-'));
  const home = path.join(folder, 'fovea');
  mkdirSync(home);
  return { folder, home, remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }) };
}

export interface Host {
  /** Of the app, for a browser that has signed in. */
  url: string;
  /** `name=value` of one that has. */
  cookie: string;
  /** What it printed so far. */
  output(): string;
  process: ChildProcess;
  /** Without a chance to tidy up. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts `fovea serve` on a free port and waits until it says where.
 * @param home  data folder of the work folder
 * @param args  a project to open, for instance
 * @param variables  further ones of its environment
 */
export async function startHost(
  home: string,
  args: string[] = [],
  variables: NodeJS.ProcessEnv = {},
): Promise<Host> {
  const child = spawn(process.execPath, [cli, 'serve', ...args, '--port', '0', '--no-open'], {
    cwd: root,
    env: { ...environment(home), ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ended = once(child, 'exit');
  const printed = await new Promise<string>((resolve, reject) => {
    const onOutput = (chunk: Buffer) => {
      output += chunk.toString();
      const address = /http:\/\/127\.0\.0\.1:\d+\/\S*(?=\s)/.exec(output);
      if (address) resolve(address[0]);
    };
    child.stdout.on('data', onOutput);
    child.stderr.on('data', onOutput);
    child.once('exit', () => reject(new Error(`the host ended before it said its address:\n${output}`)));
  });
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
  };
  // The printed address opens once. All clients and pages of a test are the one browser that opened it.
  const signedIn = await fetch(printed);
  const cookie = signedIn.headers.getSetCookie()[0].split(';')[0];
  const url = new URL('/', printed).href;
  return {
    url,
    cookie,
    output: () => output,
    process: child,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}

export interface Ran {
  status: number;
  out: string;
  err: string;
  /** The last line of stdout, if it is an object. */
  json: Record<string, unknown> | null;
}

/** Runs the `fovea` command to its end. */
export function fovea(home: string, ...args: string[]): Ran {
  const done = spawnSync(process.execPath, [cli, ...args], {
    cwd: root,
    env: environment(home),
    encoding: 'utf8',
  });
  const last = done.stdout.trimEnd().split('\n').at(-1) ?? '';
  return {
    status: done.status ?? -1,
    out: done.stdout,
    err: done.stderr,
    json: last.startsWith('{') ? JSON.parse(last) : null,
  };
}

function environment(home: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    FOVEA_HOME: home,
    // The file browser may look into the whole work folder, and at the real pictures.
    FOVEA_ROOTS: [path.dirname(home), sharedData].filter((folder) => existsSync(folder)).join(path.delimiter),
    NO_COLOR: '1',
    VITEST: undefined,
    NODE_OPTIONS: undefined,
  };
}

/** A client of the host, with the same messages as the page. */
export class Client {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  readonly #listeners = new Set<(event: EventName, data: unknown) => void>();
  #last = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (text) => this.#receive(JSON.parse(String(text)) as ServerMessage));
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the host is gone'));
      this.#waiting.clear();
    });
    socket.on('error', () => socket.close());
  }

  static async connect({ url, cookie }: Pick<Host, 'url' | 'cookie'>): Promise<Client> {
    const address = new URL('/ws', url);
    address.protocol = 'ws:';
    const socket = new WebSocket(address, { origin: new URL(url).origin, headers: { cookie } });
    await once(socket, 'open');
    return new Client(socket);
  }

  call<M extends Method>(
    method: M,
    input: Input<M>,
    write: (call: { id: number; method: M; input: unknown }) => string = JSON.stringify,
  ): Promise<Output<M>> {
    const id = ++this.#last;
    return new Promise<Output<M>>((resolve, reject) => {
      if (this.#socket.readyState !== WebSocket.OPEN) throw new Error('the host is gone');
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#socket.send(write({ id, method, input }));
    });
  }

  /** The first event of this name for which `until` is true. */
  next<E extends EventName>(event: E, until: (data: Events[E]) => boolean): Promise<Events[E]> {
    return new Promise((resolve) => {
      const listener = (name: EventName, data: unknown) => {
        if (name !== event || !until(data as Events[E])) return;
        this.#listeners.delete(listener);
        resolve(data as Events[E]);
      };
      this.#listeners.add(listener);
    });
  }

  /** Waits for the end of a job, however soon it came; throws its error if it failed. */
  async job(id: JobId): Promise<Job> {
    const ended = (job: Job) => job.id === id && !['waiting', 'running'].includes(job.state);
    const news = this.next('job', ended);
    const already = (await this.call('jobs.list', {})).find(ended);
    const job = already ?? (await news);
    if (job.state !== 'done')
      throw job.error ? AppError.fromRecord(job.error) : new Error(`the job ended ${job.state}`);
    return job;
  }

  /** As a window ends that is killed: without a word. */
  kill(): void {
    this.#socket.terminate();
  }

  close(): void {
    this.#socket.close();
  }

  #receive(message: ServerMessage): void {
    if ('event' in message) {
      for (const listener of [...this.#listeners]) listener(message.event, message.data);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.answer.ok) waiting?.resolve(message.answer.value);
    else waiting?.reject(AppError.fromRecord(message.answer.error));
  }
}
