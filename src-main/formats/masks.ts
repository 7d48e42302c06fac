// Masks as other formats keep them: cut to the object, row by row, or by name of a colour.

import type { Rle, Shape } from '../contracts/geometry.ts';
import { boundsOf } from '../contracts/geometry.ts';
import { decodeRle, encodeRle, rasterize } from '../imaging/index.ts';
import { damaged } from './damage.ts';

/** Of a mask that a file declares; larger ones are no masks of pictures. */
const MOST_PIXELS = 100_000_000;

interface CutMask {
  left: number;
  top: number;
  width: number;
  height: number;
  /** [height, width], 0 or 1. */
  pixels: Uint8Array;
}

/** A cut mask in its picture; what reaches outside is cut off. */
export function placedMask(
  { left, top, width, height, pixels }: CutMask,
  size: { widthPx: number; heightPx: number },
  file: string,
  place: string,
): Rle {
  const { widthPx, heightPx } = size;
  checkSize(widthPx, heightPx, file, place);
  const mask = new Uint8Array(widthPx * heightPx);
  for (let y = Math.max(0, -top); y < height && top + y < heightPx; y++)
    for (let x = Math.max(0, -left); x < width && left + x < widthPx; x++)
      if (pixels[y * width + x] !== 0) mask[(top + y) * widthPx + left + x] = 1;
  return encodeRle(mask, widthPx, heightPx);
}

export function checkSize(widthPx: number, heightPx: number, file: string, place: string): void {
  if (!Number.isInteger(widthPx) || !Number.isInteger(heightPx) || widthPx < 1 || heightPx < 1)
    throw damaged(file, place, `${widthPx} x ${heightPx} is no size of a mask`);
  if (widthPx * heightPx > MOST_PIXELS)
    throw damaged(file, place, `a mask of ${widthPx} x ${heightPx} pixels is too large`);
}

/** Any shape as the pixels that it covers, cut to them; null if it covers none. */
export function cutMask(shape: Shape, widthPx: number, heightPx: number): CutMask | null {
  const mask =
    shape.kind === 'mask' && shape.rle.width === widthPx && shape.rle.height === heightPx
      ? decodeRle(shape.rle)
      : rasterize([shape], widthPx, heightPx, widthPx, heightPx);
  const bounds = boundsOf({ kind: 'mask', rle: encodeRle(mask, widthPx, heightPx) });
  if (bounds === null) return null;
  const { x: left, y: top, width, height } = bounds;
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++)
    pixels.set(mask.subarray((top + y) * widthPx + left, (top + y) * widthPx + left + width), y * width);
  return { left, top, width, height, pixels };
}

/** Run lengths along the rows, zeros first. */
export function rowRuns(pixels: Uint8Array): number[] {
  const runs: number[] = [];
  let current = 0;
  let run = 0;
  for (const value of pixels) {
    if (value !== current) {
      runs.push(run);
      run = 0;
      current = value;
    }
    run++;
  }
  runs.push(run);
  return runs;
}

/** @throws AppError 'bad-file' unless the runs are whole and fill the mask exactly */
export function fromRowRuns(
  runs: readonly number[],
  width: number,
  height: number,
  file: string,
  place: string,
): Uint8Array {
  checkSize(width, height, file, place);
  const pixels = new Uint8Array(width * height);
  let at = 0;
  runs.forEach((run, i) => {
    if (!Number.isInteger(run) || run < 0 || at + run > pixels.length)
      throw damaged(file, place, 'the run lengths do not fill the mask');
    if (i % 2 === 1) pixels.fill(1, at, at + run);
    at += run;
  });
  if (at !== pixels.length) throw damaged(file, place, 'the run lengths do not fill the mask');
  return pixels;
}

/** The pixels of each value, in one pass down the columns. @param values  [height, width] */
export function rlesByValue(values: ArrayLike<number>, width: number, height: number): Map<number, Rle> {
  const runs = new Map<number, { counts: number[]; end: number }>();
  const total = width * height;
  const close = (value: number, start: number, end: number) => {
    const known = runs.get(value) ?? { counts: [], end: 0 };
    runs.set(value, known);
    known.counts.push(start - known.end, end - start);
    known.end = end;
  };
  let start = 0;
  let current = values[0];
  for (let x = 0, at = 0; x < width; x++)
    for (let y = 0; y < height; y++, at++) {
      const value = values[y * width + x];
      if (value === current) continue;
      close(current, start, at);
      [start, current] = [at, value];
    }
  close(current, start, total);
  return new Map(
    [...runs].map(([value, { counts, end }]) => [
      value,
      { width, height, counts: end < total ? [...counts, total - end] : counts },
    ]),
  );
}
