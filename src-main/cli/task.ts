// fovea task DIR N [--threads N]: exit status 0 done, 75 try again, any other failed

import path from 'node:path';
import { toErrorRecord } from '../contracts/errors.ts';
import { appVersion } from '../host/local-core.ts';
import { runTask } from '../tasks/run/run-task.ts';
import { clock, percent, type Terminal } from './terminal.ts';

/** EX_TEMPFAIL of sysexits.h, which batch systems take for "put it back into the queue". */
export const TRY_AGAIN = 75;

export async function task(
  terminal: Terminal,
  folder: string,
  number: number,
  { threads }: { threads?: number },
): Promise<number> {
  const leaving = new AbortController();
  const leave = () => leaving.abort();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, leave);
  try {
    const end = await runTask(path.resolve(folder), number, {
      threads: threads ?? (Number(process.env.FOVEA_THREADS) || undefined),
      codeVersion: appVersion(),
      signal: leaving.signal,
      show: () => {},
    });
    if (end.state === 'again') {
      terminal.note(`task ${number}: ${end.reason}; try again`);
      return TRY_AGAIN;
    }
    const { epochs, best, seconds, outcome } = end.result;
    const words =
      outcome.state === 'failed'
        ? outcome.error.message
        : `best epoch ${best?.epoch ?? '–'}, ${percent(best?.accuracy ?? null)}`;
    if (outcome.state === 'failed') terminal.note(`fovea: task ${number}: ${words}`);
    terminal.answer({ task: number, state: end.state, epochs: epochs.length, best, seconds }, [
      `Task ${number}: ${end.state} after ${epochs.length} epochs in ${clock(seconds)}, ${words}`,
    ]);
    return outcome.state === 'failed' ? 1 : 0;
  } catch (thrown) {
    const { code, message } = toErrorRecord(thrown);
    // A full disk, a device that is away: nobody's mistake, and it may pass.
    if (code !== 'unavailable' && code !== 'refused') throw thrown;
    terminal.note(`task ${number}: ${message}; try again`);
    return TRY_AGAIN;
  }
}
