// Run-length masks against pycocotools' own output, and what damaged ones are answered.

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundsOf } from '../../../src-main/contracts/geometry.ts';
import {
  areaOfRle,
  decodeRle,
  encodeRle,
  rleFromString,
  rleToString,
} from '../../../src-main/imaging/index.ts';

interface Case {
  name: string;
  size: [number, number];
  counts: number[];
  string: string;
  area: number;
  bbox: [number, number, number, number];
}
const fixture = new URL('../../fixtures/imaging/rle-coco.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(fixture, 'utf8')) as { cases: Case[] };

describe('run-length masks', () => {
  it.each(cases)('agree with pycocotools: $name', ({ size: [height, width], counts, string, area, bbox }) => {
    const rle = rleFromString(string, width, height);
    expect(rle.counts).toEqual(counts);
    expect(rleToString({ width, height, counts })).toBe(string);
    expect(areaOfRle(rle)).toBe(area);
    const [x, y, w, h] = bbox;
    expect(boundsOf({ kind: 'mask', rle })).toEqual(area === 0 ? null : { x, y, width: w, height: h });
    expect(encodeRle(decodeRle(rle), width, height).counts).toEqual(counts);
  });

  it('keep any mask through encoding, the string, and decoding', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }).chain((width) =>
          fc.tuple(
            fc.constant(width),
            fc.integer({ min: 1, max: 40 }).chain((height) =>
              fc.array(fc.integer({ min: 0, max: 1 }), {
                minLength: width * height,
                maxLength: width * height,
              }),
            ),
          ),
        ),
        ([width, pixels]) => {
          const mask = Uint8Array.from(pixels);
          const height = pixels.length / width;
          const text = rleToString(encodeRle(mask, width, height));
          expect(decodeRle(rleFromString(text, width, height))).toEqual(mask);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('are read in columns, zeros first', () => {
    // 2 high, 3 wide; the set pixels are the middle column's and the last column's first.
    expect([...decodeRle({ width: 3, height: 2, counts: [2, 3, 1] })]).toEqual([0, 1, 1, 0, 1, 0]);
  });

  it.each([
    ['runs that do not fill the mask', [3, 2]],
    ['runs that overfill it', [3, 4]],
    ['a negative run', [7, -1]],
    ['a fraction', [5.5, 0.5]],
  ])('refuse %s', (_, counts) => {
    expect(() => decodeRle({ width: 3, height: 2, counts })).toThrow(
      expect.objectContaining({ code: 'bad-input' }),
    );
  });

  it.each(['\u0001', 'P', 'PPPPPPPPPPPPPPPP1', 'é'])('refuse a damaged string (%j)', (text) => {
    expect(() => rleFromString(text, 3, 2)).toThrow(expect.objectContaining({ code: 'bad-input' }));
  });
});
