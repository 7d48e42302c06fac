// Long work: started by a call, shown with progress and time left, cancelled by anybody, alive however
// often the window reloads. Jobs of one queue wait for each other.

import { randomBytes } from 'node:crypto';
import { AppError, toErrorRecord } from '../contracts/errors.ts';
import type { JobId, RunId } from '../contracts/ids.ts';
import type { Job, JobKind } from '../contracts/jobs.ts';
import { printable } from '../contracts/printable.ts';
import { storageError } from '../storage/database.ts';
import type { Emit } from './events.ts';

/** Ended jobs that are still listed. */
const KEPT = 50;
/** Progress is news at most this often. */
const NEWS_EVERY_MS = 100;

export interface JobHandle {
  signal: AbortSignal;
  /** @param done of @param total in the job's unit; total 0 while unknown */
  progress(done: number, total: number, note?: string): void;
  /** Time left as the work itself reckons it. */
  secondsLeft(seconds: number | null): void;
}

interface JobSpec {
  kind: JobKind;
  title: string;
  unit: string;
  runId?: RunId;
  /** Jobs that name the same queue begin in order, as many at a time as the queue is wide: one, unless told. */
  queue?: string;
  /** Goes before the others that wait in its queue. */
  first?: boolean;
}

export interface Jobs {
  /** Starts work whose value becomes the job's result, and whose error its error. */
  start(spec: JobSpec, work: (handle: JobHandle) => Promise<unknown>): Job;
  list(): Job[];
  /** @throws AppError 'not-found' */
  cancel(id: JobId): void;
  /** The job once it has ended. */
  ended(id: JobId): Promise<Job>;
  /** Jobs that wait or run. */
  active(): Job[];
}

interface Entry {
  job: Job;
  abort: AbortController;
  ended: Promise<Job>;
  /** Whether secondsLeft comes from the work and is not to be estimated. */
  reckoned: boolean;
  startedRunningAt: number;
  /** By the clock that nobody sets: on that of the wall, an hour back would stop progress for an hour. */
  newsAt: number;
  newsTimer: NodeJS.Timeout | null;
}

/** @param widths  of queues that are wider than one job */
export function openJobs(emit: Emit, widths: Record<string, number> = {}): Jobs {
  const entries = new Map<JobId, Entry>();
  const queues = new Map<string, { running: number; waiting: (() => Promise<void>)[] }>();

  const enqueue = (name: string, first: boolean, work: () => Promise<void>): Promise<void> =>
    new Promise((resolve) => {
      const queue = queues.get(name) ?? { running: 0, waiting: [] };
      queues.set(name, queue);
      queue.waiting[first ? 'unshift' : 'push'](() => work().then(resolve));
      const advance = async () => {
        const next = queue.waiting.shift();
        if (!next) return;
        queue.running++;
        await next();
        queue.running--;
        void advance();
      };
      if (queue.running < (widths[name] ?? 1)) void advance();
    });

  const send = (entry: Entry) => {
    if (entry.newsTimer) clearTimeout(entry.newsTimer);
    entry.newsTimer = null;
    entry.newsAt = performance.now();
    emit('job', { ...entry.job });
  };
  const sendSoon = (entry: Entry) => {
    const wait = entry.newsAt + NEWS_EVERY_MS - performance.now();
    if (wait <= 0) send(entry);
    else entry.newsTimer ??= setTimeout(() => send(entry), wait).unref();
  };
  const find = (id: JobId): Entry => {
    const entry = entries.get(id);
    if (!entry) throw new AppError('not-found', 'this job is not known any more');
    return entry;
  };
  const prune = () => {
    const old = [...entries.values()].filter((entry) => isOver(entry.job));
    for (const entry of old.slice(0, Math.max(0, old.length - KEPT))) entries.delete(entry.job.id);
  };

  const handleOf = (entry: Entry): JobHandle => ({
    signal: entry.abort.signal,
    progress(done, total, note) {
      const { job } = entry;
      job.done = done;
      job.total = total;
      if (note !== undefined) job.note = printable(note);
      if (!entry.reckoned)
        job.secondsLeft = estimate(done, total, performance.now() - entry.startedRunningAt);
      sendSoon(entry);
    },
    secondsLeft(seconds) {
      entry.reckoned = true;
      entry.job.secondsLeft = seconds;
      sendSoon(entry);
    },
  });

  const run = async (entry: Entry, work: (handle: JobHandle) => Promise<unknown>): Promise<void> => {
    const { job, abort } = entry;
    if (!abort.signal.aborted) {
      job.state = 'running';
      entry.startedRunningAt = performance.now();
      send(entry);
      try {
        job.result = await work(handleOf(entry));
        job.state = 'done';
      } catch (thrown) {
        const error = toErrorRecord(storageError(thrown));
        if (abort.signal.aborted || error.code === 'cancelled') job.state = 'cancelled';
        else {
          job.state = 'failed';
          job.error = error;
          if (error.code === 'internal') console.error(thrown);
        }
      }
    } else job.state = 'cancelled';
    job.secondsLeft = null;
    if (job.state === 'done' && job.total > 0) job.done = job.total;
    send(entry);
    prune();
  };

  return {
    start({ kind, title, unit, runId, queue, first = false }, work) {
      const job: Job = {
        id: randomBytes(9).toString('base64url') as JobId,
        kind,
        // Titles and notes name folders and pictures.
        title: printable(title),
        state: 'waiting',
        done: 0,
        total: 0,
        unit,
        note: '',
        startedAt: Date.now(),
        secondsLeft: null,
        error: null,
        runId: runId ?? null,
        result: null,
      };
      const abort = new AbortController();
      const entry: Entry = {
        job,
        abort,
        ended: Promise.resolve(job),
        reckoned: false,
        startedRunningAt: 0,
        newsAt: -Infinity,
        newsTimer: null,
      };
      entries.set(job.id, entry);
      send(entry);
      // Begun after this call has returned, so that the caller knows the job before its first news.
      const begin = async () => {
        await Promise.resolve();
        await run(entry, work);
      };
      entry.ended = (queue === undefined ? begin() : enqueue(queue, first, begin)).then(() => ({ ...job }));
      return { ...job };
    },
    list: () => [...entries.values()].map(({ job }) => ({ ...job })).reverse(),
    cancel(id) {
      const entry = find(id);
      if (!isOver(entry.job)) entry.abort.abort();
    },
    ended: (id) => find(id).ended,
    active: () => [...entries.values()].filter(({ job }) => !isOver(job)).map(({ job }) => ({ ...job })),
  };
}

const isOver = (job: Job): boolean => job.state !== 'waiting' && job.state !== 'running';

/** Seconds left at the mean speed so far; null until there is something to go by. */
function estimate(done: number, total: number, elapsedMs: number): number | null {
  if (done <= 0 || total <= 0 || elapsedMs < 500) return null;
  return ((elapsedMs / done) * Math.max(0, total - done)) / 1000;
}
