// The nearest place on the border of a shape that is there: neighbours that touch should share their line.

import type { Point } from '../../src-main/contracts/index.ts';
import { nearestOn } from './rings.ts';
import { bounds, type CanvasShape } from './shapes.ts';
import type { XY } from './viewport.ts';

const SNAP_PX = 12;
/** A corner draws the point from this far, before the line beside it does. */
const CORNER_PX = 7;

/** Null if no border is near. Borders of masks are stairs of pixels and do not count. */
export function snapped(shapes: readonly CanvasShape[], { x, y }: XY, scale: number): XY | null {
  const reach = SNAP_PX / scale;
  const point: Point = [x, y];
  let best: Point | null = null;
  let bestDistance = reach;
  for (const { shape } of shapes) {
    const box = bounds(shape);
    if (x < box.x - reach || y < box.y - reach || x > box.x + box.width + reach) continue;
    if (y > box.y + box.height + reach || shape.kind === 'mask') continue;
    const right = box.x + box.width;
    const bottom = box.y + box.height;
    const rings: Point[][] =
      shape.kind === 'polygon'
        ? shape.rings
        : [
            [
              [box.x, box.y],
              [right, box.y],
              [right, bottom],
              [box.x, bottom],
            ],
          ];
    for (const ring of rings)
      for (const [index, corner] of ring.entries()) {
        const place = nearestOn(point, corner, ring[(index + 1) % ring.length]!);
        for (const candidate of [corner, place]) {
          const away = Math.hypot(candidate[0] - x, candidate[1] - y);
          const distance = candidate === corner && away <= CORNER_PX / scale ? 0 : away;
          if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
        }
      }
  }
  return best && { x: best[0], y: best[1] };
}
