// Work that several ask for at the same time is done once. It goes on as long as one of them still waits.

import { AppError } from '../contracts/errors.ts';

export interface SharedWork<Outcome> {
  /**
   * @param name   of all that the outcome depends on
   * @param start  begins the work; its signal is aborted when nobody waits any more
   * @throws (by the promise) what the work throws; AppError 'cancelled' as soon as `signal` is aborted
   */
  ask(name: string, start: (signal: AbortSignal) => Promise<Outcome>, signal?: AbortSignal): Promise<Outcome>;
}

interface InFlight<Outcome> {
  outcome: Promise<Outcome>;
  waiting: number;
  abort: AbortController;
}

export function openSharedWork<Outcome>(): SharedWork<Outcome> {
  const inFlight = new Map<string, InFlight<Outcome>>();

  const begin = (name: string, start: (signal: AbortSignal) => Promise<Outcome>): InFlight<Outcome> => {
    const abort = new AbortController();
    const work: InFlight<Outcome> = {
      abort,
      waiting: 0,
      outcome: start(abort.signal).finally(() => {
        if (inFlight.get(name) === work) inFlight.delete(name);
      }),
    };
    // Each who waits hears of a failure; one that all have left is nobody's.
    work.outcome.catch(() => undefined);
    inFlight.set(name, work);
    return work;
  };

  return {
    async ask(name, start, signal) {
      if (signal?.aborted) throw cancelled();
      const known = inFlight.get(name);
      // Work that all have left ends with an error, so it is of no use to who comes now.
      const work = known && !known.abort.signal.aborted ? known : begin(name, start);
      work.waiting += 1;
      const left = Promise.withResolvers<never>();
      const leave = () => left.reject(cancelled());
      signal?.addEventListener('abort', leave, { once: true });
      try {
        return await Promise.race([work.outcome, left.promise]);
      } finally {
        signal?.removeEventListener('abort', leave);
        work.waiting -= 1;
        if (work.waiting === 0 && inFlight.get(name) === work) work.abort.abort();
      }
    },
  };
}

const cancelled = (): AppError => new AppError('cancelled', 'nobody waits for this any more');
