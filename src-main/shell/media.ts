// Answers `media://image/<id>` and `media://thumbnail/<id>` with a picture. The page names pictures by id
// only; which file that is, and whether it may be shown, is the core's to say.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { mediaRoute, type MediaKind } from '../delivery/media-route.ts';
import { securityHeaders } from '../delivery/policy.ts';
import { APP_ORIGIN, MEDIA_PREFIX } from './policy.ts';

/** Where a picture's bytes lie and what they are; null if there is no such picture. */
export type FindMedia = (kind: MediaKind, id: number) => Promise<{ file: string; type: string } | null>;

/** The picture's file as a stream; 404 for a malformed address, an unknown id, or a file that is gone. */
export async function image(address: string, find: FindMedia): Promise<Response> {
  const asked = mediaRoute(MEDIA_PREFIX, address);
  if (asked === null) return empty(404);
  try {
    const found = await find(asked.kind, asked.id);
    if (found === null || !found.type.startsWith('image/')) return empty(404);
    const { size } = await stat(found.file);
    return new Response(Readable.toWeb(createReadStream(found.file)), {
      headers: {
        ...headers,
        'Content-Type': found.type,
        'Content-Length': String(size),
        // Another project's picture may have the same id.
        'Cache-Control': 'no-store',
      },
    });
  } catch {
    return empty(404);
  }
}

// The page reads pixels back from its canvas, which needs pictures of its own or of a consenting origin.
const headers = { ...securityHeaders, 'Access-Control-Allow-Origin': APP_ORIGIN };

function empty(status: number): Response {
  return new Response(null, { status, headers });
}
