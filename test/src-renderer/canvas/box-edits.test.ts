// Moving and resizing boxes.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  allowedMove,
  boxBetween,
  grown,
  handleNames,
  resized,
  translated,
  union,
} from '../../../src-renderer/canvas/box-edits.ts';

const image = { width: 100, height: 80 };

test('a box is the same from whichever corner it is drawn', () => {
  const expected = { x: 10, y: 20, width: 30, height: 40 };
  expect(boxBetween({ x: 10, y: 20 }, { x: 40, y: 60 }, image)).toEqual(expected);
  expect(boxBetween({ x: 40, y: 20 }, { x: 10, y: 60 }, image)).toEqual(expected);
  expect(boxBetween({ x: 40, y: 60 }, { x: 10, y: 20 }, image)).toEqual(expected);
});

test('a box drawn beyond the picture ends at its edge', () => {
  expect(boxBetween({ x: -20, y: -5 }, { x: 500, y: 500 }, image)).toEqual({
    x: 0,
    y: 0,
    width: 100,
    height: 80,
  });
});

test('a drawn box lies on whole pixels', () => {
  expect(boxBetween({ x: 1.4, y: 1.6 }, { x: 9.5, y: 9.4 }, image)).toEqual({
    x: 1,
    y: 2,
    width: 9,
    height: 7,
  });
});

describe('resizing', () => {
  const box = { x: 10, y: 10, width: 20, height: 20 };

  test('an edge handle moves its edge only', () => {
    expect(resized(box, 'e', { x: 50, y: 70 }, image)).toEqual({ x: 10, y: 10, width: 40, height: 20 });
    expect(resized(box, 'n', { x: 50, y: 4 }, image)).toEqual({ x: 10, y: 4, width: 20, height: 26 });
  });

  test('a corner pulled over the opposite one turns the box round', () => {
    expect(resized(box, 'nw', { x: 50, y: 60 }, image)).toEqual({ x: 30, y: 30, width: 20, height: 30 });
  });

  test('any pull leaves at least one pixel, inside the picture', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...handleNames),
        fc.double({ min: -500, max: 500, noNaN: true }),
        fc.double({ min: -500, max: 500, noNaN: true }),
        (handle, x, y) => {
          const after = resized(box, handle, { x, y }, image);
          expect(after.width).toBeGreaterThanOrEqual(1);
          expect(after.height).toBeGreaterThanOrEqual(1);
          expect(after.x).toBeGreaterThanOrEqual(0);
          expect(after.y).toBeGreaterThanOrEqual(0);
          expect(after.x + after.width).toBeLessThanOrEqual(100);
          expect(after.y + after.height).toBeLessThanOrEqual(80);
        },
      ),
    );
  });
});

describe('moving', () => {
  const box = { x: 10, y: 10, width: 20, height: 20 };

  test('goes as far as the edge', () => {
    expect(allowedMove(box, 1000, -1000, image)).toEqual({ x: 70, y: -10 });
  });

  test('a shape that reaches beyond the picture is not pushed further out', () => {
    const outside = { x: -5, y: 0, width: 20, height: 10 };
    expect(allowedMove(outside, -50, 0, image).x).toBe(0);
    expect(allowedMove(outside, 50, 0, image).x).toBe(50);
    const wide = { x: -5, y: 0, width: 200, height: 10 };
    expect(allowedMove(wide, 50, 0, image).x).toBe(0);
  });

  test('moves every ring of a polygon, and no mask', () => {
    const polygon = {
      kind: 'polygon' as const,
      rings: [
        [
          [0, 0],
          [4, 0],
          [4, 4],
        ] as [number, number][],
      ],
    };
    expect(translated(polygon, { x: 2, y: 3 })).toEqual({
      kind: 'polygon',
      rings: [
        [
          [2, 3],
          [6, 3],
          [6, 7],
        ],
      ],
    });
    expect(
      translated({ kind: 'mask', rle: { width: 2, height: 2, counts: [0, 4] } }, { x: 1, y: 1 }),
    ).toBeNull();
  });
});

test('growing by keys keeps the corner and ends at the picture’s edge', () => {
  const box = { x: 90, y: 10, width: 5, height: 5 };
  expect(grown(box, { x: 10, y: -10 }, image)).toEqual({ x: 90, y: 10, width: 10, height: 1 });
});

test('a union goes round all', () => {
  expect(
    union([
      { x: 5, y: 5, width: 5, height: 5 },
      { x: 0, y: 8, width: 2, height: 10 },
    ]),
  ).toEqual({ x: 0, y: 5, width: 10, height: 13 });
  expect(union([])).toBeNull();
});
