// Unions of polygons: pixel for pixel those of pycocotools, and no input makes them take long.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Point } from '../../../src-main/contracts/geometry.ts';
import { areaOfRle, checkRle, rleToString, unionOfPolygons } from '../../../src-main/imaging/index.ts';

interface Case {
  size: [number, number];
  parts: number[][];
  string: string;
  area: number;
  overlaps: boolean;
}
const { cases } = JSON.parse(
  readFileSync(new URL('../../fixtures/imaging/polygon-union.json', import.meta.url), 'utf8'),
) as { cases: Case[] };

const ringOf = (numbers: readonly number[]): Point[] =>
  Array.from({ length: numbers.length / 2 }, (_, i) => [numbers[2 * i], numbers[2 * i + 1]]);
const square = (x: number, y: number, side: number): Point[] =>
  ringOf([x, y, x + side, y, x + side, y + side, x, y + side]);

describe('the union of polygons', () => {
  it('is that of pycocotools, run for run, for parts inside, across and far outside the picture', () => {
    expect(cases.length).toBeGreaterThan(100);
    for (const { size, parts, string, area, overlaps } of cases) {
      const [height, width] = size;
      const union = unionOfPolygons(parts.map(ringOf), width, height)!;
      checkRle(union.rle);
      expect([rleToString(union.rle), areaOfRle(union.rle), union.overlaps]).toEqual([
        string,
        area,
        overlaps,
      ]);
    }
  });

  it('tells parts that overlap from parts that only touch', () => {
    const areaAndOverlap = (...rings: Point[][]) => {
      const { rle, overlaps } = unionOfPolygons(rings, 100, 80)!;
      return [areaOfRle(rle), overlaps];
    };
    expect(areaAndOverlap(square(10, 10, 30), square(20, 20, 30))).toEqual([1400, true]);
    expect(areaAndOverlap(square(10, 10, 30), square(40, 10, 30))).toEqual([1800, false]);
    expect(areaAndOverlap(square(10, 10, 30), square(10, 40, 30))).toEqual([1800, false]);
    expect(areaAndOverlap(square(200, 200, 30), square(210, 210, 30))).toEqual([0, false]);
  });

  it('looks at no more than the picture, however far its points lie', () => {
    const far = 1e15;
    const { rle } = unionOfPolygons([square(-far, -far, 2 * far), square(-far, -far, far / 2)], 100, 80)!;
    expect(areaOfRle(rle)).toBe(8000);
    const steep = ringOf([50, -far, 60, far, 40, far]);
    expect(areaOfRle(unionOfPolygons([steep], 100, 80)!.rle)).toBeLessThan(8000);
  });

  it('refuses an outline that crosses the picture many million times', () => {
    const zigzag = Array.from({ length: 50_000 }, (_, i): Point => [i % 2 === 0 ? 0 : 600, i % 7]);
    expect(unionOfPolygons([zigzag, zigzag], 600, 600)).toBeNull();
  });
});
