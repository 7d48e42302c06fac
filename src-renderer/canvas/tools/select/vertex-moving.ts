// One vertex follows the pointer; one that an edge was pressed for is made when the drag begins.

import type { Point } from '../../../../src-main/contracts/index.ts';
import { snapped } from '../../snap.ts';
import { hasMoved, type Pointer, type State, type World } from '../tool.ts';
import { drawVertices, editable, withRing, type Grip, type Vertex } from './vertices.ts';

export function vertexMoving(start: Pointer, grip: Grip, next: (vertex: Vertex | null) => State): State {
  let moved = false;

  const shapeWith = (world: World, pointer: Pointer) => {
    const polygon = editable(world);
    if (!polygon) return null;
    const ring = polygon.shape.rings[grip.ring]!;
    const point = placed(world, pointer, polygon.id);
    const points = grip.isNew ? ring.toSpliced(grip.index, 0, point) : ring.with(grip.index, point);
    return withRing(polygon.shape, grip.ring, points);
  };

  return {
    name: 'moving-vertex',
    enter: (world) => world.cursor('grabbing'),
    exit: (world) => world.preview(null),
    move(world, pointer) {
      moved ||= hasMoved(start.screenPoint, pointer.screenPoint);
      const shape = moved ? shapeWith(world, pointer) : null;
      if (shape) world.preview(new Map([[grip.id, shape]]));
    },
    up(world, pointer) {
      const shape = moved ? shapeWith(world, pointer) : null;
      if (shape) world.change([{ id: grip.id, shape }]);
      // An edge that was only clicked stays as it is.
      return next(grip.isNew && !moved ? null : grip);
    },
    cancel: () => next(null),
    overlay(context, view, world) {
      const polygon = editable(world);
      if (polygon && !moved) drawVertices(context, view, polygon.shape, grip.isNew ? null : grip, null);
    },
  };
}

function placed(world: World, { imagePoint, shift }: Pointer, self: number): Point {
  const others = world.shapes.filter(({ id }) => id !== self);
  const { x, y } = (shift && snapped(others, imagePoint, world.viewport.scale)) || imagePoint;
  const within = (value: number, side: number) => Math.round(Math.min(side, Math.max(0, value)) * 10) / 10;
  return [within(x, world.image.width), within(y, world.image.height)];
}
