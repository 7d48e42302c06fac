// Pictures from outside the open project that a measure holds its own against: another project's test pictures, or a
// folder's.

import fs from 'node:fs';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import type { LabelledImage } from '../contracts/worker-protocol.ts';
import { SourceTree } from '../formats/source.ts';
import type { Workers } from '../core/worker-pool.ts';
import { openProjectStore, PROJECT_FILE } from '../storage/project-store.ts';

/** More would only narrow an interval that is narrow already. */
const MOST = 10_000;

/**
 * At most 10,000 pictures, evenly taken.
 * @param place  absolute path of a project's folder (its test part, or all of it without one) or of a folder of pictures
 * @throws AppError 'bad-input' if there are none, 'conflict' for a project that is open elsewhere
 */
export async function imagesAt(
  workers: Workers,
  place: string,
  signal: AbortSignal,
): Promise<LabelledImage[]> {
  const found = fs.existsSync(path.join(place, PROJECT_FILE))
    ? ofProject(place)
    : await ofFolder(workers, place, signal);
  if (found.length === 0)
    throw new AppError('bad-input', `there are no pictures in ${path.basename(place)} to compare with`);
  return found.map(({ file, contentHash }) => ({
    imageId: 0,
    file,
    contentHash,
    widthPx: 1,
    heightPx: 1,
    classIndex: 0,
    regions: [],
  }));
}

const thinned = <T>(all: readonly T[]): T[] => {
  const count = Math.min(MOST, all.length);
  return Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]);
};

function ofProject(folder: string): { file: string; contentHash: string }[] {
  const store = openProjectStore(folder);
  try {
    const all = store.images.all().filter(({ missing }) => !missing);
    const test = all.filter(({ split }) => split === 'test');
    return thinned(test.length > 0 ? test : all);
  } finally {
    store.close();
  }
}

async function ofFolder(
  workers: Workers,
  folder: string,
  signal: AbortSignal,
): Promise<{ file: string; contentHash: string }[]> {
  const source = await SourceTree.openFolder(folder, signal);
  const found: { file: string; contentHash: string }[] = [];
  for (const image of thinned(source.images)) {
    signal.throwIfAborted();
    const file = source.absolute(image);
    found.push({ file, contentHash: await workers.decode('contentHash', { file }) });
  }
  return found;
}
