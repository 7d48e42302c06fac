// Masks in the undo log: the pixels that differ, not the whole.

import path from 'node:path';
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import type { Rle, Shape } from '../../../src-main/contracts/geometry.ts';
import { across, deltaOf } from '../../../src-main/storage/mask-delta.ts';
import { combined, emptyMask, strokeMask } from '../../../src-renderer/canvas/mask-runs.ts';
import { newImage, openStore, scratchFolder } from './scratch.ts';

const mask = (counts: number[]): Rle => ({ width: 10, height: 10, counts });

it.each([
  ['a hole', [20, 60, 20], [20, 20, 5, 35, 20]],
  ['a longer run', [20, 60, 20], [20, 70, 10]],
  ['nothing', [20, 60, 20], [20, 60, 20]],
  ['all', [0, 100], [100]],
  ['a mask from its first pixel on', [0, 30, 70], [10, 20, 70]],
  ['runs that repeat', [10, 10, 10, 10, 60], [10, 10, 10, 10, 10, 10, 40]],
])('%s is found and crossed both ways', (_, one, other) => {
  const delta = deltaOf(mask(one), mask(other));
  expect(across(mask(one), delta, 'before')).toEqual(mask(other));
  expect(across(mask(other), delta, 'after')).toEqual(mask(one));
});

it('refuses a mask that the change was not made on', () => {
  const delta = deltaOf(mask([20, 60, 20]), mask([20, 20, 5, 35, 20]));
  expect(() => across(mask([30, 50, 20]), delta, 'before')).toThrow(/does not fit the mask/);
});

it('keeps 200 strokes on a mask of 24 megapixels in less than 5 MB, and takes all of them back', () => {
  const folder = scratchFolder();
  const store = openStore(folder);
  const imageId = store.images.add(newImage(store.sources.add(folder, 'folders'), 'large.png'));
  // The picture itself need not be that large: its mask is.
  const image = { width: 6000, height: 4000 };
  const next = numbers(3);
  const strokes = Array.from({ length: 200 }, () => {
    const from = { x: next() * image.width, y: next() * image.height };
    const way = Array.from({ length: 30 }, (_, step) => ({
      x: from.x + step * 20 * (next() - 0.3),
      y: from.y + step * 20 * (next() - 0.5),
    }));
    return strokeMask(way, new Array<number>(way.length).fill(60), image);
  });
  const plain = { imageId, classId: null, origin: 'person', hidden: false, locked: false } as const;
  const masks = [emptyMask(image)];
  for (const stroke of strokes) masks.push(combined(masks.at(-1)!, stroke, 'union'));
  const annotation = (rle: Rle) => {
    const shape: Shape = { kind: 'mask', rle };
    return { ...plain, isCrowd: false, attributes: {}, shape };
  };
  const id = store.annotations.add(annotation(masks[1]!));
  for (let at = 2; at < masks.length; at += 1) {
    const [before, after] = [masks[at - 1]!, masks[at]!].map((rle) => ({ id, ...annotation(rle) }));
    store.annotations.put(after!);
    store.undo.add(imageId, [{ of: 'annotation', before: before!, after: after! }]);
  }
  const db = new Database(path.join(folder, 'project.sqlite'), { readonly: true });
  const sizeBytes = db.prepare('SELECT sum(length(changes)) FROM undo_step').pluck().get() as number;
  db.close();
  expect(sizeBytes).toBeLessThan(5e6);
  for (let at = masks.length - 1; at >= 2; at -= 1) {
    const [change] = store.undo.undo(imageId)!;
    if (change?.of !== 'annotation') throw new Error('no change of a shape');
    const { shape } = change.before!;
    expect(JSON.stringify(shape) === JSON.stringify({ kind: 'mask', rle: masks[at - 1] })).toBe(true);
    store.annotations.put(change.before!);
  }
  expect(store.undo.undo(imageId)).toBeNull();
});

/** A generator of its own, so that a failure comes again. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
}
