// The box tool at rest. A press always draws, also over existing boxes; only the visible squares of the
// selected box's handles are left free, so that a box just drawn can be put right without changing tools.

import { handleCursors, handleUnder } from '../select/handles.ts';
import { resizing } from '../select/resizing.ts';
import { crosshair } from '../crosshair.ts';
import type { State } from '../tool.ts';
import { drawing } from './drawing.ts';

/** The drawn size of a handle: smaller than the select tool's target. */
const HANDLE_PX = 10;

export function boxIdle(): State {
  return {
    name: 'idle',
    overlay: crosshair,
    enter(world) {
      world.cursor('crosshair');
      world.hover(null);
    },
    move(world, pointer) {
      const grip = handleUnder(world, pointer, HANDLE_PX);
      world.cursor(grip ? handleCursors[grip.handle] : 'crosshair');
    },
    down(world, pointer) {
      const grip = handleUnder(world, pointer, HANDLE_PX);
      return grip ? resizing(grip.id, grip.box, grip.handle, boxIdle) : drawing(pointer, boxIdle);
    },
  };
}
