// Where copies go: the same place on another picture, a step aside where the same shape lies already, so
// that a copy is never hidden exactly under what it was made from.

import type { Shape } from '../../src-main/contracts/index.ts';
import { allowedMove, translated } from './box-edits.ts';
import { bounds } from './shapes.ts';
import type { Size } from './viewport.ts';

const MOST_STEPS = 50;

/** The copies of `shapes` for a picture that has `existing`. Masks belong to their pixels and stay. */
export function placeCopies(shapes: readonly Shape[], existing: readonly Shape[], image: Size): Shape[] {
  const step = Math.max(4, Math.round(Math.min(image.width, image.height) / 50));
  const taken = new Set(existing.map(placeOf));
  return shapes.map((shape) => {
    let placed = shape;
    for (let tries = 0; tries < MOST_STEPS && taken.has(placeOf(placed)); tries += 1) {
      const by = allowedMove(bounds(placed), step, step, image);
      const next = translated(placed, by);
      if (!next || (by.x === 0 && by.y === 0)) break;
      placed = next;
    }
    taken.add(placeOf(placed));
    return placed;
  });
}

function placeOf(shape: Shape): string {
  const { x, y, width, height } = bounds(shape);
  return [shape.kind, x, y, width, height].join();
}

/** Whether a copy can lie on a picture of this size at all. */
export function fitsImage(shape: Shape, image: Size): boolean {
  if (shape.kind === 'mask') return shape.rle.width === image.width && shape.rle.height === image.height;
  const box = bounds(shape);
  return box.x + box.width <= image.width && box.y + box.height <= image.height;
}
