// Brush and eraser: a round stroke becomes part of the selected mask, or a mask of its own; the eraser takes
// pixels away. Size by [ ] or Shift with the wheel; Alt is the other one of the two for a stroke.

import type { XY } from '../../viewport.ts';
import type { OverlayView, State, Tool } from '../tool.ts';
import { painting } from './painting.ts';
import { stepped, type BrushSize } from './size.ts';

const size: BrushSize = { px: 24 };

export function brushIdle(erases: boolean): () => State {
  const idle = (): State => ({
    name: 'idle',
    enter(world) {
      world.cursor('none');
      world.hover(null);
    },
    down: (world, pointer) => painting(world, pointer, size, erases !== Boolean(pointer.alt), idle),
    key(world, chord) {
      if (chord !== '[' && chord !== ']') return;
      size.px = stepped(size.px, chord === ']' ? 1 : -1);
      world.redraw();
      return true;
    },
    wheel(world, notches) {
      size.px = stepped(size.px, notches);
      world.redraw();
      return true;
    },
    overlay: (context, view) => view.at && drawRing(context, view, view.at, erases),
  });
  return idle;
}

/** Of the true size, dashed for the eraser, with a cross where it is too small to see. */
function drawRing(
  context: CanvasRenderingContext2D,
  { viewport, palette, colour }: OverlayView,
  { x, y }: XY,
  erases: boolean,
): void {
  const radius = Math.max(1, (size.px * viewport.scale) / 2);
  const ring = new Path2D();
  ring.arc(x, y, radius, 0, 2 * Math.PI);
  if (radius < 4) {
    ring.moveTo(x - 7, y);
    ring.lineTo(x + 7, y);
    ring.moveTo(x, y - 7);
    ring.lineTo(x, y + 7);
  }
  context.strokeStyle = palette.dark;
  context.lineWidth = 3.5;
  context.stroke(ring);
  context.strokeStyle = erases ? '#fff' : colour;
  context.lineWidth = 1.5;
  if (erases) context.setLineDash([4, 3]);
  context.stroke(ring);
  context.setLineDash([]);
}

export const brushTool = {
  name: 'brush',
  title: 'Brush',
  tip: 'Paint a mask; [ and ], or Shift and the wheel, set the size; Alt erases',
  icon: 'brush',
  keys: ['M'],
  make: () => brushIdle(false),
} as const satisfies Tool;

export const eraserTool = {
  name: 'eraser',
  title: 'Eraser',
  tip: 'Take pixels away from the selected masks, or from all under the stroke',
  icon: 'eraser',
  keys: ['E'],
  make: () => brushIdle(true),
} as const satisfies Tool;
