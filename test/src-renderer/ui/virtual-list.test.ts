// Which rows of a long list exist.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scrollToRow, visibleRows } from '../../../src-renderer/ui/virtual-list.ts';

test('rows in sight and a margin at either end', () => {
  expect(visibleRows(640, 320, 64, 100_000, 2)).toEqual({ from: 8, to: 17 });
  expect(visibleRows(0, 320, 64, 100_000, 2)).toEqual({ from: 0, to: 7 });
});

test('every row that shows a pixel exists, and none beyond the list', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 6_400_000, noNaN: true }),
      fc.integer({ min: 1, max: 2000 }),
      fc.integer({ min: 0, max: 100_000 }),
      (scrollTop, height, count) => {
        const { from, to } = visibleRows(scrollTop, height, 64, count, 0);
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
  const { from, to } = visibleRows(9000, 320, 64, 3);
  expect(from).toBeLessThanOrEqual(to + 3);
  expect(to).toBe(3);
  expect(from).toBe(3);
});

test('a row comes into sight by the least scroll', () => {
  expect(scrollToRow(10, 0, 320, 64)).toBe(11 * 64 - 320);
  expect(scrollToRow(1, 640, 320, 64)).toBe(64);
  expect(scrollToRow(11, 640, 320, 64)).toBe(640);
});
