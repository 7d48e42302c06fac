// The host: the app over HTTP and one WebSocket on 127.0.0.1, for a browser on this machine or at the other
// end of a tunnel. `/` is the renderer, `/ws` the calls, `/media/…` pictures by id.

import fs from 'node:fs';
import path from 'node:path';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { mediaRoute } from '../delivery/media-route.ts';
import { securityHeaders } from '../delivery/policy.ts';
import { rendererFile } from '../delivery/renderer-files.ts';
import type { Core } from '../core/core.ts';
import { isFromHere, openAccess, type Access } from './access.ts';
import { addressOf, openEntry, refuseUpgrade } from './entry.ts';
import { appFolder, localCore } from './local-core.ts';
import { sendFile } from './send-file.ts';
import { openSockets } from './socket.ts';

export interface Host {
  core: Core;
  port: number;
  /** A new address for the person's browser. It opens once; the browser is known from then on. */
  newAddress(): string;
  close(): Promise<void>;
}

interface HostOptions {
  /** 0 takes any free one. */
  port: number;
  /** Absolute; further folders that may be listed. */
  roots?: readonly string[];
  /** Folder of the built renderer. */
  renderer?: string;
  /** Somebody tried an address that was used before, and none is open: this one is, and only the person may see it. */
  onUsed?: (address: string) => void;
}

const HEADERS = {
  ...securityHeaders,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** @throws AppError 'conflict' when the port is taken */
export async function startHost({
  port: wantedPort,
  roots = [],
  renderer = path.join(appFolder, 'dist', 'renderer'),
  onUsed,
}: HostOptions): Promise<Host> {
  const entry = await openEntry(wantedPort);
  const { port } = entry;
  const access = openAccess(port);
  const newAddress = () => `http://127.0.0.1:${port}/?token=${access.newKey()}`;
  const usedAgain = () => {
    if (!access.hasOpenKey()) onUsed?.(newAddress());
  };

  const sockets = openSockets(() => core);
  const core = localCore({ emit: sockets.broadcast, roots });

  entry.serve({
    request: (request, response) => answer(request, response, { access, usedAgain, core, renderer }),
    upgrade(request, socket, head) {
      const isSocket = addressOf(request)?.pathname === '/ws';
      if (isSocket && isFromHere(request) && access.isSignedIn(request))
        sockets.upgrade(request, socket, head);
      else refuseUpgrade(socket);
    },
  });

  return {
    core,
    port,
    newAddress,
    async close() {
      sockets.close();
      await core.close();
      await entry.close();
    },
  };
}

interface Served {
  access: Access;
  usedAgain: () => void;
  core: Core;
  renderer: string;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { access, usedAgain, core, renderer }: Served,
): Promise<void> {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  if (!isFromHere(request)) return end(response, 403, 'Refused: this address is for this machine only.');
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return end(response, 405, 'Only GET is answered.');
  const address = addressOf(request);
  if (address === null) return end(response, 400, 'This is no address of Fovea.');
  const key = address.pathname === '/' ? address.searchParams.get('token') : null;
  // Only a browser that shows the page has signed in: programs that look ahead ask with HEAD.
  if (key !== null && !access.isSignedIn(request) && request.method === 'GET') {
    const outcome = access.signIn(key);
    if (outcome === 'opened') return signedIn(response, access.cookieFor(request));
    if (outcome === 'used') {
      usedAgain();
      return end(
        response,
        403,
        'Refused: this address was used before, and an address opens once. ' +
          'A new one stands in the terminal in which Fovea runs.',
      );
    }
  }
  if (!access.isSignedIn(request))
    return end(
      response,
      403,
      'Refused: open Fovea with the newest address in the terminal in which it runs. ' +
        'To have a new one printed there, open one that was used before.',
    );
  if (key !== null) return signedIn(response, null);
  if (address.pathname.startsWith('/media/')) {
    const image = mediaRoute('/media', address.pathname + address.search);
    const media = image && (await core.media(image.kind, image.id));
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

/**
 * Leads on to the app, without the key in the address bar and the history. A page that goes there by itself:
 * after a redirect the browser would not send the cookie, because another site (the private page with the
 * address, a mail) had led here.
 */
function signedIn(response: ServerResponse, cookie: string | null): void {
  if (cookie !== null) response.setHeader('Set-Cookie', cookie);
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end('<!doctype html><title>Fovea</title><meta http-equiv="refresh" content="0; url=/">\n');
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(`${text}\n`);
}
