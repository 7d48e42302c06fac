// The pictures of one split at the model's size: pixels from the decoded cache, regions drawn when asked for (a
// mask takes as many bytes as a third of the picture; keeping them all was not worth the milliseconds).

import type { Settings } from '../../contracts/settings.ts';
import type { LabelledImage } from '../../contracts/worker-protocol.ts';
import { rasterize, type ImageCache } from '../../imaging/index.ts';
import type { Task } from '../nn/classification.ts';

/** What a run learns, as its settings say. */
export const taskOf = ({ labels }: Pick<Settings, 'labels'>): Task =>
  labels === 'several' ? 'multi' : 'single';

/** Indices of all of a picture's classes. */
export const classesOf = ({ classIndex, classIndices }: LabelledImage): readonly number[] =>
  classIndices ?? [classIndex];

/**
 * From a class to the pictures that may stand beside one of it in a composite, by their classes: none of them has it.
 * Worked out once for each class.
 */
export function strangersOf(
  images: readonly LabelledImage[],
  classes: number,
): (classIndex: number) => readonly (readonly number[])[] {
  const byClass = Array.from({ length: classes }, (): number[] => []);
  images.forEach((image, i) => classesOf(image).forEach((k) => byClass[k].push(i)));
  const known = new Map<number, number[][]>();
  return (classIndex) => {
    const found = known.get(classIndex);
    if (found) return found;
    const has = new Set(byClass[classIndex]);
    const made = byClass.map((members) => members.filter((i) => !has.has(i)));
    known.set(classIndex, made);
    return made;
  };
}

export interface ImageSet {
  readonly images: readonly LabelledImage[];
  readonly sizePx: number;
  /** [S * S * 3], HWC, 0..255; the caller may not write into it */
  pixels(index: number): Promise<Uint8Array>;
  /** [S * S], 1 inside the region; null for a picture without one, or whose region lies outside the picture */
  regionMask(index: number): Uint8Array | null;
}

export function imageSet(cache: ImageCache, images: readonly LabelledImage[]): ImageSet {
  return {
    images,
    sizePx: cache.size,
    pixels: (index) => cache.load(images[index]),
    regionMask(index) {
      const { regions, widthPx, heightPx } = images[index];
      if (regions.length === 0) return null;
      const mask = rasterize(regions, widthPx, heightPx, cache.size);
      return mask.includes(1) ? mask : null;
    },
  };
}

/**
 * Writes one picture as the models take it.
 * @param pixels  [S * S * 3], HWC, 0..255
 * @param images  [any, 3, S, S] in [0, 1]; entry `index` is written
 */
export function writePlanes(pixels: Uint8Array, images: Float32Array, index: number): void {
  const plane = pixels.length / 3;
  const start = index * pixels.length;
  for (let i = 0; i < plane; i++)
    for (let c = 0; c < 3; c++) images[start + c * plane + i] = pixels[3 * i + c] / 255;
}
