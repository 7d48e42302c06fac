// Shapes that other programs draw, as the two that Fovea keeps: boxes and polygons.

import type { Point, Shape } from '../contracts/geometry.ts';
import { numberFrom } from './words.ts';

/** A polygon in place of a curve is nowhere further from it than this, in pixels. */
const DEVIATION_PX = 0.05;
const MOST_POINTS = 720;

/** Of two corners, whichever way round. */
export function boxBetween(ax: number, ay: number, bx: number, by: number): Shape {
  return {
    kind: 'box',
    box: { x: Math.min(ax, bx), y: Math.min(ay, by), width: Math.abs(bx - ax), height: Math.abs(by - ay) },
  };
}

/** Turned clockwise, as y points down. */
function turnedAbout([x, y]: Point, [centreX, centreY]: Point, degrees: number): Point {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [dx, dy] = [x - centreX, y - centreY];
  return [centreX + dx * cos - dy * sin, centreY + dx * sin + dy * cos];
}

/** A box, or the polygon of its corners where it is turned. */
export function turnedBox(
  x: number,
  y: number,
  width: number,
  height: number,
  degrees: number,
  pivot: Point,
): Shape {
  if (degrees % 360 === 0) return boxBetween(x, y, x + width, y + height);
  const corners: Point[] = [
    [x, y],
    [x + width, y],
    [x + width, y + height],
    [x, y + height],
  ];
  return { kind: 'polygon', rings: [corners.map((corner) => turnedAbout(corner, pivot, degrees))] };
}

/** @returns null where a radius is no length */
export function ellipseOutline(
  [centreX, centreY]: Point,
  radiusX: number,
  radiusY: number,
  degrees = 0,
): Shape | null {
  if (!(radiusX > 0) || !(radiusY > 0)) return null;
  const radius = Math.max(radiusX, radiusY);
  // The middle of a chord lies this far inside the arc: r (1 - cos(pi / n)).
  const needed = Math.PI / Math.acos(Math.max(0, 1 - DEVIATION_PX / radius));
  // In fours, so that the bounds are the ellipse's own.
  const count = Math.min(MOST_POINTS, Math.max(12, 4 * Math.ceil(needed / 4)));
  const ring = Array.from({ length: count }, (_, i): Point => {
    const angle = (2 * Math.PI * i) / count;
    const point: Point = [centreX + radiusX * Math.cos(angle), centreY + radiusY * Math.sin(angle)];
    return degrees === 0 ? point : turnedAbout(point, [centreX, centreY], degrees);
  });
  return { kind: 'polygon', rings: [ring] };
}

/** Null for fewer than three points, or none that enclose anything. */
export function polygonOf(ring: Point[]): Shape | null {
  const closed = ring.length > 1 && samePoint(ring[0], ring[ring.length - 1]) ? ring.slice(0, -1) : ring;
  return closed.length < 3 ? null : { kind: 'polygon', rings: [closed] };
}

const samePoint = (a: Point, b: Point): boolean => a[0] === b[0] && a[1] === b[1];

/** x and y in turn. @throws AppError 'bad-file' for a number that is none */
export function pointsOf(numbers: readonly unknown[], file: string, place: string): Point[] {
  const points: Point[] = [];
  for (let i = 0; i + 1 < numbers.length; i += 2)
    points.push([numberFrom(numbers[i], file, place), numberFrom(numbers[i + 1], file, place)]);
  return points;
}
