// The calls of one client that are in flight, by the client's own ids: each can be cancelled, and all are when the
// client goes away.

import { AppError, type Answer } from '../contracts/errors.ts';

export type Handle = (method: unknown, input: unknown, signal: AbortSignal) => Promise<Answer<unknown>>;

export interface ClientCalls {
  /** Never rejects. */
  answer(id: number, method: unknown, input: unknown): Promise<Answer<unknown>>;
  /** One that has ended, or was never there, is no error: the client may have asked while its answer was on the way. */
  cancel(id: number): void;
  cancelAll(): void;
}

export function openClientCalls(handle: Handle): ClientCalls {
  const inFlight = new Map<number, AbortController>();
  return {
    async answer(id, method, input) {
      if (inFlight.has(id)) {
        const error = new AppError('bad-input', `a call with id ${id} is in flight already`);
        return { ok: false, error: error.toRecord() };
      }
      const abort = new AbortController();
      inFlight.set(id, abort);
      try {
        return await handle(method, input, abort.signal);
      } finally {
        // After cancelAll a page that was loaded anew may have taken the id.
        if (inFlight.get(id) === abort) inFlight.delete(id);
      }
    },
    cancel(id) {
      inFlight.get(id)?.abort();
    },
    cancelAll() {
      for (const abort of inFlight.values()) abort.abort();
      inFlight.clear();
    },
  };
}
