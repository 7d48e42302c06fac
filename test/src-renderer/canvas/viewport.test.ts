// Where the picture lies on the screen.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  fit,
  MAX_SCALE,
  panBy,
  reveal,
  toImage,
  toScreen,
  visibleBox,
  zoomAt,
} from '../../../src-renderer/canvas/viewport.ts';

const image = { width: 600, height: 400 };
const canvas = { width: 800, height: 700 };

test('screen and image points are each other’s inverse', () => {
  const viewport = { scale: 2.5, x: -30, y: 12 };
  const point = { x: 17.25, y: 301 };
  const back = toImage(viewport, toScreen(viewport, point));
  expect(back.x).toBeCloseTo(point.x);
  expect(back.y).toBeCloseTo(point.y);
});

test('a fitted picture is whole, centred, and touches the margin on one side', () => {
  const viewport = fit(image, canvas, 24);
  const start = toScreen(viewport, { x: 0, y: 0 });
  const end = toScreen(viewport, { x: 600, y: 400 });
  expect(start.x).toBeCloseTo(24);
  expect(end.x).toBeCloseTo(776);
  expect(start.y).toBeCloseTo(700 - end.y);
});

test('a tiny picture is enlarged no further than single pixels are useful', () => {
  expect(fit({ width: 2, height: 2 }, canvas).scale).toBe(MAX_SCALE);
});

test('the point under the pointer stays there while zooming', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.5, max: 3, noNaN: true }),
      fc.integer({ min: 200, max: 600 }),
      fc.integer({ min: 200, max: 500 }),
      (factor, x, y) => {
        const before = fit(image, canvas);
        const at = { x, y };
        const after = zoomAt(before, at, factor, image, canvas);
        const one = toImage(before, at);
        const other = toImage(after, at);
        expect(other.x).toBeCloseTo(one.x, 6);
        expect(other.y).toBeCloseTo(one.y, 6);
      },
    ),
  );
});

test('zoom stops at both ends', () => {
  const start = fit(image, canvas);
  expect(zoomAt(start, { x: 400, y: 350 }, 1e9, image, canvas).scale).toBe(MAX_SCALE);
  const smallest = zoomAt(start, { x: 400, y: 350 }, 1e-9, image, canvas).scale;
  expect(smallest).toBeGreaterThan(0);
  expect(zoomAt({ ...start, scale: smallest }, { x: 1, y: 1 }, 0.5, image, canvas).scale).toBe(smallest);
});

test('a picture cannot be pushed out of sight', () => {
  const start = { scale: 1, x: 0, y: 0 };
  const far = panBy(start, 1e6, -1e6, image, canvas);
  const seen = visibleBox(far, canvas);
  expect(seen.x).toBeLessThan(600);
  expect(seen.x + seen.width).toBeGreaterThan(0);
  expect(seen.y).toBeLessThan(400);
});

describe('revealing a box', () => {
  const viewport = { scale: 1, x: 0, y: 0 };

  test('changes nothing when it is in sight', () => {
    expect(reveal(viewport, { x: 10, y: 10, width: 50, height: 50 }, canvas)).toEqual(viewport);
  });

  test('brings one beyond the right edge in', () => {
    const after = reveal(viewport, { x: 1000, y: 10, width: 50, height: 50 }, canvas);
    const right = toScreen(after, { x: 1050, y: 10 }).x;
    expect(right).toBeLessThanOrEqual(800);
    expect(right).toBeGreaterThan(700);
  });
});
