// The outline of a mask along the edges of its pixels: exact, so that filling it gives the mask again.

import type { Point, Rle } from '../contracts/geometry.ts';
import { decodeRle } from './rle.ts';

/** Steps along the four sides of a pixel, with the mask on the right hand. */
const steps: readonly Point[] = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
];

/**
 * Rings round the parts of a mask, clockwise, and round their holes, the other way. Parts that meet only at a corner are
 * rings of their own. Even-odd filling of all rings gives the mask.
 */
export function outlineOfMask(rle: Rle): Point[][] {
  const mask = decodeRle(rle); // [height, width]
  const { width, height } = rle;
  const isIn = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x] === 1;
  // Whether the side that leaves the corner (x, y) in that direction has the mask on its right and nothing on its left.
  const isSide = (x: number, y: number, direction: number): boolean => {
    switch (direction) {
      case 0:
        return isIn(x, y) && !isIn(x, y - 1);
      case 1:
        return isIn(x - 1, y) && !isIn(x, y);
      case 2:
        return isIn(x - 1, y - 1) && !isIn(x - 1, y);
      default:
        return isIn(x, y - 1) && !isIn(x - 1, y - 1);
    }
  };
  // Every ring has a topmost side that goes right along some pixel's upper edge, or, for a hole, one that goes left
  // along a lower edge; sides going right are all visited, and a hole has such a side too, below it.
  const done = new Uint8Array(width * height); // upper edges that were walked
  const rings: Point[][] = [];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (done[y * width + x] === 1 || !isSide(x, y, 0)) continue;
      const ring: Point[] = [];
      let [atX, atY, direction] = [x, y, 0];
      do {
        if (direction === 0) done[atY * width + atX] = 1;
        atX += steps[direction][0];
        atY += steps[direction][1];
        // Right first, so that parts that touch at a corner stay apart.
        const next = [1, 0, 3].map((turn) => (direction + turn) % 4).find((one) => isSide(atX, atY, one))!;
        if (next !== direction) ring.push([atX, atY]);
        direction = next;
      } while (atX !== x || atY !== y || direction !== 0);
      rings.push(ring);
    }
  return rings;
}

/**
 * Several rings as one that goes to the next and back along the same way, which encloses nothing: for formats that know
 * one ring a shape. Filled even-odd it is what the rings were. The way goes along rows and columns, as a slanting one
 * may pass through the very middle of a pixel, and rounding then decides on which side that lies.
 */
export function bridged(rings: readonly (readonly Point[])[]): Point[] {
  const [first, ...others] = rings;
  const path: Point[] = [...first];
  if (others.length === 0) return path;
  path.push(first[0]);
  for (const ring of others) {
    const turn: Point = [ring[0][0], first[0][1]];
    path.push(turn, ...ring, ring[0], turn, first[0]);
  }
  path.pop();
  return path;
}
