// What lies under the pointer. 2,000 shapes are tested one after the other: that is some ten microseconds,
// less than any index would cost to keep.

import type { Box, Point } from '../../src-main/contracts/index.ts';
import { handleNames, type HandleName } from './box-edits.ts';
import { isSet } from './masks.ts';
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
export function shapeAt(
  shapes: readonly CanvasShape[],
  viewport: Viewport,
  imagePoint: XY,
): CanvasShape | null {
  const tolerance = EDGE_HIT_PX / viewport.scale;
  let best: CanvasShape | null = null;
  let bestArea = Infinity;
  // Backwards: of two equal ones the upper wins.
  for (let index = shapes.length - 1; index >= 0; index -= 1) {
    const candidate = shapes[index]!;
    const box = bounds(candidate.shape);
    if (
      imagePoint.x < box.x - tolerance ||
      imagePoint.y < box.y - tolerance ||
      imagePoint.x > box.x + box.width + tolerance ||
      imagePoint.y > box.y + box.height + tolerance
    )
      continue;
    const size = area(candidate.shape);
    if (size < bestArea && holds(candidate, imagePoint, tolerance)) {
      best = candidate;
      bestArea = size;
    }
  }
  return best;
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
    ring.some(([ax, ay], index) => {
      const [bx, by] = ring[(index + 1) % ring.length]!;
      const length = (bx - ax) ** 2 + (by - ay) ** 2;
      const along = length === 0 ? 0 : ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length;
      const t = Math.min(1, Math.max(0, along));
      return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay)) <= tolerance;
    }),
  );
}
