// Masks on the canvas, against a plain grid of pixels.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  areaOf,
  bitmapStep,
  eachRun,
  isSet,
  outlineEdges,
  paintMasks,
} from '../../../src-renderer/canvas/masks.ts';

const WIDTH = 7;
const HEIGHT = 5;

/** Column-major run lengths of a grid, starting with zeros. */
function encode(grid: boolean[]) {
  const counts: number[] = [];
  let value = false;
  let run = 0;
  for (const bit of grid) {
    if (bit !== value) {
      counts.push(run);
      run = 0;
      value = bit;
    }
    run += 1;
  }
  counts.push(run);
  return { width: WIDTH, height: HEIGHT, counts };
}
const grids = fc.array(fc.boolean(), { minLength: WIDTH * HEIGHT, maxLength: WIDTH * HEIGHT });
const at = (grid: boolean[], column: number, row: number) =>
  column >= 0 && row >= 0 && column < WIDTH && row < HEIGHT && grid[column * HEIGHT + row] === true;

test('a pixel is set exactly where the grid is', () => {
  fc.assert(
    fc.property(grids, (grid) => {
      const rle = encode(grid);
      for (let column = -1; column <= WIDTH; column += 1)
        for (let row = -1; row <= HEIGHT; row += 1)
          expect(isSet(rle, column, row)).toBe(at(grid, column, row));
    }),
  );
});

test('runs cover every set pixel once', () => {
  fc.assert(
    fc.property(grids, (grid) => {
      const seen = new Set<number>();
      eachRun(encode(grid), (column, first, last) => {
        for (let row = first; row <= last; row += 1) {
          expect(seen.has(column * HEIGHT + row)).toBe(false);
          seen.add(column * HEIGHT + row);
        }
      });
      expect(seen.size).toBe(grid.filter(Boolean).length);
      expect(areaOf(encode(grid))).toBe(seen.size);
    }),
  );
});

test('the outline is every edge between a set and an unset pixel', () => {
  fc.assert(
    fc.property(grids, (grid) => {
      // Unit edges, since the outline may join neighbouring ones into a longer line.
      const expected = new Set<string>();
      for (let column = 0; column <= WIDTH; column += 1)
        for (let row = 0; row <= HEIGHT; row += 1) {
          if (at(grid, column, row) !== at(grid, column - 1, row)) expected.add(`${column},${row} down`);
          if (at(grid, column, row) !== at(grid, column, row - 1)) expected.add(`${column},${row} right`);
        }
      const drawn = new Set<string>();
      const edges = outlineEdges(encode(grid))!;
      for (let index = 0; index < edges.length; index += 4) {
        const [x1, y1, x2, y2] = edges.slice(index, index + 4) as [number, number, number, number];
        if (x1 === x2) for (let y = y1; y < y2; y += 1) drawn.add(`${x1},${y} down`);
        else for (let x = x1; x < x2; x += 1) drawn.add(`${x},${y1} right`);
      }
      expect([...drawn].sort()).toEqual([...expected].sort());
    }),
  );
});

test('later masks lie over earlier ones in the bitmap', () => {
  const pixels = new Uint32Array(WIDTH * HEIGHT);
  const all = { width: WIDTH, height: HEIGHT, counts: [0, WIDTH * HEIGHT] };
  const firstColumn = { width: WIDTH, height: HEIGHT, counts: [0, HEIGHT, (WIDTH - 1) * HEIGHT] };
  paintMasks(pixels, { width: WIDTH, height: HEIGHT }, 1, [
    { rle: all, word: 1 },
    { rle: firstColumn, word: 2 },
  ]);
  expect(pixels[0]).toBe(2);
  expect(pixels[1]).toBe(1);
  expect(pixels[(HEIGHT - 1) * WIDTH]).toBe(2);
});

test('a very large picture has its masks drawn coarser', () => {
  expect(bitmapStep({ width: 4000, height: 3000 })).toBe(1);
  const image = { width: 10_000, height: 10_000 };
  const step = bitmapStep(image);
  expect(step).toBe(3);
  const pixels = new Uint32Array(Math.ceil(10_000 / step) ** 2);
  paintMasks(pixels, image, step, [
    { rle: { width: 10_000, height: 10_000, counts: [0, 100_000_000] }, word: 7 },
  ]);
  expect(pixels.every((word) => word === 7)).toBe(true);
});
