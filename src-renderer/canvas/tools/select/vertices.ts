// The vertices of the one selected polygon: which lies under the pointer, where an edge takes a new one, and
// how they look.

import type { Point, Shape } from '../../../../src-main/contracts/index.ts';
import { nearestOn } from '../../rings.ts';
import { toScreen, type XY } from '../../viewport.ts';
import type { OverlayView, Pointer, World } from '../tool.ts';

const VERTEX_PX = 9;
const VERTEX_HIT_PX = 14;
const EDGE_HIT_PX = 6;
/** Of an edge near its ends the vertices there are meant. */
const EDGE_END_PX = 12;

type Polygon = Extract<Shape, { kind: 'polygon' }>;

export interface Vertex {
  id: number;
  ring: number;
  index: number;
}
/** A vertex that is there, or one that an edge would get at `point`. */
export interface Grip extends Vertex {
  isNew: boolean;
  point: Point;
}

/** The one selected polygon that may be changed. */
export function editable({ shapes, selection }: World): { id: number; shape: Polygon } | null {
  if (selection.size !== 1) return null;
  const selected = shapes.find(({ id }) => selection.has(id));
  if (!selected || selected.locked || selected.shape.kind !== 'polygon') return null;
  return { id: selected.id, shape: selected.shape };
}

export function vertexUnder(world: World, { screenPoint, imagePoint }: Pointer): Grip | null {
  const polygon = editable(world);
  if (!polygon) return null;
  const { scale } = world.viewport;
  const far = (place: Point) => {
    const at = toScreen(world.viewport, { x: place[0], y: place[1] });
    return Math.hypot(at.x - screenPoint.x, at.y - screenPoint.y);
  };
  let best: Grip | null = null;
  let bestDistance = VERTEX_HIT_PX / 2;
  for (const [ring, points] of polygon.shape.rings.entries())
    for (const [index, point] of points.entries()) {
      const distance = far(point);
      if (distance <= bestDistance) {
        best = { id: polygon.id, ring, index, point, isNew: false };
        bestDistance = distance;
      }
    }
  if (best) return best;
  bestDistance = EDGE_HIT_PX;
  for (const [ring, points] of polygon.shape.rings.entries())
    for (const [index, point] of points.entries()) {
      const next = points[(index + 1) % points.length]!;
      const place = nearestOn([imagePoint.x, imagePoint.y], point, next);
      const distance = far(place);
      const isAtEnd = [point, next].some(
        ([x, y]) => Math.hypot(place[0] - x, place[1] - y) * scale < EDGE_END_PX,
      );
      if (distance > bestDistance || isAtEnd) continue;
      best = { id: polygon.id, ring, index: index + 1, point: place, isNew: true };
      bestDistance = distance;
    }
  return best;
}

export function withRing(shape: Polygon, ring: number, points: Point[]): Polygon {
  return { kind: 'polygon', rings: shape.rings.with(ring, points) };
}

export function withoutVertex(shape: Polygon, { ring, index }: Vertex): Polygon | null {
  const points = shape.rings[ring]!;
  if (points.length > 3) return withRing(shape, ring, points.toSpliced(index, 1));
  return shape.rings.length > 1 ? { kind: 'polygon', rings: shape.rings.toSpliced(ring, 1) } : null;
}

/** @param active  drawn filled: Delete takes it */
export function drawVertices(
  context: CanvasRenderingContext2D,
  { viewport, canvas, palette }: OverlayView,
  { rings }: Polygon,
  active: Vertex | null,
  ghost: XY | null,
): void {
  const square = (x: number, y: number, side: number, fill: string) => {
    context.beginPath();
    context.rect(x - side / 2, y - side / 2, side, side);
    context.fillStyle = fill;
    context.fill();
    context.strokeStyle = palette.dark;
    context.lineWidth = 1.5;
    context.stroke();
  };
  for (const [ring, points] of rings.entries())
    for (const [index, [px, py]] of points.entries()) {
      const { x, y } = toScreen(viewport, { x: px, y: py });
      if (x < -VERTEX_PX || y < -VERTEX_PX || x > canvas.width + VERTEX_PX || y > canvas.height + VERTEX_PX)
        continue;
      const isActive = active?.ring === ring && active.index === index;
      square(x, y, isActive ? VERTEX_PX + 2 : VERTEX_PX - 2, isActive ? palette.dark : '#fff');
    }
  if (!ghost) return;
  const { x, y } = toScreen(viewport, ghost);
  context.globalAlpha = 0.7;
  square(x, y, VERTEX_PX - 2, '#fff');
  context.globalAlpha = 1;
}
