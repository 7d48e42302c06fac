// How a stroke looks while it is drawn: a line, not pixels, so that it is smooth at any zoom.

import { toScreen, type XY } from '../../viewport.ts';
import type { OverlayView } from '../tool.ts';

/** The way of a stroke at its true width, as it will be filled. */
export function drawStroke(
  context: CanvasRenderingContext2D,
  { viewport, palette, colour }: OverlayView,
  way: readonly XY[],
  widths: readonly number[],
  erases: boolean,
): void {
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.strokeStyle = erases ? palette.scrim : colour;
  context.globalAlpha = 0.5;
  const path = new Path2D();
  way.forEach((point, index) => {
    const { x, y } = toScreen(viewport, point);
    if (index === 0) path.moveTo(x, y);
    path.lineTo(x, y);
  });
  context.lineWidth = Math.max(...widths) * viewport.scale;
  context.stroke(path);
  context.globalAlpha = 1;
  context.lineCap = 'butt';
}
