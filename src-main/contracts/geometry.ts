// Shapes on a picture. One frame everywhere: pixels of the upright picture (EXIF applied), x right,
// y down, continuous edges: a box that covers the first pixel is {x: 0, y: 0, width: 1, height: 1}.
// Formats with inclusive pixel indices convert when they read (xmax + 1) and when they write.

import { z } from 'zod';

const finite = z.number().refine(Number.isFinite, 'must be a finite number');

const boxSchema = z.object({ x: finite, y: finite, width: finite.min(0), height: finite.min(0) });
export type Box = z.infer<typeof boxSchema>;

const pointSchema = z.tuple([finite, finite]);
export type Point = z.infer<typeof pointSchema>;

/**
 * Run lengths of a binary mask in column-major order, starting with zeros (COCO's order).
 * `counts` sums to width * height.
 */
const rleSchema = z.object({
  width: z.int().min(1),
  height: z.int().min(1),
  counts: z.array(z.int().min(0)),
});
export type Rle = z.infer<typeof rleSchema>;

export const shapeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('box'), box: boxSchema }),
  /** One or more rings, even-odd filled; each ring has at least three points. */
  z.object({ kind: z.literal('polygon'), rings: z.array(z.array(pointSchema).min(3)).min(1) }),
  z.object({ kind: z.literal('mask'), rle: rleSchema }),
]);
export type Shape = z.infer<typeof shapeSchema>;

/** Intersection over union of two boxes with continuous edges; 0 when both are empty. */
export function intersectionOverUnion(a: Box, b: Box): number {
  const width = Math.max(0, Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x));
  const height = Math.max(0, Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y));
  const intersection = width * height;
  const union = a.width * a.height + b.width * b.height - intersection;
  return union > 0 ? intersection / union : 0;
}

/** Tightest box round a shape; a mask without a set pixel gives null. */
export function boundsOf(shape: Shape): Box | null {
  if (shape.kind === 'box') return shape.box;
  if (shape.kind === 'polygon') {
    let left = Infinity;
    let top = Infinity;
    let right = -Infinity;
    let bottom = -Infinity;
    for (const ring of shape.rings)
      for (const [x, y] of ring) {
        left = Math.min(left, x);
        top = Math.min(top, y);
        right = Math.max(right, x);
        bottom = Math.max(bottom, y);
      }
    return { x: left, y: top, width: right - left, height: bottom - top };
  }
  return boundsOfRle(shape.rle);
}

function boundsOfRle(rle: Rle): Box | null {
  let left = Infinity;
  let top = Infinity;
  let right = -1;
  let bottom = -1;
  let position = 0;
  rle.counts.forEach((count, index) => {
    if (index % 2 === 1 && count > 0) {
      const first = position;
      const last = position + count - 1;
      const firstColumn = Math.floor(first / rle.height);
      const lastColumn = Math.floor(last / rle.height);
      left = Math.min(left, firstColumn);
      right = Math.max(right, lastColumn);
      // A run that enters a second column touches both its top and its bottom.
      top = Math.min(top, lastColumn > firstColumn ? 0 : first % rle.height);
      bottom = Math.max(bottom, lastColumn > firstColumn ? rle.height - 1 : last % rle.height);
    }
    position += count;
  });
  return right < 0 ? null : { x: left, y: top, width: right + 1 - left, height: bottom + 1 - top };
}
