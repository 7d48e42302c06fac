// A caught value in the words of the error state: what happened, where, why. `<ErrorState {...problemOf(e)} />`

import { toErrorRecord } from '../../src-main/contracts/errors.ts';

export interface Problem {
  message: string;
  /** File and place. */
  where?: string;
  reason?: string;
}

export function problemOf(thrown: unknown): Problem {
  const { message, detail } = toErrorRecord(thrown);
  const where = [detail.file, detail.place].filter(Boolean).join(', ');
  return {
    message,
    // What the message says already is not said again.
    ...(where && !message.includes(where) && { where }),
    ...(detail.reason && !message.includes(detail.reason) && { reason: detail.reason }),
  };
}
