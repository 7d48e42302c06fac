// Where copies go.

import { expect, test } from 'vitest';
import { fitsImage, placeCopies } from '../../../src-renderer/canvas/paste.ts';

const image = { width: 200, height: 200 };
const box = (x: number, y: number) => ({ kind: 'box' as const, box: { x, y, width: 50, height: 50 } });

test('on another picture a copy keeps its place', () => {
  expect(placeCopies([box(10, 20)], [], image)).toEqual([box(10, 20)]);
});

test('on the same picture it lies a step aside, the next one two', () => {
  expect(placeCopies([box(10, 20)], [box(10, 20)], image)).toEqual([box(14, 24)]);
  expect(placeCopies([box(10, 20)], [box(10, 20), box(14, 24)], image)).toEqual([box(18, 28)]);
});

test('in the corner it stays rather than leaving the picture', () => {
  expect(placeCopies([box(150, 150)], [box(150, 150)], image)).toEqual([box(150, 150)]);
});

test('a shape that reaches beyond a smaller picture does not fit it', () => {
  expect(fitsImage(box(150, 150), image)).toBe(true);
  expect(fitsImage(box(151, 150), image)).toBe(false);
  const mask = { kind: 'mask' as const, rle: { width: 2, height: 2, counts: [0, 4] } };
  expect(fitsImage(mask, { width: 2, height: 2 })).toBe(true);
  expect(fitsImage(mask, image)).toBe(false);
});
