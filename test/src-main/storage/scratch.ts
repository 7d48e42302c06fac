// A folder that is thrown away, and a small project's database in it.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Annotation } from '../../../src-main/contracts/dataset.ts';
import type { ClassId, ImageId } from '../../../src-main/contracts/ids.ts';
import { openProjectStore, type ProjectStore } from '../../../src-main/storage/project-store.ts';
import type { NewImage } from '../../../src-main/storage/images.ts';

/** Removed when the test ends. */
export function scratchFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fovea-test-'));
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Closed when the test ends. */
export function openStore(folder: string): ProjectStore {
  const store = openProjectStore(folder);
  onTestFinished(() => store.close());
  return store;
}

export function newImage(sourceId: number, relativePath: string, more: Partial<NewImage> = {}): NewImage {
  return {
    sourceId,
    relativePath,
    contentHash: createHash('sha256').update(relativePath).digest('hex'),
    widthPx: 64,
    heightPx: 48,
    sizeBytes: 100,
    modifiedMs: 1,
    fileFormat: 'png',
    classId: null,
    classOrigin: 'derived',
    split: null,
    ...more,
  };
}

export function box(imageId: ImageId, classId: ClassId | null = null, x = 1): Omit<Annotation, 'id'> {
  return {
    imageId,
    classId,
    shape: { kind: 'box', box: { x, y: 1, width: 5, height: 5 } },
    origin: 'person',
    hidden: false,
    locked: false,
    isCrowd: false,
    attributes: {},
  };
}
