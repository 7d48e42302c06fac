// Answers `fovea://app/…` with the built renderer's files, and with nothing else of the disk.

import { readFile } from 'node:fs/promises';
import { securityHeaders } from '../delivery/policy.ts';
import { rendererFile } from '../delivery/renderer-files.ts';
import { isAppAddress } from './policy.ts';

/**
 * @param address  as requested, e.g. `fovea://app/assets/index.js`; `/` is index.html
 * @param folder   absolute folder of the built renderer
 * @returns        the file, or 404 for whatever is not a file of a known type inside the folder
 */
export async function appFile(address: string, folder: string): Promise<Response> {
  const found = isAppAddress(address) ? rendererFile(folder, new URL(address).pathname) : null;
  if (found === null) return notFound();
  try {
    const bytes = await readFile(found.file);
    return new Response(new Uint8Array(bytes), {
      headers: { ...securityHeaders, 'Content-Type': found.type },
    });
  } catch {
    return notFound();
  }
}

function notFound(): Response {
  return new Response('not found', {
    status: 404,
    headers: { ...securityHeaders, 'Content-Type': 'text/plain; charset=utf-8' },
  });
}
