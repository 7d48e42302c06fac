// The picture follows the pointer: Space and drag, the middle button, the hand.

import type { Pointer, State } from '../tool.ts';

export function panning(start: Pointer, next: () => State): State {
  let last = start.screenPoint;
  return {
    name: 'panning',
    enter: (world) => world.cursor('grabbing'),
    move(world, { screenPoint }) {
      world.panBy(screenPoint.x - last.x, screenPoint.y - last.y);
      last = screenPoint;
    },
    up: () => next(),
    cancel: () => next(),
  };
}
