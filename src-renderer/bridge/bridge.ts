// The only way to the core: typed calls that throw AppError, events, and the state of the connection.
// Nothing else in the renderer knows which transport carries them.

import { AppError } from '../../src-main/contracts/errors.ts';
import type { EventName, Events, FileRef, Input, Method, Output } from '../../src-main/contracts/index.ts';
import { PreloadTransport, type PreloadApi } from './preload-transport.ts';
import { SocketTransport, type Socket } from './socket-transport.ts';
import type { Connection, Transport } from './transport.ts';

export type { Connection };

declare global {
  interface Window {
    fovea?: PreloadApi;
  }
}

const listeners = new Map<EventName, Set<(data: never) => void>>();
const connectionListeners = new Set<(state: Connection) => void>();
let connection: Connection = 'connecting';
let transport: Transport | undefined;

const listener = {
  event(name: EventName, data: unknown) {
    for (const onEvent of listeners.get(name) ?? []) onEvent(data as never);
  },
  connection(state: Connection) {
    connection = state;
    for (const onEvent of connectionListeners) onEvent(state);
  },
};

function line(): Transport {
  transport ??= window.fovea
    ? new PreloadTransport(window.fovea, listener)
    : new SocketTransport({ open: openSocket, listener });
  return transport;
}

function openSocket(): Socket {
  const address = new URL('/ws', location.href);
  address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return new WebSocket(address) as Socket;
}

/**
 * Asks the core. Throws the AppError of the answer.
 * @param signal  aborted when nobody waits any more: throws 'cancelled' at once, and the core ends the work
 */
export async function call<M extends Method>(
  method: M,
  input: Input<M>,
  signal?: AbortSignal,
): Promise<Output<M>> {
  const answer = await line().call(method, input, signal);
  if (!answer.ok) throw AppError.fromRecord(answer.error);
  return answer.value as Output<M>;
}

/** A reference to a dropped file or folder; null in a browser, which tells nobody where it lies. */
export async function dropped(file: File): Promise<FileRef | null> {
  if (!window.fovea) return null;
  const answer = await window.fovea.drop(file);
  if (!answer.ok) throw AppError.fromRecord(answer.error);
  return answer.value;
}

/** Listens to an event of the core; returns the way to stop. */
export function on<E extends EventName>(event: E, onEvent: (data: Events[E]) => void): () => void {
  const set = listeners.get(event) ?? new Set();
  listeners.set(event, set);
  set.add(onEvent as (data: never) => void);
  return () => set.delete(onEvent as (data: never) => void);
}

/** Called at once with the present state, then at each change; `open` again means: ask anew. */
export function onConnection(onEvent: (state: Connection) => void): () => void {
  connectionListeners.add(onEvent);
  line();
  onEvent(connection);
  return () => connectionListeners.delete(onEvent);
}
