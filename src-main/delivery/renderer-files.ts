// Files of the built renderer by the path of an address, and nothing else of the disk.

import fs from 'node:fs';
import path from 'node:path';

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

interface RendererFile {
  /** Absolute. */
  file: string;
  /** MIME type. */
  type: string;
}

/**
 * @param folder   absolute folder of the built renderer
 * @param urlPath  path of an address, still escaped; `/` is index.html
 * @returns        null for whatever is not a file of a known type inside the folder
 */
export function rendererFile(folder: string, urlPath: string): RendererFile | null {
  const file = fileInside(folder, urlPath);
  const type = file === null ? undefined : types[path.extname(file)];
  if (file === null || type === undefined) return null;
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ? { file, type } : null;
}

function fileInside(folder: string, urlPath: string): string | null {
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
