// The one door of the host: every byte that a socket brings passes here first. Whatever it is (no HTTP, an
// address that is none, a connection reset in the middle of anything) it ends at most its own connection.

import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { AppError } from '../contracts/errors.ts';

/** Far more than the windows of one person need. */
const CONNECTIONS = 512;

interface Doors {
  request(request: IncomingMessage, response: ServerResponse): Promise<void>;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

interface Entry {
  port: number;
  serve(doors: Doors): void;
  close(): Promise<void>;
}

/**
 * Listens on 127.0.0.1.
 * @param wanted  0 takes any free port
 * @throws AppError 'conflict' when the port is taken
 */
export async function openEntry(wanted: number): Promise<Entry> {
  const server = http.createServer();
  server.maxConnections = CONNECTIONS;
  const port = await listen(server, wanted);
  // Such as running out of file descriptors while accepting: the next connection may do better.
  server.on('error', () => {});
  server.on('connection', (socket) => socket.on('error', () => socket.destroy()));
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  return {
    port,
    serve(doors) {
      server.on('request', (request, response) => {
        request.on('error', () => response.destroy());
        response.on('error', () => response.destroy());
        void guard(
          () => doors.request(request, response),
          () => {
            // The client went away, or the file did while it was read.
            if (response.headersSent || response.destroyed) response.destroy();
            else response.writeHead(404, { 'Cache-Control': 'no-store' }).end('Not found\n');
          },
        );
      });
      server.on('upgrade', (request, socket, head) => {
        // The parser has let go of this socket, and with it of its errors.
        socket.on('error', () => socket.destroy());
        void guard(
          () => doors.upgrade(request, socket, head),
          () => socket.destroy(),
        );
      });
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Where a request wants to go; null if its target is no path of ours, such as `http://[` or `*`. */
export function addressOf({ url }: IncomingMessage): URL | null {
  // Put behind a whole origin rather than resolved against it: `//name` would be another host.
  if (url?.startsWith('/') !== true) return null;
  return URL.parse(`http://host${url}`);
}

export function refuseUpgrade(socket: Duplex): void {
  socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n', () => socket.destroy());
}

/** Does the work; whatever it throws, at once or later, is `otherwise`'s to answer. */
async function guard(work: () => Promise<void> | void, otherwise: () => void): Promise<void> {
  try {
    await work();
  } catch {
    otherwise();
  }
}

function listen(server: http.Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new AppError('conflict', `port ${port} is in use`, { reason: 'choose another with --port' })
          : new AppError('unavailable', `port ${port} cannot be opened`, { reason: error.code }),
      ),
    );
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
