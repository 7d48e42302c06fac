// The core: every call of the boundary, checked on arrival and answered without ever throwing. Shell, host
// and command line each make one of the use cases and put it behind their own door.

import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import { api, type Input, type Method, type Output } from '../contracts/api.ts';
import { AppError, toErrorRecord, type Answer } from '../contracts/errors.ts';
import { issueLine } from '../contracts/issues.ts';
import type { FileRef, JobId } from '../contracts/ids.ts';
import type { Job } from '../contracts/jobs.ts';
import { isBusy, storageError } from '../storage/database.ts';
import type { Context, Handlers } from './context.ts';
import { mediaOf, type Media } from './media.ts';
import { closeCurrent, nameOf } from './open-project.ts';

export interface Core {
  /**
   * Answers any call; whatever goes wrong is an answer, too.
   * @param signal  aborted when nobody waits any more: the work ends soon, and the answer is the error 'cancelled'
   */
  handle(method: unknown, input: unknown, signal?: AbortSignal): Promise<Answer<unknown>>;
  /** The same for callers of this process, typed. @throws AppError */
  call<M extends Method>(method: M, input: Input<M>, signal?: AbortSignal): Promise<Output<M>>;
  /** The file behind a picture's address; null if there is none. */
  media(kind: 'image' | 'thumbnail', id: number): Promise<Media | null>;
  /** A reference to a path that a person chose in a native dialog or typed in a terminal. */
  refer(path: string): FileRef;
  /** A job once it has ended. */
  jobEnded(id: JobId): Promise<Job>;
  /** Ends workers and closes the project. Runs that were going on can be resumed. */
  close(): Promise<void>;
}

/** @param handlers  what answers each call */
export function createCore(context: Context, handlers: Handlers): Core {
  const answer = async (method: unknown, input: unknown, signal: AbortSignal): Promise<unknown> => {
    if (typeof method !== 'string' || !Object.hasOwn(api, method))
      throw new AppError(
        'bad-input',
        typeof method === 'string'
          ? `there is no call "${method.slice(0, 80)}"`
          : 'a call is named by a text',
      );
    if (isDeeperThan(DEPTH_MOST, input))
      throw new AppError('bad-input', `${method}: the input is nested deeper than ${DEPTH_MOST} levels`);
    const { input: schema, effect } = api[method as Method];
    const parsed = schema.safeParse(input ?? undefined);
    if (!parsed.success)
      throw new AppError('bad-input', `${method}: ${inOneLine(parsed.error)}`, {
        place: parsed.error.issues[0].path.join('.'),
      });
    const handler = handlers[method as Method] as (
      context: Context,
      input: unknown,
      signal: AbortSignal,
    ) => unknown;
    if (signal.aborted) throw cancelled();
    if (effect === 'project' && context.current?.store.isReadOnly)
      throw new AppError('refused', `${nameOf(context.current)} is open to read only`);
    const outcome = patiently(context, () => handler(context, parsed.data, signal));
    // What only looks can be left at once; of what changes something, the handler says whether that was done.
    return effect === 'nothing' ? unlessAborted(outcome, signal) : outcome;
  };

  return {
    async handle(method, input, signal = never) {
      try {
        return { ok: true, value: await answer(method, input, signal) };
      } catch (thrown) {
        const error = toErrorRecord(storageError(thrown));
        // A bug leaves its trace where the person who reports it can find it.
        if (error.code === 'internal') console.error(thrown);
        return { ok: false, error };
      }
    },
    async call(method, input, signal = never) {
      try {
        return (await answer(method, input, signal)) as Output<typeof method>;
      } catch (thrown) {
        throw storageError(thrown);
      }
    },
    media: (kind, id) => mediaOf(context, kind, id),
    refer: (path) => context.files.refer(path),
    jobEnded: (id) => context.jobs.ended(id),
    async close() {
      context.workers.close();
      for (const job of context.jobs.active()) context.jobs.cancel(job.id);
      try {
        if (!context.current?.store.isReadOnly) context.current?.store.runs.interruptAll();
      } catch (thrown) {
        console.error(toErrorRecord(storageError(thrown)).message); // the next opening does the same
      }
      closeCurrent(context);
    },
  };
}

/** Far more than any input of ours. What checks and writes values calls itself for each level, and would run out of stack. */
const DEPTH_MOST = 64;

/** Itself level by level, not by recursion. */
function isDeeperThan(most: number, value: unknown): boolean {
  const isNested = (one: unknown): one is object => typeof one === 'object' && one !== null;
  let level = [value].filter(isNested);
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= most) return true;
    const next: object[] = [];
    for (const one of level)
      // Numbers and bytes that lie packed, as Electron hands them over, hold nothing below.
      if (!ArrayBuffer.isView(one))
        for (const inner of Object.values(one)) if (isNested(inner)) next.push(inner);
    level = next;
  }
  return false;
}

/** How long a call waits for another program that holds the database, a backup for instance; and how often it tries. */
const PATIENCE_MS = 20_000;
const TRY_EVERY_MS = 20;

/** Tries again while the project's database is held by another program, unless the call has written something already. */
async function patiently<T>(context: Context, work: () => T): Promise<Awaited<T>> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const { current } = context;
    const before = current?.store.changes();
    try {
      return await work();
    } catch (thrown) {
      const isSame = context.current === current && context.current?.store.changes() === before;
      if (!isBusy(thrown) || !isSame || performance.now() > until) throw thrown;
      await delay(TRY_EVERY_MS);
    }
  }
}

/** Of callers that wait until the end. */
const never = new AbortController().signal;
const cancelled = (): AppError => new AppError('cancelled', 'the call was cancelled');

async function unlessAborted(outcome: unknown, signal: AbortSignal): Promise<unknown> {
  if (signal === never || !(outcome instanceof Promise)) return outcome;
  const left = Promise.withResolvers<never>();
  const leave = () => left.reject(cancelled());
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([outcome, left.promise]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

/** "limit must be 500 or less"; the first three of them. */
const inOneLine = (error: z.ZodError): string => error.issues.slice(0, 3).map(issueLine).join('; ');
