// The polygon tool: clicks set points, a drag draws freehand. It closes on its first point, by a double click
// or Enter; Backspace takes the last point back, Escape keeps nothing.

import { crosshair } from '../crosshair.ts';
import type { State, Tool } from '../tool.ts';
import { drawing } from './drawing.ts';

export function polygonIdle(): State {
  return {
    name: 'idle',
    enter(world) {
      world.cursor('crosshair');
      world.hover(null);
    },
    overlay: crosshair,
    down: (world, pointer) => drawing(world, pointer, polygonIdle),
  };
}

export const polygonTool = {
  name: 'polygon',
  title: 'Polygon',
  tip: 'Draw polygons: click points, or drag freehand; Shift snaps to neighbours',
  icon: 'poly',
  keys: ['P'],
  make: () => polygonIdle,
} as const satisfies Tool;
