// The button is down and it is not yet known whether this is a click or a drag. A shape not yet selected is
// selected at once, so that press-and-drag moves it; with Shift it joins or leaves the selection.

import type { CanvasShape } from '../../shapes.ts';
import { panning } from '../panning.ts';
import { hasMoved, type Pointer, type State } from '../tool.ts';
import { moving } from './moving.ts';

export function pointing(start: Pointer, hit: CanvasShape | null, next: () => State): State {
  return {
    name: 'pointing',
    enter(world) {
      if (!hit) return;
      if (start.shift) {
        const selection = new Set(world.selection);
        if (!selection.delete(hit.id)) selection.add(hit.id);
        world.select(selection);
      } else if (!world.selection.has(hit.id)) world.select([hit.id]);
    },
    move(world, pointer) {
      if (!hasMoved(start.screenPoint, pointer.screenPoint)) return;
      // A drag that starts on nothing moves the picture.
      if (!hit) return panning(start, next);
      return moving(world, start, pointer, next) ?? undefined;
    },
    up(world) {
      if (!start.shift) world.select(hit ? [hit.id] : []);
      return next();
    },
    cancel: () => next(),
  };
}
