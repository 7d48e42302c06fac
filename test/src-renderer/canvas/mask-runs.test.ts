// Masks as run lengths, held against the same arithmetic on bitmaps.

import { describe, expect, test } from 'vitest';
import type { Point, Rle } from '../../../src-main/contracts/index.ts';
import { decodeRle, encodeRle, rasterize } from '../../../src-main/imaging/index.ts';
import {
  combined,
  emptyMask,
  filledMask,
  grownMask,
  inverted,
  isEmpty,
  maskOfRings,
  partsOf,
  strokeMask,
  type MaskOperation,
} from '../../../src-renderer/canvas/mask-runs.ts';

const [width, height] = [23, 17];
const image = { width, height };
/** A generator of its own, so that a failure comes again. */
function noise(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
}
const speckled = (seed: number, share = 0.5): Uint8Array => {
  const next = noise(seed);
  return Uint8Array.from({ length: width * height }, () => Number(next() < share));
};
const rle = (bits: Uint8Array): Rle => encodeRle(bits, width, height);
const bitsWhere = (keep: (x: number, y: number) => boolean): Uint8Array =>
  Uint8Array.from({ length: width * height }, (_, at) => Number(keep(at % width, Math.floor(at / width))));

describe('combined', () => {
  const rules: Record<MaskOperation, (a: number, b: number) => boolean> = {
    union: (a, b) => a + b > 0,
    subtract: (a, b) => a === 1 && b === 0,
    intersect: (a, b) => a + b === 2,
  };
  test.each(Object.keys(rules) as MaskOperation[])('%s is that of the bitmaps', (operation) => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const [one, other] = [speckled(seed, seed / 20), speckled(seed + 100)];
      const expected = one.map((value, at) => Number(rules[operation](value, other[at]!)));
      expect(combined(rle(one), rle(other), operation)).toEqual(rle(expected));
    }
  });
  test('an empty mask and a full one are masks too', () => {
    const full = inverted(emptyMask(image));
    expect(decodeRle(full).every((bit) => bit === 1)).toBe(true);
    expect(isEmpty(combined(full, full, 'subtract'))).toBe(true);
    expect(combined(emptyMask(image), full, 'union')).toEqual(full);
    expect(inverted(full)).toEqual(emptyMask(image));
  });
});

describe('a stroke', () => {
  test('covers the pixels whose centres the brush passes over, without gaps or stairs', () => {
    const way = [
      { x: 3.2, y: 4.1 },
      { x: 9.7, y: 6.4 },
      { x: 9.9, y: 13.3 },
      { x: 20.5, y: 2.2 },
    ];
    const distance = (x: number, y: number) =>
      Math.min(
        ...way.map((to, index) => {
          const from = way[Math.max(0, index - 1)]!;
          const length = (to.x - from.x) ** 2 + (to.y - from.y) ** 2;
          const along =
            length === 0 ? 0 : ((x - from.x) * (to.x - from.x) + (y - from.y) * (to.y - from.y)) / length;
          const t = Math.min(1, Math.max(0, along));
          return Math.hypot(x - from.x - t * (to.x - from.x), y - from.y - t * (to.y - from.y));
        }),
      );
    for (const diameter of [3, 5.5, 9]) {
      const mask = strokeMask(
        way,
        way.map(() => diameter),
        image,
      );
      const expected = bitsWhere((x, y) => distance(x + 0.5, y + 0.5) <= diameter / 2);
      expect(mask).toEqual(rle(expected));
    }
  });
  test('of a small brush covers the pixel under it, and none outside the picture', () => {
    const mask = strokeMask([{ x: 5.9, y: 3.1 }], [0.4], image);
    expect(mask).toEqual(rle(bitsWhere((x, y) => x === 5 && y === 3)));
    expect(isEmpty(strokeMask([{ x: -30, y: 3 }], [4], image))).toBe(true);
  });
});

test('rings become the pixels that training sees in them', () => {
  const rings: Point[][] = [
    [
      [2.3, 1.2],
      [20.1, 3.7],
      [12.4, 15.9],
      [4.6, 11.7],
    ],
    [
      [8.1, 5.1],
      [13, 6],
      [10.2, 9.1],
    ],
  ];
  const expected = rasterize([{ kind: 'polygon', rings }], width, height, width, height);
  expect(maskOfRings(rings, image)).toEqual(rle(expected));
});

test('growing adds what lies within the radius, shrinking takes what lies within it of the outside', () => {
  const bits = speckled(7, 0.15);
  const within = (radius: number, value: number) =>
    bitsWhere((x, y) => {
      for (let dy = -radius; dy <= radius; dy += 1)
        for (let dx = -radius; dx <= radius; dx += 1) {
          const [column, row] = [x + dx, y + dy];
          if (dx ** 2 + dy ** 2 > radius ** 2 || column < 0 || row < 0 || column >= width || row >= height)
            continue;
          if (bits[row * width + column] === value) return true;
        }
      return false;
    });
  expect(grownMask(rle(bits), 2)).toEqual(rle(within(2, 1)));
  const dense = grownMask(rle(bits), 2);
  const shrunk = decodeRle(grownMask(dense, -2));
  expect(shrunk.every((bit, at) => bit >= bits[at]!)).toBe(true);
  expect(grownMask(rle(bits), -1)).toEqual(rle(within(1, 0).map((bit) => 1 - bit)));
});

test('parts hang together by sides, not by corners', () => {
  const bits = bitsWhere(
    (x, y) =>
      (x >= 2 && x < 5 && y >= 2 && y < 5) ||
      (x === 5 && y === 5) ||
      (x >= 10 && x < 15 && (y === 1 || y === 9 || x === 14)),
  );
  const parts = partsOf(rle(bits));
  expect(parts).toHaveLength(3);
  expect(parts.reduce((sum, part) => combined(sum, part, 'union'), emptyMask(image))).toEqual(rle(bits));
  for (let seed = 1; seed < 10; seed += 1) {
    const speckles = partsOf(rle(speckled(seed)));
    expect(speckles.reduce((sum, part) => combined(sum, part, 'union'), emptyMask(image))).toEqual(
      rle(speckled(seed)),
    );
  }
});

test('what a mask encloses is filled, a bay is not', () => {
  const around = (x: number, y: number) => Math.abs(x - 8) <= 4 && Math.abs(y - 8) <= 4;
  const hole = (x: number, y: number) => Math.abs(x - 8) <= 2 && Math.abs(y - 8) <= 2;
  const ring = bitsWhere((x, y) => around(x, y) && !hole(x, y));
  expect(filledMask(rle(ring))).toEqual(rle(bitsWhere(around)));
  const open = bitsWhere((x, y) => around(x, y) && !hole(x, y) && !(x === 8 && y < 8));
  expect(filledMask(rle(open))).toEqual(rle(open));
});
