// The sample as files: PNG pictures and COCO JSON, so that it comes in by the same door as anybody's data.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { encodePng } from '../png.ts';
import { encodeRle, rleToString } from '../rle.ts';
import { drawSamplePicture, sampleClasses, samplePicturePx, type SamplePart } from './scene.ts';

export interface SampleOptions {
  /** Same seed, same files. */
  seed: number;
  /** Share of train and selection pictures whose sticker agrees with the class, 0..1. */
  bias?: number;
  /** Numbers of pictures. */
  train?: number;
  selection?: number;
  test?: number;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

export const sampleDefaults = { bias: 0.95, train: 1000, selection: 200, test: 400 } as const;

/** COCO's own words for the parts, so that the import deals them out. */
const stems: Record<SamplePart, string> = { train: 'train', selection: 'val', test: 'test' };

/**
 * Writes `images/<part>_0001.png` … and `annotations/instances_<part>.json` into a folder. Every picture has
 * two annotations of its class: the box, and the mask.
 */
export async function writeSample(folder: string, options: SampleOptions): Promise<void> {
  const { seed, signal, onProgress } = options;
  const { bias, train, selection, test } = { ...sampleDefaults, ...definedOnly(options) };
  await mkdir(path.join(folder, 'images'), { recursive: true });
  await mkdir(path.join(folder, 'annotations'), { recursive: true });
  const counts: Record<SamplePart, number> = { train, selection, test };
  const total = train + selection + test;
  let done = 0;
  for (const part of ['train', 'selection', 'test'] as const) {
    const images: object[] = [];
    const annotations: object[] = [];
    for (let index = 0; index < counts[part]; index++) {
      signal?.throwIfAborted();
      const picture = drawSamplePicture(seed, part, index, bias);
      const name = `${stems[part]}_${String(index + 1).padStart(4, '0')}.png`;
      const size = samplePicturePx;
      await writeFile(path.join(folder, 'images', name), encodePng(picture.rgb, size, size));
      const { x, y, width, height } = picture.box;
      const rle = encodeRle(picture.mask, size, size);
      const area = picture.mask.reduce((sum, value) => sum + value, 0);
      const common = {
        image_id: index + 1,
        category_id: picture.classIndex + 1,
        bbox: [x, y, width, height],
        iscrowd: 0,
      };
      images.push({ id: index + 1, file_name: name, width: size, height: size });
      annotations.push(
        { id: 2 * index + 1, ...common, area: width * height, segmentation: [] },
        {
          id: 2 * index + 2,
          ...common,
          area,
          segmentation: { size: [size, size], counts: rleToString(rle) },
        },
      );
      onProgress?.(++done, total);
    }
    const categories = sampleClasses.map((name, i) => ({ id: i + 1, name, supercategory: 'object' }));
    const info = { description: `Fovea sample, seed ${seed}, bias ${bias}` };
    await writeFile(
      path.join(folder, 'annotations', `instances_${stems[part]}.json`),
      JSON.stringify({ info, licenses: [], images, annotations, categories }),
    );
  }
}

/** So that an option given as undefined means its default. */
function definedOnly(options: SampleOptions): Partial<typeof sampleDefaults> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
