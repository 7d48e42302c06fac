// The select tool at rest: shows what a press would take.

import { shapesAt } from '../../hit.ts';
import type { XY } from '../../viewport.ts';
import { hasMoved, type State } from '../tool.ts';
import { handleCursors, handleUnder } from './handles.ts';
import { pointing } from './pointing.ts';
import { resizing } from './resizing.ts';
import { vertexMoving } from './vertex-moving.ts';
import { drawVertices, editable, vertexUnder, withoutVertex, type Grip, type Vertex } from './vertices.ts';

/** @returns the state at rest; it knows the last click, so that a click in the same place reaches what lies below */
export function selectIdle(): () => State {
  let lastClick: XY | null = null;

  const idle = (active: Vertex | null = null): State => {
    let edge: Grip | null = null;
    const isActive = (id: number): boolean => active?.id === id;
    return {
      name: 'idle',
      enter: (world) => world.cursor('default'),
      exit: (world) => world.hover(null),
      move(world, pointer) {
        const handle = handleUnder(world, pointer);
        const vertex = handle ? null : vertexUnder(world, pointer);
        const [hit] = handle || vertex ? [] : shapesAt(world.shapes, world.viewport, pointer.imagePoint);
        world.hover(hit?.id ?? null);
        if (edge || vertex?.isNew) world.redraw();
        edge = vertex?.isNew ? vertex : null;
        const movable = hit && world.selection.has(hit.id) && !hit.locked && hit.shape.kind !== 'mask';
        world.cursor(
          handle
            ? handleCursors[handle.handle]
            : vertex
              ? vertex.isNew
                ? 'copy'
                : 'grab'
              : movable
                ? 'move'
                : 'default',
        );
      },
      down(world, pointer) {
        const handle = handleUnder(world, pointer);
        if (handle) return resizing(handle.id, handle.box, handle.handle, idle);
        const vertex = vertexUnder(world, pointer);
        if (vertex) return vertexMoving(pointer, vertex, idle);
        const isAgain = lastClick !== null && !hasMoved(lastClick, pointer.screenPoint);
        lastClick = pointer.screenPoint;
        return pointing(pointer, shapesAt(world.shapes, world.viewport, pointer.imagePoint), isAgain, idle);
      },
      key(world, chord) {
        const polygon = editable(world);
        if (!active || !polygon || !isActive(polygon.id)) return;
        if (chord === 'Esc') return idle();
        if (chord !== 'Del' && chord !== 'Backspace') return;
        const shape = withoutVertex(polygon.shape, active);
        if (!shape) return;
        world.change([{ id: polygon.id, shape }]);
        return idle();
      },
      overlay(context, view, world) {
        const polygon = editable(world);
        if (!polygon) return;
        const ghost = edge?.id === polygon.id ? { x: edge.point[0], y: edge.point[1] } : null;
        drawVertices(context, view, polygon.shape, isActive(polygon.id) ? active : null, ghost);
      },
    };
  };
  return () => idle();
}
