// The host: the app over HTTP and one WebSocket on 127.0.0.1, for a browser on this machine or at the other
// end of a tunnel. `/` is the renderer, `/ws` the calls, `/media/…` pictures by id.

import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import type { Core } from '../services/core.ts';
import { accessWith, isFromHere, type Access } from './access.ts';
import { appFolder, localCore } from './local-core.ts';
import { openSockets } from './socket.ts';
import { rendererFile, sendFile } from './static-files.ts';

export interface Host {
  core: Core;
  port: number;
  /** Address with the secret, for the person's browser. */
  url: string;
  close(): Promise<void>;
}

export interface HostOptions {
  /** 0 takes any free one. */
  port: number;
  /** Folder of the built renderer. */
  renderer?: string;
}

/** Styles are set by scripts on elements, hence unsafe-inline for them alone. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
const HEADERS = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** @throws AppError 'conflict' when the port is taken */
export async function startHost({
  port: wantedPort,
  renderer = path.join(appFolder, 'dist', 'renderer'),
}: HostOptions): Promise<Host> {
  const secret = randomBytes(24).toString('base64url');
  const server = http.createServer();
  const port = await listen(server, wantedPort);
  const access = accessWith(secret, port);

  const sockets = openSockets(() => core);
  const core = localCore({ emit: sockets.broadcast });

  server.on('request', (request, response) => {
    answer(request, response, access, core, renderer).catch(() => {
      // The client went away, or the file did while it was read.
      if (!response.headersSent) end(response, 404, 'Not found');
      else response.destroy();
    });
  });
  server.on('upgrade', (request, socket, head) => {
    const isSocket = new URL(request.url ?? '/', 'http://host').pathname === '/ws';
    if (isSocket && isFromHere(request) && access.isAllowed(request)) sockets.upgrade(request, socket, head);
    else socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
  });

  return {
    core,
    port,
    url: `http://127.0.0.1:${port}/?token=${secret}`,
    async close() {
      sockets.close();
      await core.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
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

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  access: Access,
  core: Core,
  renderer: string,
): Promise<void> {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  if (!isFromHere(request)) return end(response, 403, 'Refused: this address is for this machine only.');
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return end(response, 405, 'Only GET is answered.');
  const address = new URL(request.url ?? '/', 'http://host');
  if (!access.isAllowed(request))
    return end(response, 403, 'Refused: open Fovea with the address that it printed when it started.');
  if (address.pathname === '/' && access.isInAddress(address)) {
    // The secret leaves the address bar, and with it the history, for a cookie that scripts cannot read.
    response
      .writeHead(303, { Location: '/', 'Set-Cookie': access.cookie, 'Cache-Control': 'no-store' })
      .end();
    return;
  }
  const picture = /^\/media\/(image|thumbnail)\/([1-9]\d{0,15})$/.exec(address.pathname);
  if (picture) {
    const media = await core.media(picture[1] as 'image' | 'thumbnail', Number(picture[2]));
    if (!media) return end(response, 404, 'There is no such picture.');
    await sendFile(request, response, { ...media, isFixed: false });
    return;
  }
  const found = rendererFile(renderer, address.pathname);
  if (!found) return end(response, 404, 'Not found');
  const { size, mtimeMs } = fs.statSync(found.file);
  // Names of built assets hold a hash of their content.
  const isFixed = address.pathname.startsWith('/assets/');
  await sendFile(request, response, { ...found, tag: `${size}-${mtimeMs}`, isFixed });
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(`${text}\n`);
}
