// Arithmetic of polygon rings.

import type { Point } from '../../src-main/contracts/index.ts';

/**
 * A line with fewer points that nowhere leaves the old one by more than `tolerance` (Ramer 1972, Douglas and
 * Peucker 1973). Its ends stay. With a stack of its own: a line of 100,000 points must not end in a stack overflow.
 */
export function simplified(line: readonly Point[], tolerance: number): Point[] {
  if (line.length <= 2) return [...line];
  const kept = new Uint8Array(line.length);
  kept[0] = kept[line.length - 1] = 1;
  const parts: [number, number][] = [[0, line.length - 1]];
  for (let part = parts.pop(); part; part = parts.pop()) {
    const [from, to] = part;
    let farthest = -1;
    let most = tolerance;
    for (let at = from + 1; at < to; at += 1) {
      const distance = distanceTo(line[at]!, line[from]!, line[to]!);
      if (distance > most) [farthest, most] = [at, distance];
    }
    if (farthest < 0) continue;
    kept[farthest] = 1;
    parts.push([from, farthest], [farthest, to]);
  }
  return line.filter((_, index) => kept[index] === 1);
}

/** A closed ring with fewer points: its two points farthest apart hold it while both halves are simplified. */
export function simplifiedRing(ring: readonly Point[], tolerance: number): Point[] {
  if (ring.length <= 3) return [...ring];
  const [x, y] = ring[0]!;
  let far = 1;
  let most = -1;
  ring.forEach((point, index) => {
    const distance = Math.hypot(point[0] - x, point[1] - y);
    if (distance > most) [far, most] = [index, distance];
  });
  const there = simplified(ring.slice(0, far + 1), tolerance);
  const back = simplified([...ring.slice(far), ring[0]!], tolerance);
  const result = [...there.slice(0, -1), ...back.slice(0, -1)];
  return result.length >= 3 ? result : ring.slice(0, 3);
}

/** The point of the segment a–b that is nearest to `point`. */
export function nearestOn([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): Point {
  const length = (bx - ax) ** 2 + (by - ay) ** 2;
  const along = length === 0 ? 0 : ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length;
  const t = Math.min(1, Math.max(0, along));
  return [ax + t * (bx - ax), ay + t * (by - ay)];
}

export function distanceTo(point: Point, a: Point, b: Point): number {
  const [x, y] = nearestOn(point, a, b);
  return Math.hypot(point[0] - x, point[1] - y);
}
