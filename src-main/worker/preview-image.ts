// A picture of a source as it would come in, small, with the outlines of what is drawn on it.

import type { Point, Shape } from '../contracts/geometry.ts';
import type { WorkerCalls } from '../contracts/worker-protocol.ts';
import { outlineOfMask, thumbnailOf } from '../imaging/index.ts';
import { lookAt } from './look-at.ts';

/** Shapes that are drawn, and points of all of them together: more than anybody tells apart on a small picture. */
const MOST_SHAPES = 100;
const MOST_POINTS = 4000;

export async function previewImage({
  image,
  sidePx,
}: WorkerCalls['previewImage']['input']): Promise<WorkerCalls['previewImage']['output']> {
  const { probe, annotations } = await lookAt({ image, known: null });
  const thumbnail = await thumbnailOf(image.file, sidePx);
  const shapes: WorkerCalls['previewImage']['output']['shapes'] = [];
  let points = 0;
  for (const { className, shape } of annotations.slice(0, MOST_SHAPES)) {
    const rings = outlineOf(shape);
    points += rings.reduce((sum, ring) => sum + ring.length, 0);
    if (points > MOST_POINTS) break;
    shapes.push({ className, rings });
  }
  return {
    widthPx: probe.widthPx,
    heightPx: probe.heightPx,
    thumbnail,
    shapes,
    hidden: annotations.length - shapes.length,
  };
}

function outlineOf(shape: Shape): Point[][] {
  if (shape.kind === 'polygon') return shape.rings;
  if (shape.kind === 'mask') return outlineOfMask(shape.rle);
  const { x, y, width, height } = shape.box;
  return [
    [
      [x, y],
      [x + width, y],
      [x + width, y + height],
      [x, y + height],
    ],
  ];
}
