// Generated pictures as a folder that comes in by the same door as anybody's data: PNG files and COCO JSON, one file
// a part, with attributes of the whole picture beside it.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Split } from '../contracts/dataset.ts';
import type { Box } from '../contracts/geometry.ts';
import { makeFolder } from '../files/write-file.ts';
import { encodePng } from './png.ts';
import { encodeRle, rleToString } from './rle.ts';

export interface LabelledImageFile {
  /** [height * width * channels] */
  pixels: Uint8Array;
  channels: 1 | 3;
  widthPx: number;
  heightPx: number;
  classIndex: number;
  /** Of its class; none, one or both. */
  box?: Box;
  /** [height * width], 1 on the object, at least one pixel. */
  mask?: Uint8Array;
  attributes?: Record<string, string>;
}

/** COCO's own words for the parts, so that the import deals them out. */
const stems: Record<Split, string> = { train: 'train', selection: 'val', test: 'test' };

export interface LabelledFolder {
  /** Writes the picture; its name is the part and a number from 1. */
  add(part: Split, image: LabelledImageFile): Promise<void>;
  /** Writes the annotations of the parts that have pictures. */
  finish(): Promise<void>;
}

/**
 * @param folder    made if it is missing
 * @param describe  what the pictures of a part are, for the file's own record
 */
export async function labelledFolder(
  folder: string,
  classes: readonly string[],
  describe: (part: Split) => string,
): Promise<LabelledFolder> {
  makeFolder(path.join(folder, 'images'));
  makeFolder(path.join(folder, 'annotations'));
  const parts = new Map<Split, { images: object[]; annotations: object[] }>();
  return {
    async add(part, { pixels, channels, widthPx, heightPx, classIndex, box, mask, attributes }) {
      const content = parts.get(part) ?? { images: [], annotations: [] };
      parts.set(part, content);
      const id = content.images.length + 1;
      const name = `${stems[part]}_${String(id).padStart(4, '0')}.png`;
      await writeFile(path.join(folder, 'images', name), encodePng(pixels, widthPx, heightPx, channels));
      content.images.push({
        id,
        file_name: name,
        width: widthPx,
        height: heightPx,
        ...(attributes && { attributes }),
      });
      const { x, y, width, height } = box ?? boundsOfMask(mask, widthPx);
      const common = {
        image_id: id,
        category_id: classIndex + 1,
        bbox: [x, y, width, height],
        iscrowd: 0,
      };
      const annotate = (more: object) =>
        content.annotations.push({ id: content.annotations.length + 1, ...common, ...more });
      if (box) annotate({ area: width * height, segmentation: [] });
      if (mask) {
        const counts = rleToString(encodeRle(mask, widthPx, heightPx));
        const area = mask.reduce((sum, value) => sum + value, 0);
        annotate({ area, segmentation: { size: [heightPx, widthPx], counts } });
      }
    },
    async finish() {
      const categories = classes.map((name, i) => ({ id: i + 1, name, supercategory: 'object' }));
      for (const [part, content] of parts)
        await writeFile(
          path.join(folder, 'annotations', `instances_${stems[part]}.json`),
          JSON.stringify({ info: { description: describe(part) }, licenses: [], ...content, categories }),
        );
    },
  };
}

function boundsOfMask(mask: Uint8Array | undefined, widthPx: number): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, 0, 0];
  mask?.forEach((value, i) => {
    if (value === 0) return;
    const [x, y] = [i % widthPx, Math.floor(i / widthPx)];
    [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
  });
  return right > 0
    ? { x: left, y: top, width: right - left, height: bottom - top }
    : { x: 0, y: 0, width: 0, height: 0 };
}
