// Outlines of masks: filled again they are the mask, whatever it looks like.

import { describe, expect, it } from 'vitest';
import { bridged, outlineOfMask } from '../../../src-main/imaging/contours.ts';
import { encodeRle, rasterize } from '../../../src-main/imaging/index.ts';

const mask = (rows: readonly string[]) => Uint8Array.from(rows.join(''), (sign) => (sign === '#' ? 1 : 0));

describe('the outline of a mask', () => {
  it('goes round a rectangle in four corners', () => {
    expect(outlineOfMask(encodeRle(mask(['....', '.##.', '.##.', '....']), 4, 4))).toEqual([
      [
        [3, 1],
        [3, 3],
        [1, 3],
        [1, 1],
      ],
    ]);
  });

  it('has a ring of its own for a hole, and for a part that touches at a corner', () => {
    const ring = mask(['###.', '#.#.', '###.', '...#']);
    expect(outlineOfMask(encodeRle(ring, 4, 4))).toHaveLength(3);
  });

  it('gives the mask again when it is filled, as rings and as one', () => {
    let seed = 7;
    const chance = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
    for (let round = 0; round < 60; round++) {
      const [width, height] = [1 + Math.floor(chance() * 12), 1 + Math.floor(chance() * 12)];
      const pixels = Uint8Array.from({ length: width * height }, () => (chance() < 0.55 ? 1 : 0));
      const rings = outlineOfMask(encodeRle(pixels, width, height));
      if (rings.length === 0) continue;
      for (const filled of [rings, [bridged(rings)]])
        expect([...rasterize([{ kind: 'polygon', rings: filled }], width, height, width, height)]).toEqual([
          ...pixels,
        ]);
    }
  });
});
