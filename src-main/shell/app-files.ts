// Answers `fovea://app/…` with the built renderer's files, and with nothing else of the disk.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isAppAddress, securityHeaders } from './policy.ts';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

/**
 * @param address  as requested, e.g. `fovea://app/assets/index.js`; `/` is index.html
 * @param folder   absolute folder of the built renderer
 * @returns        the file, or 404 for whatever is not a file of a known type inside the folder
 */
export async function appFile(address: string, folder: string): Promise<Response> {
  const file = isAppAddress(address) ? fileInside(new URL(address).pathname, folder) : null;
  const type = file === null ? undefined : types[path.extname(file)];
  if (file === null || type === undefined) return notFound();
  try {
    const bytes = await readFile(file);
    return new Response(new Uint8Array(bytes), { headers: { ...securityHeaders, 'Content-Type': type } });
  } catch {
    return notFound();
  }
}

/** Absolute path of a URL path inside `folder`; null if it would lead out of it. */
function fileInside(urlPath: string, folder: string): string | null {
  let decoded: string;
  try {
    decoded = decodeURIComponent(urlPath);
  } catch {
    return null;
  }
  // Escaped dots, separators of the other kind and NUL pass through URL parsing.
  if (/[\\\0]/.test(decoded)) return null;
  const root = path.resolve(folder);
  const file = path.resolve(root, `.${decoded === '/' ? '/index.html' : decoded}`);
  return file.startsWith(root + path.sep) ? file : null;
}

function notFound(): Response {
  return new Response('not found', {
    status: 404,
    headers: { ...securityHeaders, 'Content-Type': 'text/plain; charset=utf-8' },
  });
}
