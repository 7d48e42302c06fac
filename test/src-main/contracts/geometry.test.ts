import { describe, expect, it } from 'vitest';
import { boundsOf, intersectionOverUnion } from '../../../src-main/contracts/geometry.ts';

describe('geometry', () => {
  it('gives two half-overlapping boxes a third', () => {
    const a = { x: 0, y: 0, width: 2, height: 1 };
    expect(intersectionOverUnion(a, { ...a, x: 1 })).toBeCloseTo(1 / 3, 12);
  });

  it('gives disjoint and touching boxes zero, never a negative overlap', () => {
    const a = { x: 0, y: 0, width: 1, height: 1 };
    expect(intersectionOverUnion(a, { ...a, x: 1 })).toBe(0);
    expect(intersectionOverUnion(a, { ...a, x: 5, y: 5 })).toBe(0);
  });

  it('bounds a mask tightly, runs that cross columns included', () => {
    // 3 wide, 4 high, column-major: column 1 rows 2..3 and column 2 row 0 are set.
    const rle = { width: 3, height: 4, counts: [6, 3, 3] };
    expect(boundsOf({ kind: 'mask', rle })).toEqual({ x: 1, y: 0, width: 2, height: 4 });
    expect(boundsOf({ kind: 'mask', rle: { width: 3, height: 4, counts: [12] } })).toBeNull();
  });
});
