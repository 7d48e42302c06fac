// The hand: a drag moves the picture, whatever lies under it.

import type { State, Tool } from '../tool.ts';
import { panning } from './panning.ts';

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

export const handTool = {
  name: 'hand',
  title: 'Pan',
  tip: 'Pan: hold Space and drag, or the middle button',
  icon: 'hand',
  keys: [],
  shown: 'Space drag',
  make: () => hand,
} as const satisfies Tool;
