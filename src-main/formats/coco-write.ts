// COCO JSON written: one file a part, and one of labels where the shapes do not tell the class of a picture.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Split } from '../contracts/dataset.ts';
import { boundsOf, type Box, type Point, type Shape } from '../contracts/geometry.ts';
import { areaOfRle, encodeRle, rasterize, rleToString } from '../imaging/index.ts';
import type { ExportDataset, ExportImage } from './format.ts';

export async function writeSplit(
  dataset: ExportDataset,
  names: readonly string[],
  split: Split | null,
  stem: string,
  folder: string,
): Promise<void> {
  const images: object[] = [];
  const annotations: object[] = [];
  const labels: object[] = [];
  let areLabelsNew = false;
  dataset.images.forEach((image, i) => {
    if (image.split !== split) return;
    const imageId = i + 1;
    const attributes = image.attributes ?? {};
    images.push({
      id: imageId,
      file_name: names[i],
      width: image.widthPx,
      height: image.heightPx,
      ...(Object.keys(attributes).length > 0 ? { attributes } : {}),
    });
    if (image.className !== null)
      labels.push({
        id: labels.length + 1,
        image_id: imageId,
        category_id: dataset.classes.indexOf(image.className) + 1,
      });
    areLabelsNew ||= image.className !== null && !followsFromShapes(image);
    for (const { className, shape, isCrowd = false, attributes: ofShape = {} } of image.annotations) {
      const name = className ?? image.className;
      // COCO has no annotation without category.
      if (name === null) continue;
      const bounds = boundsOf(shape);
      if (bounds === null) continue;
      annotations.push({
        id: annotations.length + 1,
        image_id: imageId,
        category_id: dataset.classes.indexOf(name) + 1,
        bbox: [bounds.x, bounds.y, bounds.width, bounds.height],
        ...segmentationOf(shape, bounds, image),
        iscrowd: isCrowd ? 1 : 0,
        ...(Object.keys(ofShape).length > 0 ? { attributes: ofShape } : {}),
      });
    }
  });
  if (images.length === 0) return;
  const categories = dataset.classes.map((name, i) => ({ id: i + 1, name, supercategory: '' }));
  const write = (kind: string, content: object[]) =>
    writeFile(
      path.join(folder, 'annotations', `${kind}_${stem}.json`),
      JSON.stringify({
        info: { description: 'Written by Fovea' },
        licenses: [],
        images,
        annotations: content,
        categories,
      }),
    );
  await write('instances', annotations);
  // COCO knows no class of a picture, so what the shapes do not tell stands in a file beside.
  if (areLabelsNew) await write('labels', labels);
}

function followsFromShapes({ className, annotations }: ExportImage): boolean {
  return annotations.length > 0 && annotations.every((one) => (one.className ?? className) === className);
}

function segmentationOf(
  shape: Shape,
  bounds: Box,
  { widthPx, heightPx }: ExportImage,
): { segmentation: unknown; area: number } {
  if (shape.kind === 'box') return { segmentation: [], area: bounds.width * bounds.height };
  if (shape.kind === 'polygon' && !boundsMeet(shape.rings))
    return {
      segmentation: shape.rings.map((ring) => ring.flat()),
      area: shape.rings.reduce((sum, ring) => sum + Math.abs(signedArea(ring)), 0),
    };
  // Rings that may be holes cannot be said in COCO's polygons.
  const rle =
    shape.kind === 'mask'
      ? shape.rle
      : encodeRle(rasterize([shape], widthPx, heightPx, widthPx, heightPx), widthPx, heightPx);
  return { segmentation: { size: [rle.height, rle.width], counts: rleToString(rle) }, area: areaOfRle(rle) };
}

/** Every ring against every other: of more than this it is not asked. */
const MOST_RINGS = 200;

function boundsMeet(rings: Point[][]): boolean {
  if (rings.length > MOST_RINGS) return true;
  const boxes = rings.map((ring) => boundsOf({ kind: 'polygon', rings: [ring] })!);
  return boxes.some((a, i) =>
    boxes
      .slice(i + 1)
      .some(
        (b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height,
      ),
  );
}

/** Shoelace formula. */
function signedArea(ring: Point[]): number {
  let twice = 0;
  ring.forEach(([x, y], i) => {
    const [nextX, nextY] = ring[(i + 1) % ring.length];
    twice += x * nextY - nextX * y;
  });
  return twice / 2;
}
