// Writing what long work has found. Another program may hold the database for a moment, or the disk may be full: that
// is told, and tried again until it is written. Only a bug, or the project's closing, ends the waiting.

import { setTimeout as delay } from 'node:timers/promises';
import { AppError, toErrorRecord } from '../contracts/errors.ts';
import { mayPass, storageError } from '../storage/database.ts';

const TRY_EVERY_MS = 100;

/** @param error  why it cannot be written yet; null when that is over */
type OnTrouble = (error: AppError | null, forMs: number) => void;

/**
 * @param work  one transaction: it must have changed nothing when it fails
 * @throws the signal's reason, or what waiting does not mend
 */
export async function untilWritten<T>(
  work: () => T,
  signal: AbortSignal,
  onTrouble: OnTrouble = () => undefined,
): Promise<T> {
  let since: number | undefined;
  for (;;) {
    signal.throwIfAborted();
    try {
      const value = work();
      if (since !== undefined) onTrouble(null, performance.now() - since);
      return value;
    } catch (thrown) {
      if (!mayPass(thrown)) throw thrown;
      since ??= performance.now();
      onTrouble(AppError.fromRecord(toErrorRecord(storageError(thrown))), performance.now() - since);
    }
    await delay(TRY_EVERY_MS, undefined, { signal });
  }
}

interface NewsWriter {
  /** Writes at once, or as soon as all before it is written. */
  write(work: () => void): void;
  /** When all is written. @throws as untilWritten does, for the first that failed */
  settled(): Promise<void>;
}

/** For news that come one after another and have to be kept in that order. */
export function openNewsWriter(signal: AbortSignal, onTrouble: OnTrouble): NewsWriter {
  const waiting: (() => void)[] = [];
  let isWriting = false;
  let written = Promise.resolve();
  const writeAll = async (): Promise<void> => {
    isWriting = true;
    try {
      for (let next = waiting[0]; next; next = waiting[0]) {
        await untilWritten(next, signal, onTrouble);
        waiting.shift();
      }
    } finally {
      waiting.length = 0;
      isWriting = false;
    }
  };
  return {
    write(work) {
      waiting.push(work);
      if (isWriting) return;
      const before = written;
      written = writeAll().then(() => before);
      written.catch(() => undefined); // told by `settled`
    },
    settled: () => written,
  };
}
