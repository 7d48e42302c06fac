// The select tool at rest: shows what a press would take.

import type { Box } from '../../../../src-main/contracts/index.ts';
import type { HandleName } from '../../box-edits.ts';
import { handleAt, shapeAt } from '../../hit.ts';
import type { Pointer, State, World } from '../tool.ts';
import { pointing } from './pointing.ts';
import { resizing } from './resizing.ts';

export const handleCursors: Record<HandleName, string> = {
  nw: 'nwse-resize',
  se: 'nwse-resize',
  ne: 'nesw-resize',
  sw: 'nesw-resize',
  n: 'ns-resize',
  s: 'ns-resize',
  e: 'ew-resize',
  w: 'ew-resize',
};

/** The handle of the one selected box under the pointer; null with none or several selected, or locked. */
export function handleUnder(
  world: World,
  { screenPoint }: Pointer,
  sizePx?: number,
): { id: number; box: Box; handle: HandleName } | null {
  if (world.selection.size !== 1) return null;
  const selected = world.shapes.find((shape) => world.selection.has(shape.id));
  if (!selected || selected.locked || selected.shape.kind !== 'box') return null;
  const { box } = selected.shape;
  const handle = handleAt(world.viewport, box, screenPoint, sizePx);
  return handle && { id: selected.id, box, handle };
}

export function idle(): State {
  return {
    name: 'idle',
    enter: (world) => world.cursor('default'),
    exit: (world) => world.hover(null),
    move(world, pointer) {
      const grip = handleUnder(world, pointer);
      const hit = grip ? null : shapeAt(world.shapes, world.viewport, pointer.imagePoint);
      world.hover(hit?.id ?? null);
      const movable = hit && world.selection.has(hit.id) && !hit.locked && hit.shape.kind !== 'mask';
      world.cursor(grip ? handleCursors[grip.handle] : movable ? 'move' : 'default');
    },
    down(world, pointer) {
      const grip = handleUnder(world, pointer);
      if (grip) return resizing(grip.id, grip.box, grip.handle, idle);
      return pointing(pointer, shapeAt(world.shapes, world.viewport, pointer.imagePoint));
    },
  };
}
