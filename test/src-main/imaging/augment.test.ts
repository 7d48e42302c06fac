// Pixels and regions move together, dice are reproducible, and the outside is really replaced.

import { describe, expect, it } from 'vitest';
import {
  Augmenter,
  drawOthers,
  noAugmentation,
  outsideShare,
  replaceOutside,
  writeComposite,
  type AugmentSettings,
} from '../../../src-main/imaging/index.ts';

const size = 8;
const plane = size * size;

/** Deterministic numbers in [0, 1): a Weyl sequence. */
function weyl(start = 0): () => number {
  let at = start;
  return () => (at = (at + 0.6180339887498949) % 1);
}
/** Every pixel different in every channel, so that any move is seen. */
const distinct = () =>
  Uint8Array.from({ length: plane * 3 }, (_, i) => (Math.floor(i / 3) * 3 + (i % 3) * 61) % 256);
const boxMask = (x0: number, y0: number, x1: number, y1: number) =>
  Uint8Array.from({ length: plane }, (_, i) => {
    const x = i % size;
    const y = Math.floor(i / size);
    return x >= x0 && x < x1 && y >= y0 && y < y1 ? 1 : 0;
  });
const batchOf = (count: number) => ({
  images: new Float32Array(count * 3 * plane).fill(-1),
  masks: new Float32Array(count * plane).fill(-1),
});
const settings = (more: Partial<AugmentSettings>): AugmentSettings => ({ ...noAugmentation, ...more });

describe('augmentation', () => {
  it('without any changes the bytes to planes in [0, 1] and nothing else', () => {
    const pixels = distinct();
    const mask = boxMask(1, 2, 4, 7);
    const batch = batchOf(2);
    new Augmenter(size, noAugmentation).fill([pixels, pixels], [mask, null], weyl(), batch);
    for (let i = 0; i < plane; i++) {
      for (let c = 0; c < 3; c++)
        expect(batch.images[c * plane + i]).toBe(Math.fround(pixels[3 * i + c] / 255));
      expect(batch.masks[i]).toBe(mask[i]);
      expect(batch.masks[plane + i]).toBe(0);
    }
  });

  it('moves the region with the pixels, under mirroring and shifting', () => {
    // The red channel is the mask itself, so the two must stay equal however they are moved.
    const mask = boxMask(2, 1, 6, 4);
    const pixels = new Uint8Array(plane * 3);
    mask.forEach((value, i) => (pixels[3 * i] = 255 * value));
    const augmenter = new Augmenter(size, settings({ flip: true, shift: 0.4 }));
    const uniform = weyl(0.1);
    const seen = new Set<string>();
    for (let round = 0; round < 40; round++) {
      const batch = batchOf(1);
      augmenter.fill([pixels], [mask], uniform, batch);
      expect(batch.images.subarray(0, plane)).toEqual(batch.masks);
      seen.add(batch.masks.join(''));
    }
    expect(seen.size).toBeGreaterThan(10);
  });

  it('mirrors every second picture or so', () => {
    const pixels = distinct();
    const augmenter = new Augmenter(size, settings({ flip: true }));
    const uniform = weyl(0.3);
    let mirrored = 0;
    for (let round = 0; round < 200; round++) {
      const batch = batchOf(1);
      augmenter.fill([pixels], [null], uniform, batch);
      const first = batch.images[0];
      if (first === Math.fround(pixels[3 * (size - 1)] / 255)) mirrored++;
      else expect(first).toBe(Math.fround(pixels[0] / 255));
    }
    expect(mirrored).toBeGreaterThan(60);
    expect(mirrored).toBeLessThan(140);
  });

  it('fills the rim of a shifted picture by reflection', () => {
    const pixels = distinct();
    const batch = batchOf(1);
    // Dice: outside, lender, flip, then dx = floor(0.999 * 5) - 2 = 2, dy = 0.
    const dice = [0, 0, 0.9, 0.999, 0.5];
    new Augmenter(size, settings({ shift: 0.25 })).fill([pixels], [null], () => dice.shift()!, batch);
    const row = Array.from(batch.images.subarray(0, size), (value) => Math.round(value * 255));
    const source = Array.from({ length: size }, (_, x) => pixels[3 * x]);
    expect(row).toEqual([source[2], source[1], ...source.slice(0, size - 2)]);
  });

  it('gives the same batch for the same dice, and draws as many whatever the settings', () => {
    const images = [distinct(), distinct().reverse(), distinct()];
    const masks = [boxMask(1, 1, 5, 5), null, boxMask(3, 3, 8, 8)];
    const draws = (more: Partial<AugmentSettings>) => {
      let count = 0;
      const uniform = weyl(0.7);
      const batch = batchOf(3);
      new Augmenter(size, settings(more)).fill(images, masks, () => (count++, uniform()), batch);
      return { count, batch };
    };
    const all = { flip: true, shift: 0.3, outside: 'swap', outsideProbability: 1 } as const;
    expect(draws(all)).toEqual(draws(all));
    expect(draws(all).count).toBe(draws({}).count);
  });

  it('replaces the outside of about the asked share of the pictures that have a region', () => {
    const images = Array.from({ length: 100 }, distinct);
    const masks = images.map((_, i) => (i % 4 === 3 ? null : boxMask(2, 2, 6, 6)));
    const augmenter = new Augmenter(size, settings({ outside: 'black', outsideProbability: 0.5 }));
    const batch = batchOf(100);
    const replaced = augmenter.fill(images, masks, weyl(0.2), batch);
    expect(replaced).toBeGreaterThan(20);
    expect(replaced).toBeLessThan(55);
    let black = 0;
    for (let i = 0; i < 100; i++) {
      const outside = batch.images[i * 3 * plane + plane - 1];
      if (outside === 0) black++;
      if (masks[i] === null) expect(outside).not.toBe(0);
    }
    expect(black).toBe(replaced);
  });

  it('swaps nothing when no other picture has an outside to lend', () => {
    const whole = boxMask(0, 0, size, size);
    const images = [distinct(), distinct(), distinct()];
    const augmenter = new Augmenter(size, settings({ outside: 'swap', outsideProbability: 1 }));
    const batch = batchOf(3);
    expect(augmenter.fill(images, [boxMask(1, 1, 3, 3), whole, null], weyl(), batch)).toBe(1);
    // The one that was replaced is the whole-frame picture, which has no outside to show it.
    expect(batch.images[0]).toBe(Math.fround(images[0][0] / 255));
  });
});

