// What the format tests share: folders made on the spot, and an import that keeps what it is handed.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import type { ImportWarning } from '../../../src-main/contracts/imports.ts';
import type { Shape } from '../../../src-main/contracts/geometry.ts';
import {
  fitShape,
  formatById,
  SourceTree,
  type ImportedImage,
  type ImportedShape,
} from '../../../src-main/formats/index.ts';
import { encodePng } from '../../../src-main/imaging/index.ts';

const made: string[] = [];
afterAll(() => made.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));

export const somePng = encodePng(
  Uint8Array.from({ length: 300 }, (_, i) => i % 251),
  10,
  10,
);

/** A folder with these files; `true` stands for a picture of 10 x 10. */
export function folderOf(files: Record<string, string | Uint8Array | object | true>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'fovea-format-'));
  made.push(folder);
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    if (content === true) writeFileSync(file, somePng);
    else if (typeof content === 'string' || content instanceof Uint8Array) writeFileSync(file, content);
    else writeFileSync(file, JSON.stringify(content));
  }
  return folder;
}

export interface Read {
  images: ImportedImage[];
  warnings: ImportWarning[];
  /** By path from the root. */
  by: Record<string, ImportedImage>;
}

export async function readAs(format: string, place: string): Promise<Read> {
  const images: ImportedImage[] = [];
  const warnings: ImportWarning[] = [];
  await formatById(format).read!(await SourceTree.open(place), {
    image: (image) => images.push(image),
    warn: (warning) => warnings.push(warning),
    signal: new AbortController().signal,
  });
  return { images, warnings, by: Object.fromEntries(images.map((image) => [image.relativePath, image])) };
}

/** A shape as it is kept of a picture of this size. */
export const keptOf = (shape: ImportedShape, widthPx: number, heightPx: number): Shape =>
  fitShape(shape, widthPx, heightPx).shape!;

/** Where the shared real pictures lie; they may be missing. */
export const sharedData = new URL('../../../../shared/data/', import.meta.url).pathname;

export const countBy = <T>(items: readonly T[], key: (item: T) => string | null) => {
  const counts: Record<string, number> = {};
  for (const item of items) counts[key(item) ?? 'none'] = (counts[key(item) ?? 'none'] ?? 0) + 1;
  return counts;
};
