// Shapes become masks by their pixels' centres, at any size.

import { describe, expect, it } from 'vitest';
import type { Shape } from '../../../src-main/contracts/geometry.ts';
import { encodeRle, rasterize } from '../../../src-main/imaging/index.ts';

const box = (x: number, y: number, width: number, height: number): Shape => ({
  kind: 'box',
  box: { x, y, width, height },
});
const count = (mask: Uint8Array) => mask.reduce((sum, value) => sum + value, 0);
const rows = (mask: Uint8Array, width: number) =>
  Array.from({ length: mask.length / width }, (_, y) => mask.slice(y * width, (y + 1) * width).join(''));

describe('rasterize', () => {
  it('covers exactly the pixels of a whole-numbered box', () => {
    expect(rows(rasterize([box(1, 1, 2, 1)], 4, 3, 4, 3), 4)).toEqual(['0000', '0110', '0000']);
  });

  it('sets a pixel when its centre is inside, the left edge in and the right edge out', () => {
    expect(rows(rasterize([box(0.5, 0, 1, 1)], 3, 1, 3, 1), 3)).toEqual(['100']);
    expect(rows(rasterize([box(0.51, 0, 1, 1)], 3, 1, 3, 1), 3)).toEqual(['010']);
  });

  it('stretches a picture of another shape to the square', () => {
    const mask = rasterize([box(100, 0, 100, 50)], 200, 100, 4);
    expect(rows(mask, 4)).toEqual(['0011', '0011', '0000', '0000']);
  });

  it('never loses an object that is smaller than a pixel', () => {
    const mask = rasterize([box(100.2, 50.1, 0.4, 0.4)], 1000, 1000, 10);
    expect(count(mask)).toBe(1);
    expect(mask[0 * 10 + 1]).toBe(1);
    const dot: Shape = { kind: 'mask', rle: { width: 1000, height: 1000, counts: [999_999, 1] } };
    expect(rasterize([dot], 1000, 1000, 10)[99]).toBe(1);
  });

  it('leaves a shape outside the picture out', () => {
    expect(count(rasterize([box(20, 20, 5, 5)], 10, 10, 10))).toBe(0);
  });

  it('fills polygons even-odd, so an inner ring is a hole', () => {
    const shape: Shape = {
      kind: 'polygon',
      rings: [
        [
          [0, 0],
          [5, 0],
          [5, 5],
          [0, 5],
        ],
        [
          [2, 2],
          [3, 2],
          [3, 3],
          [2, 3],
        ],
      ],
    };
    expect(rows(rasterize([shape], 5, 5, 5), 5)).toEqual(['11111', '11111', '11011', '11111', '11111']);
  });

  it('fills a triangle with the pixels whose centres it holds', () => {
    const shape: Shape = {
      kind: 'polygon',
      rings: [
        [
          [0, 0],
          [4, 0],
          [0, 4],
        ],
      ],
    };
    expect(rows(rasterize([shape], 4, 4, 4), 4)).toEqual(['1110', '1100', '1000', '0000']);
  });

  it('joins shapes', () => {
    expect(rows(rasterize([box(0, 0, 2, 1), box(1, 0, 2, 1)], 4, 1, 4, 1), 4)).toEqual(['1110']);
  });

  it('reads a mask at the same size unchanged and at others by its pixels under the centres', () => {
    const pixels = Uint8Array.from({ length: 48 }, (_, i) => ((i * 7919) % 5 < 2 ? 1 : 0));
    const shape: Shape = { kind: 'mask', rle: encodeRle(pixels, 8, 6) };
    expect(rasterize([shape], 8, 6, 8, 6)).toEqual(pixels);
    const doubled = rasterize([shape], 8, 6, 16, 12);
    for (let y = 0; y < 12; y++)
      for (let x = 0; x < 16; x++) expect(doubled[y * 16 + x]).toBe(pixels[(y >> 1) * 8 + (x >> 1)]);
    const thirded = rasterize([shape], 8, 6, 4, 2);
    for (let y = 0; y < 2; y++)
      for (let x = 0; x < 4; x++) expect(thirded[y * 4 + x]).toBe(pixels[(3 * y + 1) * 8 + 2 * x + 1]);
  });

  it('agrees with itself for a box said as a box, a polygon and a mask', () => {
    const polygon: Shape = {
      kind: 'polygon',
      rings: [
        [
          [3, 2],
          [17, 2],
          [17, 11],
          [3, 11],
        ],
      ],
    };
    const full = rasterize([box(3, 2, 14, 9)], 20, 15, 20, 15);
    const mask: Shape = { kind: 'mask', rle: encodeRle(full, 20, 15) };
    const expected = rasterize([box(3, 2, 14, 9)], 20, 15, 10);
    expect(rasterize([polygon], 20, 15, 10)).toEqual(expected);
    expect(count(rasterize([mask], 20, 15, 10))).toBeGreaterThan(0);
  });
});
