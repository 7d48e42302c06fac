// Shapes to pixels: the inside region of a picture, at the size that a model sees or at any other.

import type { Box, Point, Rle, Shape } from '../contracts/geometry.ts';
import { checkRle } from './rle.ts';

/**
 * Union of shapes as a mask. A pixel is inside if its centre is: boxes are half-open (left and top edge in,
 * right and bottom out), polygons even-odd, masks sampled at the centre. A shape that covers no centre but
 * has a place in the picture sets the one pixel under its middle, so that no object vanishes when small.
 * @param widthPx   width of the picture in whose pixels the shapes are
 * @param outWidth  width of the mask; the picture is stretched to it, aspect not kept
 * @returns         [outHeight * outWidth], row-major, 0 or 1
 */
export function rasterize(
  shapes: readonly Shape[],
  widthPx: number,
  heightPx: number,
  outWidth: number,
  outHeight: number = outWidth,
): Uint8Array {
  const mask = new Uint8Array(outWidth * outHeight);
  const target: Target = {
    mask,
    width: outWidth,
    height: outHeight,
    scaleX: outWidth / widthPx,
    scaleY: outHeight / heightPx,
  };
  for (const shape of shapes) {
    const hit =
      shape.kind === 'box'
        ? fillBox(target, shape.box)
        : shape.kind === 'polygon'
          ? fillPolygon(target, shape.rings)
          : fillMask(target, shape.rle, widthPx, heightPx);
    if (!hit) markMiddle(target, shape, widthPx, heightPx);
  }
  return mask;
}

interface Target {
  mask: Uint8Array;
  width: number;
  height: number;
  scaleX: number;
  scaleY: number;
}

/** First pixel whose centre is not left of `edge` (in mask pixels), within 0..size. */
const firstCentre = (edge: number, size: number) => Math.min(size, Math.max(0, Math.ceil(edge - 0.5)));

function fillBox({ mask, width, height, scaleX, scaleY }: Target, box: Box): boolean {
  const left = firstCentre(box.x * scaleX, width);
  const right = firstCentre((box.x + box.width) * scaleX, width);
  const top = firstCentre(box.y * scaleY, height);
  const bottom = firstCentre((box.y + box.height) * scaleY, height);
  if (right <= left || bottom <= top) return false;
  for (let y = top; y < bottom; y++) mask.fill(1, y * width + left, y * width + right);
  return true;
}

function fillPolygon({ mask, width, height, scaleX, scaleY }: Target, rings: Point[][]): boolean {
  let hit = false;
  const crossings: number[] = [];
  for (let y = 0; y < height; y++) {
    const centre = (y + 0.5) / scaleY;
    crossings.length = 0;
    for (const ring of rings)
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        const [xi, yi] = ring[i];
        const [xj, yj] = ring[j];
        if (yi <= centre !== yj <= centre) crossings.push(xi + ((centre - yi) / (yj - yi)) * (xj - xi));
      }
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const left = firstCentre(crossings[i] * scaleX, width);
      const right = firstCentre(crossings[i + 1] * scaleX, width);
      if (right > left) {
        mask.fill(1, y * width + left, y * width + right);
        hit = true;
      }
    }
  }
  return hit;
}

/** The mask is read at the centres of the target's pixels; one of another size than the picture is stretched. */
function fillMask(target: Target, rle: Rle, widthPx: number, heightPx: number): boolean {
  checkRle(rle);
  const { mask, width, height, scaleX, scaleY } = target;
  const fromX = rle.width / widthPx / scaleX;
  const fromY = rle.height / heightPx / scaleY;
  // `end` is where run number `run` stops; both are moved on as positions grow.
  let hit = false;
  let run = 0;
  let end = rle.counts[0];
  for (let x = 0; x < width; x++) {
    const base = Math.min(rle.width - 1, Math.floor((x + 0.5) * fromX)) * rle.height;
    // Several columns of the target may read one of the mask, so step back to its start.
    while (run > 0 && end - rle.counts[run] > base) end -= rle.counts[run--];
    for (let y = 0; y < height; y++) {
      const position = base + Math.min(rle.height - 1, Math.floor((y + 0.5) * fromY));
      while (position >= end) end += rle.counts[++run];
      if (run % 2 === 1) {
        mask[y * width + x] = 1;
        hit = true;
      }
    }
  }
  return hit;
}

function markMiddle(target: Target, shape: Shape, widthPx: number, heightPx: number): void {
  const middle = middleOf(shape, widthPx, heightPx);
  if (middle === null) return;
  const [x, y] = middle;
  if (!(x >= 0 && y >= 0 && x <= widthPx && y <= heightPx)) return;
  const column = Math.min(target.width - 1, Math.floor(x * target.scaleX));
  const row = Math.min(target.height - 1, Math.floor(y * target.scaleY));
  target.mask[row * target.width + column] = 1;
}

/** Middle of the part of a shape's bounds that lies in the picture, or null if there is none. */
function middleOf(shape: Shape, widthPx: number, heightPx: number): Point | null {
  if (shape.kind === 'mask') {
    const { counts, height, width } = shape.rle;
    let position = 0;
    for (let i = 0; i < counts.length; position += counts[i++])
      if (i % 2 === 1 && counts[i] > 0) {
        const at = position + (counts[i] >> 1);
        return [
          ((Math.floor(at / height) + 0.5) * widthPx) / width,
          (((at % height) + 0.5) * heightPx) / height,
        ];
      }
    return null;
  }
  const points: Point[] =
    shape.kind === 'polygon'
      ? shape.rings.flat()
      : [
          [shape.box.x, shape.box.y],
          [shape.box.x + shape.box.width, shape.box.y + shape.box.height],
        ];
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const left = Math.max(0, Math.min(...xs));
  const right = Math.min(widthPx, Math.max(...xs));
  const top = Math.max(0, Math.min(...ys));
  const bottom = Math.min(heightPx, Math.max(...ys));
  return left > right || top > bottom ? null : [(left + right) / 2, (top + bottom) / 2];
}
