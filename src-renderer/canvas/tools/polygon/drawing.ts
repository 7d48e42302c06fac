// The points set so far. Every press sets one; while the button is held the pointer's way is taken, a point
// every few screen pixels.

import type { Point } from '../../../../src-main/contracts/index.ts';
import { simplified } from '../../rings.ts';
import { snapped } from '../../snap.ts';
import { toScreen, type XY } from '../../viewport.ts';
import { hasMoved, type OverlayView, type Pointer, type State, type World } from '../tool.ts';

const FREEHAND_STEP_PX = 4;
/** Freehand points that a straight line between their neighbours misses by less than this say nothing. */
const FREEHAND_TOLERANCE_PX = 0.75;
const CLOSE_PX = 10;

export function drawing(start: World, first: Pointer, next: () => State): State {
  const points: Point[] = [placed(start, first)];
  /** Where the freehand part being drawn begins; null between presses. */
  let pressed: { screenPoint: XY; from: number } | null = {
    screenPoint: first.screenPoint,
    from: 1,
  };
  let end = points[0]!;

  const finish = (world: World): State => {
    if (isPolygon(points)) world.add({ kind: 'polygon', rings: [points] });
    return next();
  };
  const nearFirst = (world: World, screenPoint: XY) => {
    const [x, y] = points[0]!;
    const at = toScreen(world.viewport, { x, y });
    return Math.hypot(at.x - screenPoint.x, at.y - screenPoint.y) <= CLOSE_PX;
  };

  return {
    name: 'drawing',
    enter: (world) => world.select([]),
    exit: (world) => world.redraw(),
    down(world, pointer) {
      if (points.length >= 3 && nearFirst(world, pointer.screenPoint)) return finish(world);
      const point = placed(world, pointer);
      const [x, y] = points.at(-1)!;
      // The second press of a double click sets no point of its own.
      if (hasMoved(toScreen(world.viewport, { x, y }), pointer.screenPoint)) points.push(point);
      pressed = { screenPoint: pointer.screenPoint, from: points.length };
      end = point;
      world.redraw();
    },
    move(world, pointer) {
      end = placed(world, pointer);
      if (pressed && hasMoved(pressed.screenPoint, pointer.screenPoint)) {
        const [x, y] = points.at(-1)!;
        const step = Math.hypot(end[0] - x, end[1] - y) * world.viewport.scale;
        if (step >= FREEHAND_STEP_PX) points.push(end);
      }
      world.redraw();
    },
    up(world, pointer) {
      if (!pressed) return;
      const freehand = points.splice(pressed.from);
      const isFreehand = freehand.length > 0;
      points.push(...simplified(freehand, FREEHAND_TOLERANCE_PX / world.viewport.scale));
      pressed = null;
      // A loop drawn in one go ends where it began.
      if (isFreehand && points.length >= 3 && nearFirst(world, pointer.screenPoint)) return finish(world);
      world.redraw();
    },
    double: (world) => (points.length >= 3 ? finish(world) : undefined),
    key(world, chord) {
      if (chord === 'Enter') return finish(world);
      if (chord !== 'Backspace') return;
      points.pop();
      if (points.length === 0) return next();
      world.redraw();
      return true;
    },
    cancel: () => next(),
    overlay: (context, view) => drawPoints(context, view, points, pressed ? null : end),
  };
}

/** Inside the picture, to a tenth of a pixel; with Shift on a neighbour's border. */
function placed(world: World, { imagePoint, shift }: Pointer): Point {
  const { x, y } = (shift && snapped(world.shapes, imagePoint, world.viewport.scale)) || imagePoint;
  const within = (value: number, side: number) => Math.round(Math.min(side, Math.max(0, value)) * 10) / 10;
  return [within(x, world.image.width), within(y, world.image.height)];
}

/** Three points, not all on a line. */
function isPolygon(points: readonly Point[]): boolean {
  const [origin] = points;
  if (!origin || points.length < 3) return false;
  const corners = points.slice(1);
  return corners.some(
    ([ax, ay]) =>
      Math.abs(
        (ax - origin[0]) * (corners[0]![1] - origin[1]) - (ay - origin[1]) * (corners[0]![0] - origin[0]),
      ) > 0.5,
  );
}

function drawPoints(
  context: CanvasRenderingContext2D,
  { viewport, palette, colour }: OverlayView,
  points: readonly Point[],
  end: Point | null,
): void {
  const screen = (end ? [...points, end] : points).map(([x, y]) => toScreen(viewport, { x, y }));
  const line = new Path2D();
  screen.forEach(({ x, y }, index) => (index === 0 ? line.moveTo(x, y) : line.lineTo(x, y)));
  context.lineJoin = 'round';
  context.globalAlpha = 0.16;
  context.fillStyle = colour;
  context.fill(line, 'evenodd');
  context.globalAlpha = 0.85;
  context.strokeStyle = palette.dark;
  context.lineWidth = 4.5;
  context.stroke(line);
  context.globalAlpha = 1;
  context.strokeStyle = colour;
  context.lineWidth = 2.5;
  context.stroke(line);
  points.forEach((_, index) => {
    const { x, y } = screen[index]!;
    const isFirst = index === 0;
    context.beginPath();
    context.arc(x, y, isFirst ? 5.5 : 3, 0, 2 * Math.PI);
    context.fillStyle = isFirst && points.length >= 3 ? colour : '#fff';
    context.fill();
    context.strokeStyle = palette.dark;
    context.lineWidth = 1.5;
    context.stroke();
  });
}
