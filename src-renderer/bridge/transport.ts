// What the bridge asks of a transport, and the news of its health. Two exist: the socket of the host and
// the preload of the Electron window.

import type { Answer, EventName, Method } from '../../src-main/contracts/index.ts';

/** `connecting` only until the first contact; after that an absent core is `lost` until it is back. */
export type Connection = 'connecting' | 'open' | 'lost';

export interface TransportListener {
  event(name: EventName, data: unknown): void;
  connection(state: Connection): void;
}

export interface Transport {
  /**
   * Never rejects: what goes wrong on the way is an answer with an error, too.
   * @param signal  aborted when nobody waits any more: the answer is the error 'cancelled' at once, and the core ends
   *                the work
   */
  call(method: Method, input: unknown, signal?: AbortSignal): Promise<Answer<unknown>>;
}

/** The answer of a call that nobody waits for any more. */
export const cancelledAnswer: Answer<never> = {
  ok: false,
  error: { code: 'cancelled', message: 'The call was cancelled', detail: {} },
};
