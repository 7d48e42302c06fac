// The Electron window: the preload offers `window.fovea`, and its core cannot go away without the window.

import type { Answer, EventName, FileRef, Method } from '../../src-main/contracts/index.ts';
import { cancelledAnswer, type Transport, type TransportListener } from './transport.ts';

export interface PreloadApi {
  call(id: number, method: Method, input: unknown): Promise<Answer<unknown>>;
  cancel(id: number): void;
  on(event: EventName, listener: (data: unknown) => void): () => void;
  drop(file: File): Promise<Answer<FileRef>>;
}

const everyEvent: Record<EventName, true> = {
  job: true,
  step: true,
  epoch: true,
  run: true,
  project: true,
  saved: true,
};

export class PreloadTransport implements Transport {
  readonly #api: PreloadApi;
  #nextId = 1;

  constructor(api: PreloadApi, listener: TransportListener) {
    this.#api = api;
    for (const name of Object.keys(everyEvent) as EventName[])
      api.on(name, (data) => listener.event(name, data));
    queueMicrotask(() => listener.connection('open'));
  }

  async call(method: Method, input: unknown, signal?: AbortSignal): Promise<Answer<unknown>> {
    if (signal?.aborted) return cancelledAnswer;
    const id = this.#nextId++;
    const answer = this.#api.call(id, method, input);
    if (!signal) return answer;
    const { promise: left, resolve } = Promise.withResolvers<Answer<unknown>>();
    const leave = () => {
      this.#api.cancel(id);
      resolve(cancelledAnswer);
    };
    signal.addEventListener('abort', leave, { once: true });
    return Promise.race([answer, left]).finally(() => signal.removeEventListener('abort', leave));
  }
}
