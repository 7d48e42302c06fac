// Sends files over HTTP: those of the built renderer, and pictures.

import fs from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';

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
