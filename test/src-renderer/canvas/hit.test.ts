// What lies under the pointer.

import { describe, expect, test } from 'vitest';
import { handleAt, handlePlaces, insideRings, shapeAt } from '../../../src-renderer/canvas/hit.ts';
import type { CanvasShape } from '../../../src-renderer/canvas/shapes.ts';
import type { Shape } from '../../../src-main/contracts/index.ts';

const viewport = { scale: 2, x: 100, y: 50 };
const box = (id: number, x: number, y: number, width: number, height: number): CanvasShape =>
  shape(id, { kind: 'box', box: { x, y, width, height } });
const shape = (id: number, form: Shape): CanvasShape => ({
  id,
  shape: form,
  position: null,
  label: '',
  locked: false,
});

describe('shapes', () => {
  test('of two boxes that hold the point the smaller is taken, whatever their order', () => {
    const large = box(1, 0, 0, 100, 100);
    const small = box(2, 40, 40, 10, 10);
    expect(shapeAt([large, small], viewport, { x: 45, y: 45 })?.id).toBe(2);
    expect(shapeAt([small, large], viewport, { x: 45, y: 45 })?.id).toBe(2);
    expect(shapeAt([small, large], viewport, { x: 60, y: 60 })?.id).toBe(1);
  });

  test('of two equal boxes the upper is taken', () => {
    expect(shapeAt([box(1, 0, 0, 9, 9), box(2, 0, 0, 9, 9)], viewport, { x: 4, y: 4 })?.id).toBe(2);
  });

  test('a line can be met a few screen pixels beside it, at any zoom', () => {
    const shapes = [box(1, 10, 10, 20, 20)];
    expect(shapeAt(shapes, viewport, { x: 8, y: 15 })?.id).toBe(1); // 4 screen px away
    expect(shapeAt(shapes, viewport, { x: 5, y: 15 })).toBeNull(); // 10 screen px away
    expect(shapeAt(shapes, { ...viewport, scale: 0.5 }, { x: 5, y: 15 })?.id).toBe(1); // 2.5 away
  });

  test('a mask is held by its pixels only, not by its bounds', () => {
    // An L: the first column and the last row of 4 x 4.
    const rle = { width: 4, height: 4, counts: [0, 4, 3, 1, 3, 1, 3, 1] };
    const mask = shape(1, { kind: 'mask', rle });
    expect(shapeAt([mask], viewport, { x: 0.5, y: 0.5 })?.id).toBe(1);
    expect(shapeAt([mask], viewport, { x: 2.5, y: 0.5 })).toBeNull();
    expect(shapeAt([mask], viewport, { x: 2.5, y: 3.5 })?.id).toBe(1);
  });

  test('a hole in a polygon is not the polygon', () => {
    const square = (from: number, to: number): [number, number][] => [
      [from, from],
      [to, from],
      [to, to],
      [from, to],
    ];
    const rings = [square(0, 100), square(30, 70)];
    expect(insideRings(rings, 10, 50)).toBe(true);
    expect(insideRings(rings, 50, 50)).toBe(false);
    expect(insideRings(rings, 150, 50)).toBe(false);
    expect(shapeAt([shape(3, { kind: 'polygon', rings })], viewport, { x: 50, y: 50 })).toBeNull();
    expect(shapeAt([shape(3, { kind: 'polygon', rings })], viewport, { x: 31, y: 50 })?.id).toBe(3);
  });
});

describe('handles', () => {
  const frame = { x: 0, y: 0, width: 50, height: 40 }; // on the screen 100..200, 50..130

  test('are hit within 8 px of their middle', () => {
    expect(handleAt(viewport, frame, { x: 107, y: 57 })).toBe('nw');
    expect(handleAt(viewport, frame, { x: 150, y: 44 })).toBe('n');
    expect(handleAt(viewport, frame, { x: 200, y: 130 })).toBe('se');
    expect(handleAt(viewport, frame, { x: 150, y: 90 })).toBeNull();
    expect(handleAt(viewport, frame, { x: 110, y: 70 })).toBeNull();
  });

  test('of a tiny box lie outside it, so that each can be met', () => {
    const tiny = { x: 0, y: 0, width: 4, height: 4 };
    const places = handlePlaces(viewport, tiny);
    expect(places.find(({ name }) => name === 'nw')).toMatchObject({ x: 92, y: 42 });
    for (const { name, x, y } of places) expect(handleAt(viewport, tiny, { x, y })).toBe(name);
  });
});
