// The sample as files: PNG pictures and COCO JSON, so that it comes in by the same door as anybody's data.

import { labelledFolder } from '../labelled-folder.ts';
import { drawSampleImage, sampleClasses, sampleImagePx, sampleStickers } from './scene.ts';

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

/**
 * Writes `images/<part>_0001.png` … and `annotations/instances_<part>.json` into a folder. Every picture has
 * two annotations of its class: the box, and the mask; and the colour of its sticker as an attribute.
 */
export async function writeSample(folder: string, options: SampleOptions): Promise<void> {
  const { seed, signal, onProgress } = options;
  const { bias, ...counts } = { ...sampleDefaults, ...definedOnly(options) };
  const total = counts.train + counts.selection + counts.test;
  const out = await labelledFolder(folder, sampleClasses, () => `Fovea sample, seed ${seed}, bias ${bias}`);
  let done = 0;
  for (const part of ['train', 'selection', 'test'] as const)
    for (let index = 0; index < counts[part]; index++) {
      signal?.throwIfAborted();
      const { rgb, mask, box, classIndex, stickerIndex } = drawSampleImage(seed, part, index, bias);
      await out.add(part, {
        pixels: rgb,
        channels: 3,
        widthPx: sampleImagePx,
        heightPx: sampleImagePx,
        classIndex,
        box,
        mask,
        attributes: { sticker: sampleStickers[stickerIndex] },
      });
      onProgress?.(++done, total);
    }
  await out.finish();
}

/** So that an option given as undefined means its default. */
function definedOnly(options: SampleOptions): Partial<typeof sampleDefaults> {
  const { bias, train, selection, test } = options;
  return Object.fromEntries(
    Object.entries({ bias, train, selection, test }).filter(([, value]) => value !== undefined),
  );
}
