// What lies under the pointer. 2,000 shapes are tested one after the other: that is some ten microseconds,
// less than any index would cost to keep.

import type { Box, Point, Rle } from '../../src-main/contracts/index.ts';
import { handleNames, type HandleName } from './box-edits.ts';
import { eachRun, isSet } from './masks.ts';
import { distanceTo } from './rings.ts';
import { area, bounds, type CanvasShape } from './shapes.ts';
import { boxToScreen, type Viewport, type XY } from './viewport.ts';

/** A handle is 9 px; its target is larger. */
const HANDLE_HIT_PX = 16;
const EDGE_HIT_PX = 5;
/** Boxes with a side under this show their handles outside. */
const SMALL_BOX_PX = 12;
const OUTSIDE_PX = 8;

/** Middles of the eight handles on the screen. */
export function handlePlaces(viewport: Viewport, box: Box): { name: HandleName; x: number; y: number }[] {
  const screen = boxToScreen(viewport, box);
  const outX = screen.width < SMALL_BOX_PX ? OUTSIDE_PX : 0;
  const outY = screen.height < SMALL_BOX_PX ? OUTSIDE_PX : 0;
  const left = screen.x - outX;
  const top = screen.y - outY;
  const right = screen.x + screen.width + outX;
  const bottom = screen.y + screen.height + outY;
  return handleNames.map((name) => ({
    name,
    x: name.includes('w') ? left : name.includes('e') ? right : (left + right) / 2,
    y: name.includes('n') ? top : name.includes('s') ? bottom : (top + bottom) / 2,
  }));
}

/** The nearest handle whose square of side `sizePx` holds the point. */
export function handleAt(
  viewport: Viewport,
  box: Box,
  screenPoint: XY,
  sizePx = HANDLE_HIT_PX,
): HandleName | null {
  let best: HandleName | null = null;
  let bestDistance = Infinity;
  for (const { name, x, y } of handlePlaces(viewport, box)) {
    const dx = Math.abs(x - screenPoint.x);
    const dy = Math.abs(y - screenPoint.y);
    const distance = Math.hypot(dx, dy);
    if (Math.max(dx, dy) <= sizePx / 2 && distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/**
 * The shape under a point: the smallest of those that hold it, so that a box inside another can be
 * reached. A line near the pointer counts as held.
 */
export const shapeAt = (
  shapes: readonly CanvasShape[],
  viewport: Viewport,
  imagePoint: XY,
): CanvasShape | null => shapesAt(shapes, viewport, imagePoint)[0] ?? null;

/** All that hold the point, the smallest first; of two equal ones the upper. */
export function shapesAt(shapes: readonly CanvasShape[], viewport: Viewport, imagePoint: XY): CanvasShape[] {
  const tolerance = EDGE_HIT_PX / viewport.scale;
  return shapes
    .filter((candidate) => {
      const box = bounds(candidate.shape);
      return (
        imagePoint.x >= box.x - tolerance &&
        imagePoint.y >= box.y - tolerance &&
        imagePoint.x <= box.x + box.width + tolerance &&
        imagePoint.y <= box.y + box.height + tolerance &&
        holds(candidate, imagePoint, tolerance)
      );
    })
    .reverse()
    .sort((one, other) => area(one.shape) - area(other.shape));
}

/** What a rubber band takes: shapes of which it meets a part, not only the bounds. */
export function shapesIn(shapes: readonly CanvasShape[], band: Box): CanvasShape[] {
  const right = band.x + band.width;
  const bottom = band.y + band.height;
  return shapes.filter(({ shape }) => {
    const box = bounds(shape);
    if (box.x > right || box.y > bottom || box.x + box.width < band.x || box.y + box.height < band.y)
      return false;
    if (shape.kind === 'box') return !isInside(band, box);
    if (shape.kind === 'mask') return reachesInto(shape.rle, band);
    const corners: Point[] = [
      [band.x, band.y],
      [right, band.y],
      [right, bottom],
      [band.x, bottom],
    ];
    return shape.rings.some((ring) =>
      ring.some(([ax, ay], index) => {
        if (ax >= band.x && ax <= right && ay >= band.y && ay <= bottom) return true;
        const next = ring[(index + 1) % ring.length]!;
        return corners.some((corner, at) => crosses([ax, ay], next, corner, corners[(at + 1) % 4]!));
      }),
    );
  });
}

/** A band wholly inside a box means what lies in the box, not the box. */
const isInside = (band: Box, box: Box) =>
  band.x > box.x &&
  band.y > box.y &&
  band.x + band.width < box.x + box.width &&
  band.y + band.height < box.y + box.height;

function reachesInto(rle: Rle, band: Box): boolean {
  let result = false;
  eachRun(rle, (column, first, last) => {
    result ||=
      column + 1 > band.x &&
      column < band.x + band.width &&
      last + 1 > band.y &&
      first < band.y + band.height;
  });
  return result;
}

function crosses(a: Point, b: Point, c: Point, d: Point): boolean {
  const side = (from: Point, to: Point, point: Point) =>
    Math.sign((to[0] - from[0]) * (point[1] - from[1]) - (to[1] - from[1]) * (point[0] - from[0]));
  return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
}

function holds({ shape }: CanvasShape, { x, y }: XY, tolerance: number): boolean {
  if (shape.kind === 'box') return true;
  if (shape.kind === 'mask') return isSet(shape.rle, Math.floor(x), Math.floor(y));
  return insideRings(shape.rings, x, y) || nearRings(shape.rings, x, y, tolerance);
}

/** Even-odd rule over all rings. */
export function insideRings(rings: readonly Point[][], x: number, y: number): boolean {
  let inside = false;
  for (const ring of rings)
    for (let index = 0, before = ring.length - 1; index < ring.length; before = index++) {
      const [ax, ay] = ring[index]!;
      const [bx, by] = ring[before]!;
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
    }
  return inside;
}

function nearRings(rings: readonly Point[][], x: number, y: number, tolerance: number): boolean {
  return rings.some((ring) =>
    ring.some((a, index) => distanceTo([x, y], a, ring[(index + 1) % ring.length]!) <= tolerance),
  );
}
