// A command's use of the core: made for one command, with its jobs shown as they go, and closed after it.

import { AppError } from '../contracts/errors.ts';
import type { JobId } from '../contracts/ids.ts';
import type { Job } from '../contracts/jobs.ts';
import type { RunId } from '../contracts/ids.ts';
import { localCore } from '../host/local-core.ts';
import type { Core } from '../core/core.ts';
import { openProject } from './open-project.ts';
import type { Terminal } from './terminal.ts';

export interface Session {
  core: Core;
  /** Opens the project of a folder. */
  open(folder: string): Promise<void>;
  /** Waits for a job, with its bar. @throws its error; AppError 'cancelled' */
  finish(id: JobId): Promise<Job>;
  /** What a person is told when the command is ended before its time: what is kept, and how to go on. */
  kept(words: () => Promise<string>): void;
}

/**
 * Runs the work over a core and closes that in any case, also on Ctrl+C and when asked to end.
 * @param trainers  runs that the core trains side by side
 */
export async function withCore<T>(
  terminal: Terminal,
  work: (session: Session) => Promise<T>,
  { trainers = 1 } = {},
): Promise<T> {
  let shown: JobId | null = null;
  let wordsOfKept = async (): Promise<string | null> => null;
  const core = localCore({
    trainers,
    emit(event, data) {
      if (event === 'job' && (data as Job).id === shown) terminal.show(data as Job);
    },
  });
  const leave = onLeave(async () => {
    terminal.clear();
    const words = await wordsOfKept().catch(() => null);
    await core.close();
    if (words !== null) terminal.note(words);
  });
  try {
    return await work({
      core,
      open: async (folder) => {
        await openProject(core, terminal, folder);
      },
      finish: async (id) => {
        shown = id;
        const job = await core.jobEnded(id);
        terminal.clear();
        if (job.error) throw AppError.fromRecord(job.error);
        if (job.state === 'cancelled') throw new AppError('cancelled', `${job.title} was cancelled`);
        return job;
      },
      kept: (words) => (wordsOfKept = words),
    });
  } finally {
    leave.cancel();
    await core.close();
  }
}

/**
 * Does `tidy` and ends the process when a person or the system asks it to end.
 * @param isNormal  being asked is how the command ends: status 0 instead of that of the signal
 */
export function onLeave(tidy: () => Promise<void>, isNormal = false): { cancel(): void } {
  const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
  let leaving = false;
  const leaveWith = (status: number) => {
    if (leaving) return;
    leaving = true;
    void tidy().finally(() => process.exit(isNormal ? 0 : status));
  };
  const listeners = Object.entries(signals).map(([signal, status]) => {
    const listener = () => leaveWith(status);
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  // The launcher is gone: nobody would wait for an answer.
  const orphaned = () => leaveWith(143);
  process.on('disconnect', orphaned);
  process.channel?.unref();
  return {
    cancel() {
      for (const remove of listeners) remove();
      process.off('disconnect', orphaned);
    },
  };
}

/** "3" → 3. @throws AppError 'bad-input' */
export function runNumber(text: string): RunId {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new AppError('bad-input', `"${text}" is no run number`, { reason: 'see `fovea runs PROJECT`' });
  return number as RunId;
}
