// The shapes of COCO annotations: run-length masks, polygons and boxes.

import { AppError } from '../contracts/errors.ts';
import type { Box, Point, Rle, Shape } from '../contracts/geometry.ts';
import { areaOfRle, checkRle, rleFromString } from '../imaging/index.ts';
import { damaged } from './damage.ts';
import type { ImportedShape } from './format.ts';
import { isRecord } from './json.ts';
import { numberFrom } from './words.ts';

/** The most exact of what is given: mask, polygon, box. Null when nothing of it has three points or an area. */
export function shapeOf(entry: Record<string, unknown>, file: string, place: string): ImportedShape | null {
  const { segmentation } = entry;
  if (isRecord(segmentation)) {
    const rle = rleGiven(segmentation, file, `${place}.segmentation`);
    return areaOfRle(rle) === 0 ? boxOf(entry, file, place) : { kind: 'mask', rle };
  }
  if (Array.isArray(segmentation) && segmentation.length > 0) {
    const rings = segmentation
      .map((ring, i) => ringOf(ring, file, `${place}.segmentation[${i}]`))
      .filter((ring) => ring.length >= 3);
    // COCO means the union of an object's polygons.
    if (rings.length > 0) return { kind: rings.length === 1 ? 'polygon' : 'parts', rings };
  }
  return boxOf(entry, file, place);
}

function ringOf(ring: unknown, file: string, place: string): Point[] {
  if (!Array.isArray(ring)) throw damaged(file, place, 'a polygon is no list of numbers');
  if (ring.length % 2 !== 0) throw damaged(file, place, `an odd number of coordinates (${ring.length})`);
  const points: Point[] = [];
  for (let i = 0; i < ring.length; i += 2)
    points.push([
      numberFrom(ring[i], file, `${place}[${i}]`),
      numberFrom(ring[i + 1], file, `${place}[${i + 1}]`),
    ]);
  return points;
}

export function rleGiven(segmentation: Record<string, unknown>, file: string, place: string): Rle {
  const { size, counts } = segmentation;
  if (!Array.isArray(size) || size.length !== 2) throw damaged(file, `${place}.size`, 'the size is missing');
  const [height, width] = size.map((value, i) => numberFrom(value, file, `${place}.size[${i}]`));
  if (!Number.isInteger(height) || !Number.isInteger(width) || height < 1 || width < 1)
    throw damaged(file, `${place}.size`, `${height} x ${width} is no size`);
  try {
    if (typeof counts === 'string') return rleFromString(counts, width, height);
    if (!Array.isArray(counts)) throw damaged(file, `${place}.counts`, 'the run lengths are missing');
    const rle = {
      width,
      height,
      counts: counts.map((value, i) => numberFrom(value, file, `${place}.counts[${i}]`)),
    };
    checkRle(rle);
    return rle;
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'bad-input')
      throw damaged(
        file,
        `${place}.counts`,
        [thrown.message, thrown.detail.reason].filter(Boolean).join(': '),
        thrown,
      );
    throw thrown;
  }
}

function boxOf(entry: Record<string, unknown>, file: string, place: string): Shape | null {
  const { bbox } = entry;
  if (bbox === undefined || bbox === null || (Array.isArray(bbox) && bbox.length === 0)) return null;
  if (!Array.isArray(bbox) || bbox.length !== 4)
    throw damaged(file, `${place}.bbox`, 'a box has four numbers: x, y, width, height');
  const [x, y, width, height] = bbox.map((value, i) => numberFrom(value, file, `${place}.bbox[${i}]`));
  // A negative size cannot be kept as a box; without area it is left out, and reported, like any such.
  const box: Box = { x, y, width: Math.max(0, width), height: Math.max(0, height) };
  return { kind: 'box', box };
}
