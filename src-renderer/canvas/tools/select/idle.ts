// The select tool at rest: shows what a press would take.

import { shapeAt } from '../../hit.ts';
import type { State } from '../tool.ts';
import { handleCursors, handleUnder } from './handles.ts';
import { pointing } from './pointing.ts';
import { resizing } from './resizing.ts';

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
      return pointing(pointer, shapeAt(world.shapes, world.viewport, pointer.imagePoint), idle);
    },
  };
}
