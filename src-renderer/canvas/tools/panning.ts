// The picture follows the pointer: Space and drag, the middle button, the hand.

import type { Pointer, State } from './tool.ts';

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

/** The hand tool at rest. */
export function hand(): State {
  return {
    name: 'hand',
    enter(world) {
      world.cursor('grab');
      world.hover(null);
    },
    down: (_world, pointer) => panning(pointer, hand),
  };
}
