// Which rows of a long list, table or grid exist.

import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { gridShape, scrollToShow, visibleRange } from '../../../src-renderer/ui/virtual-list.ts';

const list = { columns: 1, rowPx: 64 };

test('rows in sight and a margin at either end', () => {
  expect(visibleRange(100_000, list, 640, 320, 2)).toEqual({ from: 8, to: 17 });
  expect(visibleRange(100_000, list, 0, 320, 2)).toEqual({ from: 0, to: 7 });
});

test('every row that shows a pixel exists, and none beyond the list', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 6_400_000, noNaN: true }),
      fc.integer({ min: 1, max: 2000 }),
      fc.integer({ min: 0, max: 100_000 }),
      (scrollTop, height, count) => {
        const { from, to } = visibleRange(count, list, scrollTop, height, 0);
        expect(from).toBeGreaterThanOrEqual(0);
        expect(to).toBeLessThanOrEqual(count);
        const first = Math.floor(scrollTop / 64);
        const last = Math.ceil((scrollTop + height) / 64) - 1;
        if (first < count) expect(from).toBeLessThanOrEqual(first);
        if (first < count) expect(to).toBeGreaterThan(Math.min(last, count - 1));
      },
    ),
  );
});

test('a list scrolled past its end after a filter shows nothing, not negative rows', () => {
  const { from, to } = visibleRange(3, list, 9000, 320);
  expect(from).toBeLessThanOrEqual(to + 3);
  expect(to).toBe(3);
  expect(from).toBe(3);
});

test('a row comes into sight by the least scroll', () => {
  expect(scrollToShow(10, list, 0, 320)).toBe(11 * 64 - 320);
  expect(scrollToShow(1, list, 640, 320)).toBe(64);
  expect(scrollToShow(11, list, 640, 320)).toBe(640);
});

describe('the grid', () => {
  const shape = gridShape(200, 90, 4, 1);

  it('fills its width with tiles of at least the least size', () => {
    expect(shape.columns).toBe(2);
    expect(shape.tileWidth * 2 + 4).toBeCloseTo(200);
    expect(gridShape(20, 90, 4, 1).columns).toBe(1);
  });

  it('makes a bounded number of tiles however long it is', () => {
    const { from, to } = visibleRange(100_000, shape, 50_000, 600);
    expect(to - from).toBeLessThan(30);
    expect(from % shape.columns).toBe(0);
    expect(from * 0.5 * shape.rowPx).toBeLessThanOrEqual(50_000);
    expect(visibleRange(3, shape, 0, 600)).toEqual({ from: 0, to: 3 });
  });

  it('scrolls only as far as needed to show a tile', () => {
    expect(scrollToShow(0, shape, 500, 600)).toBe(0);
    const row = 20;
    const top = scrollToShow(row * 2, shape, 0, 600);
    expect(top).toBeCloseTo((row + 1) * shape.rowPx - 600);
    expect(scrollToShow(row * 2, shape, top, 600)).toBeCloseTo(top);
  });
});
