// Masks on the canvas: all masks of a picture as one bitmap, the outline of one as one path, and the test
// whether a pixel is set. Run lengths are column-major and start with zeros (contracts/geometry.ts).

import type { Rle } from '../../src-main/contracts/index.ts';
import type { Size } from './viewport.ts';

/** A picture larger than this has its masks drawn at a half, a third … of its size. */
const BITMAP_SIDE_PX = 4096;
/** Beyond this an outline costs more to draw than it tells. */
const MOST_OUTLINE_EDGES = 60_000;

const ends = new WeakMap<Rle, Uint32Array>();

/** Running sums of the counts, so that a position is found by bisection. */
function runEnds(rle: Rle): Uint32Array {
  let sums = ends.get(rle);
  if (!sums) {
    sums = new Uint32Array(rle.counts.length);
    let sum = 0;
    rle.counts.forEach((count, index) => (sums![index] = sum += count));
    ends.set(rle, sums);
  }
  return sums;
}

/** Whether pixel (column, row) is set; false outside. */
export function isSet(rle: Rle, column: number, row: number): boolean {
  if (column < 0 || row < 0 || column >= rle.width || row >= rle.height) return false;
  const position = column * rle.height + row;
  const sums = runEnds(rle);
  let low = 0;
  let high = sums.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! <= position) low = middle + 1;
    else high = middle;
  }
  return low < sums.length && low % 2 === 1;
}

export function areaOf(rle: Rle): number {
  return rle.counts.reduce((sum, count, index) => (index % 2 === 1 ? sum + count : sum), 0);
}

/** Calls `paint` for each vertical run of set pixels: rows first..last (inclusive) of one column. */
export function eachRun(rle: Rle, paint: (column: number, first: number, last: number) => void): void {
  let position = 0;
  rle.counts.forEach((count, index) => {
    if (index % 2 === 1) {
      let from = position;
      let left = count;
      while (left > 0) {
        const column = Math.floor(from / rle.height);
        const first = from % rle.height;
        const length = Math.min(left, rle.height - first);
        paint(column, first, first + length - 1);
        from += length;
        left -= length;
      }
    }
    position += count;
  });
}

/** Every n-th pixel is kept so that the longer side fits `BITMAP_SIDE_PX`. */
export function bitmapStep(image: Size): number {
  return Math.max(1, Math.ceil(Math.max(image.width, image.height) / BITMAP_SIDE_PX));
}

/**
 * Paints masks into the pixels of one bitmap, later over earlier.
 * @param pixels  one RGBA value a pixel as a little-endian word, row-major, of size ceil(side / step)
 */
export function paintMasks(
  pixels: Uint32Array,
  image: Size,
  step: number,
  masks: readonly { rle: Rle; word: number }[],
): void {
  const width = Math.ceil(image.width / step);
  for (const { rle, word } of masks)
    eachRun(rle, (column, first, last) => {
      if (column % step !== 0) return;
      const start = Math.ceil(first / step) * step;
      for (let row = start; row <= last; row += step) {
        const at = (row / step) * width + column / step;
        if (at < pixels.length) pixels[at] = word;
      }
    });
}

/** Edges between set and unset pixels as [x1, y1, x2, y2] each, image frame; null when there are too many. */
export function outlineEdges(rle: Rle): number[] | null {
  const edges: number[] = [];
  const columns: [number, number][][] = [];
  eachRun(rle, (column, first, last) => (columns[column] ??= []).push([first, last + 1]));
  for (let column = 0; column <= rle.width; column += 1) {
    const here = columns[column] ?? [];
    const before = columns[column - 1] ?? [];
    for (const [top, bottom] of here)
      edges.push(column, top, column + 1, top, column, bottom, column + 1, bottom);
    // Where exactly one of the two columns is set, the line between them is an edge.
    const marks = [...here, ...before].flat().sort((one, other) => one - other);
    for (let index = 0; index + 1 < marks.length; index += 2)
      if (marks[index] !== marks[index + 1]) edges.push(column, marks[index]!, column, marks[index + 1]!);
    if (edges.length > MOST_OUTLINE_EDGES * 4) return null;
  }
  return edges;
}
