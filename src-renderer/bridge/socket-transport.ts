// One WebSocket to the host. It comes back by itself when the host was away. A call that was on its way
// when the line broke may or may not have been carried out, so it is answered with an error and never sent
// twice; a call made while the line is down waits a while for it to come back.

import type { Answer, ClientMessage, Method, ServerMessage } from '../../src-main/contracts/index.ts';
import { cancelledAnswer, type Transport, type TransportListener } from './transport.ts';

/** The part of WebSocket that is used. */
export interface Socket {
  send(data: string): void;
  close(): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: never) => void) | null;
}

interface SocketTransportOptions {
  open: () => Socket;
  listener: TransportListener;
  /** First wait before a new attempt; doubles up to `longestWaitMs`. */
  firstWaitMs?: number;
  longestWaitMs?: number;
  /** How long a call made while the line is down waits for it. */
  patienceMs?: number;
}

interface Waiting {
  text: string;
  sent: boolean;
  patience: ReturnType<typeof setTimeout> | undefined;
  answer: (answer: Answer<unknown>) => void;
}

const lostOnTheWay =
  'The connection to Fovea was lost before it answered; what was asked may or may not have been done';
const noConnection = 'There is no connection to Fovea';

export class SocketTransport implements Transport {
  readonly #options: Required<SocketTransportOptions>;
  readonly #waiting = new Map<number, Waiting>();
  #socket: Socket | null = null;
  #isOpen = false;
  #waitMs: number;
  #nextId = 1;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(options: SocketTransportOptions) {
    this.#options = { firstWaitMs: 250, longestWaitMs: 4000, patienceMs: 10_000, ...options };
    this.#waitMs = this.#options.firstWaitMs;
    this.#connect();
  }

  call(method: Method, input: unknown, signal?: AbortSignal): Promise<Answer<unknown>> {
    if (signal?.aborted) return Promise.resolve(cancelledAnswer);
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const leave = () => this.#cancel(id);
      signal?.addEventListener('abort', leave, { once: true });
      const waiting: Waiting = {
        text: textOf({ id, method, input }),
        sent: false,
        patience: undefined,
        answer(answer) {
          signal?.removeEventListener('abort', leave);
          resolve(answer);
        },
      };
      this.#waiting.set(id, waiting);
      if (this.#isOpen) this.#send(waiting);
      else
        waiting.patience = setTimeout(() => {
          this.#waiting.delete(id);
          waiting.answer(unavailable(noConnection));
        }, this.#options.patienceMs);
    });
  }

  /** Ends it for good. */
  close(): void {
    this.#ended = true;
    clearTimeout(this.#retry);
    this.#socket?.close();
  }

  #connect(): void {
    const socket = this.#options.open();
    this.#socket = socket;
    socket.onopen = () => {
      this.#isOpen = true;
      this.#waitMs = this.#options.firstWaitMs;
      this.#options.listener.connection('open');
      // The listener may have made calls of its own, which are on their way already.
      for (const waiting of this.#waiting.values()) if (!waiting.sent) this.#send(waiting);
    };
    socket.onmessage = ({ data }) => this.#onMessage(String(data));
    socket.onclose = () => this.#closed();
  }

  #cancel(id: number): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.patience);
    if (waiting.sent && this.#isOpen) this.#socket?.send(textOf({ cancel: id }));
    waiting.answer(cancelledAnswer);
  }

  #send(waiting: Waiting): void {
    clearTimeout(waiting.patience);
    waiting.sent = true;
    this.#socket?.send(waiting.text);
  }

  #onMessage(text: string): void {
    const message = JSON.parse(text) as ServerMessage;
    if ('event' in message) {
      this.#options.listener.event(message.event, message.data);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    waiting?.answer(message.answer);
  }

  #closed(): void {
    this.#isOpen = false;
    this.#socket = null;
    for (const [id, waiting] of this.#waiting) {
      if (!waiting.sent) continue;
      this.#waiting.delete(id);
      waiting.answer(unavailable(lostOnTheWay));
    }
    if (this.#ended) return;
    this.#options.listener.connection('lost');
    this.#retry = setTimeout(() => this.#connect(), this.#waitMs);
    this.#waitMs = Math.min(this.#options.longestWaitMs, this.#waitMs * 2);
  }
}

const textOf = (message: ClientMessage): string => JSON.stringify(message);

function unavailable(message: string): Answer<unknown> {
  return { ok: false, error: { code: 'unavailable', message, detail: {} } };
}
