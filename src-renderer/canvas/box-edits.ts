// Arithmetic of moving and resizing. Boxes land on whole pixels and stay inside the picture.

import type { Box, Shape } from '../../src-main/contracts/index.ts';
import type { Size, XY } from './viewport.ts';

export const handleNames = ['nw', 'n', 'ne', 'e', 'se', 's', 'sw', 'w'] as const;
export type HandleName = (typeof handleNames)[number];

const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

/** The box between two corners in any order, on whole pixels inside the picture. */
export function boxBetween(one: XY, other: XY, image: Size): Box {
  const edge = (value: number, side: number) => clamp(Math.round(value), 0, side);
  const left = edge(Math.min(one.x, other.x), image.width);
  const right = edge(Math.max(one.x, other.x), image.width);
  const top = edge(Math.min(one.y, other.y), image.height);
  const bottom = edge(Math.max(one.y, other.y), image.height);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** The box with the edges that `handle` holds moved to `imagePoint`. Pulled over the far edge, it turns round. */
export function resized(box: Box, handle: HandleName, imagePoint: XY, image: Size): Box {
  let { x: left, y: top } = box;
  let right = box.x + box.width;
  let bottom = box.y + box.height;
  const x = clamp(Math.round(imagePoint.x), 0, image.width);
  const y = clamp(Math.round(imagePoint.y), 0, image.height);
  if (handle.includes('w')) left = x;
  if (handle.includes('e')) right = x;
  if (handle.includes('n')) top = y;
  if (handle.includes('s')) bottom = y;
  const width = Math.max(1, Math.abs(right - left));
  const height = Math.max(1, Math.abs(bottom - top));
  return {
    x: Math.min(left, right, Math.max(0, image.width - width)),
    y: Math.min(top, bottom, Math.max(0, image.height - height)),
    width,
    height,
  };
}

/** As far of (dx, dy) as keeps `bounds` inside the picture, in whole pixels. */
export function allowedMove(bounds: Box, dx: number, dy: number, image: Size): XY {
  const limit = (by: number, from: number, length: number, side: number) => {
    const low = Math.min(0, -from);
    const high = Math.max(0, side - from - length);
    return clamp(Math.round(by), Math.ceil(low), Math.floor(high)) + 0; // + 0: never -0
  };
  return {
    x: limit(dx, bounds.x, bounds.width, image.width),
    y: limit(dy, bounds.y, bounds.height, image.height),
  };
}

/** The shape moved; null for a mask, which belongs to its pixels. */
export function translated(shape: Shape, by: XY): Shape | null {
  if (shape.kind === 'box')
    return { kind: 'box', box: { ...shape.box, x: shape.box.x + by.x, y: shape.box.y + by.y } };
  if (shape.kind === 'polygon')
    return {
      kind: 'polygon',
      rings: shape.rings.map((ring) => ring.map(([x, y]): [number, number] => [x + by.x, y + by.y])),
    };
  return null;
}

/** Alt+arrows: the right and lower edges move. */
export function grown(box: Box, by: XY, image: Size): Box {
  return {
    ...box,
    width: clamp(box.width + by.x, 1, Math.max(1, image.width - box.x)),
    height: clamp(box.height + by.y, 1, Math.max(1, image.height - box.y)),
  };
}

/** The smallest box round all of them; null for none. */
export function union(boxes: readonly Box[]): Box | null {
  if (boxes.length === 0) return null;
  const left = Math.min(...boxes.map((box) => box.x));
  const top = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return { x: left, y: top, width: right - left, height: bottom - top };
}
