// The calls and news of the boundary over one WebSocket a window. A client that does not read is slowed
// down, then left without live figures, then let go: it never makes the core keep its messages.

import { WebSocketServer, type WebSocket } from 'ws';
import type { Duplex } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import type { EventName, Events, ServerMessage } from '../contracts/api.ts';
import { toErrorRecord, AppError } from '../contracts/errors.ts';
import type { Core } from '../core/core.ts';
import { openClientCalls, type ClientCalls } from '../delivery/client-calls.ts';

/** A mask of a 100-megapixel picture as run lengths fits many times over. */
const MESSAGE_MAX_BYTES = 32 * 1024 * 1024;
/** Unsent bytes from which a client's calls wait and live figures are dropped … */
const SLOW_BYTES = 4 * 1024 * 1024;
/** … and from which it is let go. */
const STUCK_BYTES = 64 * 1024 * 1024;
const PING_EVERY_MS = 30_000;

interface Sockets {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  broadcast<E extends EventName>(event: E, data: Events[E]): void;
  close(): void;
}

export function openSockets(core: () => Core): Sockets {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_MAX_BYTES,
    perMessageDeflate: false,
  });
  const alive = new WeakSet<WebSocket>();

  const send = (client: WebSocket, message: ServerMessage): void => {
    if (client.readyState !== client.OPEN) return;
    if (client.bufferedAmount > STUCK_BYTES) {
      client.terminate();
      return;
    }
    client.send(JSON.stringify(message), () => {
      if (client.isPaused && client.bufferedAmount <= SLOW_BYTES) client.resume();
    });
    if (client.bufferedAmount > SLOW_BYTES) client.pause();
  };

  const onMessage = async (client: WebSocket, calls: ClientCalls, text: string): Promise<void> => {
    const message = parse(text);
    if (!message) {
      client.close(1007, 'a message is {id, method, input} or {cancel}');
      return;
    }
    if ('cancel' in message) return calls.cancel(message.cancel);
    const { id, method, input } = message;
    const answer = await calls.answer(id, method, input);
    try {
      send(client, { id, answer });
    } catch (thrown) {
      // An answer too large for one string; the caller still hears of it.
      const error = new AppError('internal', 'the answer could not be sent', {
        reason: toErrorRecord(thrown).message,
      });
      send(client, { id, answer: { ok: false, error: error.toRecord() } });
    }
  };

  server.on('connection', (client) => {
    const calls = openClientCalls((...call) => core().handle(...call));
    alive.add(client);
    client.on('close', () => calls.cancelAll());
    client.on('pong', () => alive.add(client));
    client.on('error', () => client.terminate());
    client.on('message', (data, isBinary) => {
      if (isBinary) client.close(1003, 'messages are text');
      else void onMessage(client, calls, String(data));
    });
  });
  const pinging = setInterval(() => {
    for (const client of server.clients) {
      // Paused clients cannot answer a ping.
      if (!alive.has(client) && !client.isPaused) client.terminate();
      alive.delete(client);
      client.ping();
    }
  }, PING_EVERY_MS).unref();

  return {
    upgrade(request, socket, head) {
      server.handleUpgrade(request, socket, head, (client) => server.emit('connection', client, request));
    },
    broadcast(event, data) {
      for (const client of server.clients)
        if (event !== 'step' || client.bufferedAmount < SLOW_BYTES) send(client, { event, data });
    },
    close() {
      clearInterval(pinging);
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}

type Parsed = { id: number; method: unknown; input: unknown } | { cancel: number };

function parse(text: string): Parsed | null {
  try {
    const message = JSON.parse(text) as Record<'id' | 'method' | 'input' | 'cancel', unknown> | null;
    if (typeof message !== 'object' || message === null) return null;
    const { id, method, input, cancel } = message;
    if (isId(cancel)) return { cancel };
    return isId(id) ? { id, method, input } : null;
  } catch {
    return null;
  }
}

const isId = (value: unknown): value is number => Number.isSafeInteger(value);
