// A caught value in the words of the error state: what happened, where, why. `<ErrorState {...problemOf(e)} />`

import { AppError, toErrorRecord, type ErrorRecord } from '../../src-main/contracts/errors.ts';

export interface Problem {
  message: string;
  /** File and place. */
  where?: string;
  reason?: string;
}

/** @param thrown  what was caught, or the record that a job, a run or a sweep carries */
export function problemOf(thrown: unknown): Problem {
  const { message, detail } = isRecord(thrown) ? thrown : toErrorRecord(thrown);
  const where = [detail.file, detail.place].filter(Boolean).join(', ');
  return {
    message,
    // What the message says already is not said again.
    ...(where && !message.includes(where) && { where }),
    ...(detail.reason && !message.includes(detail.reason) && { reason: detail.reason }),
  };
}

/** What crossed the boundary inside a result is plain, and no Error any more. */
const isRecord = (thrown: unknown): thrown is ErrorRecord =>
  !(thrown instanceof AppError) &&
  typeof thrown === 'object' &&
  thrown !== null &&
  'message' in thrown &&
  typeof thrown.message === 'string' &&
  'detail' in thrown &&
  typeof thrown.detail === 'object' &&
  thrown.detail !== null;
