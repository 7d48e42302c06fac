// Coordinates of a picture as its file stores it, turned as its EXIF orientation turns the pixels.

import type { Box, Point, Rle } from '../contracts/geometry.ts';
import { decodeRle, encodeRle } from './rle.ts';

/** EXIF orientation 1 to 8; 1 is upright. @see EXIF 2.32, tag 0x0112 */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** Whether width and height change places. */
export const swapsSides = (orientation: Orientation): boolean => orientation >= 5;

/**
 * Where a point of the stored raster lies in the upright picture.
 * @param widthPx, heightPx  of the stored raster
 */
export function turnPoint([x, y]: Point, orientation: Orientation, widthPx: number, heightPx: number): Point {
  switch (orientation) {
    case 1:
      return [x, y];
    case 2:
      return [widthPx - x, y];
    case 3:
      return [widthPx - x, heightPx - y];
    case 4:
      return [x, heightPx - y];
    case 5:
      return [y, x];
    case 6:
      return [heightPx - y, x];
    case 7:
      return [heightPx - y, widthPx - x];
    case 8:
      return [y, widthPx - x];
  }
}

export function turnBox(
  { x, y, width, height }: Box,
  orientation: Orientation,
  widthPx: number,
  heightPx: number,
): Box {
  const [ax, ay] = turnPoint([x, y], orientation, widthPx, heightPx);
  const [bx, by] = turnPoint([x + width, y + height], orientation, widthPx, heightPx);
  return { x: Math.min(ax, bx), y: Math.min(ay, by), width: Math.abs(ax - bx), height: Math.abs(ay - by) };
}

/** @param rle  of the stored raster */
export function turnMask(rle: Rle, orientation: Orientation): Rle {
  const stored = decodeRle(rle); // [height, width]
  const [width, height] = swapsSides(orientation) ? [rle.height, rle.width] : [rle.width, rle.height];
  const upright = new Uint8Array(width * height);
  for (let row = 0; row < rle.height; row++)
    for (let column = 0; column < rle.width; column++) {
      if (stored[row * rle.width + column] === 0) continue;
      // the middle of the pixel stays the middle of a pixel
      const [x, y] = turnPoint([column + 0.5, row + 0.5], orientation, rle.width, rle.height);
      upright[Math.floor(y) * width + Math.floor(x)] = 1;
    }
  return encodeRle(upright, width, height);
}
