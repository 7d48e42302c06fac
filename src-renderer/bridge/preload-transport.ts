// The Electron window: the preload offers `window.fovea`, and its core cannot go away without the window.

import type { Answer, EventName, FileRef, Method } from '../../src-main/contracts/index.ts';
import type { Transport, TransportListener } from './transport.ts';

export interface PreloadApi {
  call(method: Method, input: unknown): Promise<Answer<unknown>>;
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

  constructor(api: PreloadApi, listener: TransportListener) {
    this.#api = api;
    for (const name of Object.keys(everyEvent) as EventName[])
      api.on(name, (data) => listener.event(name, data));
    queueMicrotask(() => listener.connection('open'));
  }

  call(method: Method, input: unknown): Promise<Answer<unknown>> {
    return this.#api.call(method, input);
  }
}
