// Sends files: those of the built renderer by their path, and pictures. Nothing outside the renderer's
// folder can be named.

import fs from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

/** The file of the renderer that a path names, with its type; null for anything else. */
export function rendererFile(folder: string, pathname: string): { file: string; type: string } | null {
  let name: string;
  try {
    name = decodeURIComponent(pathname);
  } catch {
    return null;
  }
  if (/[\\\0]/.test(name) || name.split('/').includes('..')) return null;
  const file = path.join(folder, name === '/' ? 'index.html' : name);
  const type = TYPES[path.extname(file)];
  return type && fs.statSync(file, { throwIfNoEntry: false })?.isFile() ? { file, type } : null;
}

/**
 * Sends a file, or 304 if the client has it.
 * @param tag     changes when the bytes do
 * @param isFixed the address means these bytes for ever, so the client need not ask again
 */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { file, type, tag, isFixed }: { file: string; type: string; tag: string; isFixed: boolean },
): Promise<void> {
  const etag = `"${tag}"`;
  response.setHeader('ETag', etag);
  response.setHeader('Cache-Control', isFixed ? 'private, max-age=31536000, immutable' : 'private, no-cache');
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return;
  }
  const handle = await fs.promises.open(file, 'r');
  try {
    const { size } = await handle.stat();
    response.writeHead(200, { 'Content-Type': type, 'Content-Length': size });
    if (request.method === 'HEAD') response.end();
    else await pipeline(handle.createReadStream({ autoClose: false }), response);
  } finally {
    await handle.close();
  }
}