describe('replacing the outside', () => {
  const mask = boxMask(2, 3, 5, 7);
  const inside = (pixels: Uint8Array) => [...pixels].filter((_, i) => mask[Math.floor(i / 3)] === 1);
  const outside = (pixels: Uint8Array) => [...pixels].filter((_, i) => mask[Math.floor(i / 3)] === 0);

  it.each(['black', 'grey', 'blur'] as const)('with %s leaves every inside pixel as it was', (kind) => {
    const out = new Uint8Array(plane * 3);
    replaceOutside(distinct(), mask, size, { kind }, out);
    expect(inside(out)).toEqual(inside(distinct()));
    expect(outside(out)).not.toEqual(outside(distinct()));
    if (kind !== 'blur') expect(new Set(outside(out))).toEqual(new Set([kind === 'black' ? 0 : 128]));
  });

  it('with a blur lets nothing of the object out', () => {
    const grey = new Uint8Array(plane * 3).fill(100);
    const red = Uint8Array.from(grey, (value, i) =>
      mask[Math.floor(i / 3)] === 1 ? [255, 0, 0][i % 3] : value,
    );
    const out = new Uint8Array(plane * 3);
    replaceOutside(red, mask, size, { kind: 'blur' }, out);
    expect(new Set(outside(out))).toEqual(new Set([100]));
  });

  it('with a blur melts a small mark', () => {
    const side = 64;
    const pixels = new Uint8Array(side * side * 3).fill(100);
    for (let y = 4; y < 12; y++) for (let x = 4; x < 12; x++) pixels[3 * (y * side + x)] = 255;
    const region = new Uint8Array(side * side);
    region.fill(1, 40 * side, 60 * side);
    const out = new Uint8Array(pixels.length);
    replaceOutside(pixels, region, side, { kind: 'blur' }, out);
    const reds = out.filter((_, i) => i % 3 === 0);
    expect(Math.max(...reds) - 100).toBeLessThan(155 / 2);
  });

  it("with another picture's shows that picture's outside and nothing of its object", () => {
    const lenderMask = boxMask(1, 1, 7, 6);
    const lender = Uint8Array.from({ length: plane * 3 }, (_, i) =>
      lenderMask[Math.floor(i / 3)] === 1 ? 250 : 40,
    );
    const out = new Uint8Array(plane * 3);
    replaceOutside(distinct(), mask, size, { kind: 'swap', pixels: lender, mask: lenderMask }, out);
    expect(inside(out)).toEqual(inside(distinct()));
    expect(new Set(outside(out))).toEqual(new Set([40]));
  });

  it.each([
    ['in the first rows', boxMask(0, 0, 8, 3)],
    ['in the last rows', boxMask(0, 6, 8, 8)],
    ['in rows between', boxMask(0, 2, 8, 5)],
    ['at the left edge', boxMask(0, 0, 6, 8)],
    ['at the right edge', boxMask(3, 0, 8, 8)],
    ['in two parts', Uint8Array.from(boxMask(0, 0, 2, 8), (v, i) => v | boxMask(6, 0, 8, 8)[i])],
  ])("paints over a lender's object %s", (_, lenderMask) => {
    const lender = Uint8Array.from({ length: plane * 3 }, (_v, i) =>
      lenderMask[Math.floor(i / 3)] === 1 ? 250 : 40,
    );
    const out = new Uint8Array(plane * 3);
    const none = new Uint8Array(plane);
    replaceOutside(distinct(), none, size, { kind: 'swap', pixels: lender, mask: lenderMask }, out);
    expect(new Set(out)).toEqual(new Set([40]));
  });

  it('knows the share that is outside', () => {
    expect(outsideShare(boxMask(0, 0, 4, 8))).toBe(0.5);
  });
});

describe('composites', () => {
  it('have the picture in the asked cell and the others round it', () => {
    const count = 4;
    const images = new Float32Array(count * 3 * plane);
    for (let i = 0; i < count; i++) images.fill(i + 1, i * 3 * plane, (i + 1) * 3 * plane);
    const out = new Float32Array(count * 3 * plane * 4);
    writeComposite(images, 0, images, [1, 2, 3], 2, size, out);
    const side = 2 * size;
    const corner = (x: number, y: number, c: number) => out[(c * side + y) * side + x];
    for (let c = 0; c < 3; c++)
      expect([
        corner(0, 0, c),
        corner(side - 1, 0, c),
        corner(0, side - 1, c),
        corner(side - 1, side - 1, c),
      ]).toEqual([2, 3, 1, 4]);
    expect(out.subarray(3 * side * side).every((value) => value === 0)).toBe(true);
  });

  it('take the others from other classes only', () => {
    const byClass = [[0, 1], [2, 3, 4], [], [5]];
    const seen = new Set<number>();
    const uniform = weyl();
    for (let i = 0; i < 100; i++) for (const other of drawOthers(byClass, 1, uniform)!) seen.add(other);
    expect([...seen].sort()).toEqual([0, 1, 5]);
    expect(drawOthers([[0, 1], []], 0, uniform)).toBeNull();
  });
});
