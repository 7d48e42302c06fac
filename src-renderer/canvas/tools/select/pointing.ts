// The button is down and it is not yet known whether this is a click or a drag. A shape not yet selected is
// selected at once, so that press-and-drag moves it; with Shift it joins or leaves the selection.

import type { CanvasShape } from '../../shapes.ts';
import { hasMoved, type Pointer, type State } from '../tool.ts';
import { banding } from './banding.ts';
import { moving } from './moving.ts';

/**
 * @param under    what lies under the pointer, the smallest first
 * @param isAgain  this press is where the last one was: a click goes on to what lies below the selected one
 */
export function pointing(
  start: Pointer,
  under: readonly CanvasShape[],
  isAgain: boolean,
  next: () => State,
): State {
  const top = under[0] ?? null;
  let below: CanvasShape | null = null;
  return {
    name: 'pointing',
    enter(world) {
      if (start.shift || !top) return;
      const [only] = world.selection.size === 1 ? world.selection : [];
      const at = under.findIndex(({ id }) => id === only);
      if (isAgain && at >= 0) below = under[(at + 1) % under.length]!;
      else if (!world.selection.has(top.id)) world.select([top.id]);
    },
    move(world, pointer) {
      if (!hasMoved(start.screenPoint, pointer.screenPoint)) return;
      // A drag that starts on nothing, or with Shift, selects all that it meets.
      if (!top || start.shift) return banding(start, pointer, next);
      return moving(world, start, pointer, next) ?? undefined;
    },
    up(world) {
      if (!start.shift) world.select(below ? [below.id] : top ? [top.id] : []);
      else if (top) {
        const selection = new Set(world.selection);
        if (!selection.delete(top.id)) selection.add(top.id);
        world.select(selection);
      }
      return next();
    },
    cancel: () => next(),
  };
}
