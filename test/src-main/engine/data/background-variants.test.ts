// Composites of pictures of several classes, where what may stand beside a picture depends on the class looked at.

import { expect, it } from 'vitest';
import type { LabelledImage } from '../../../../src-main/contracts/worker-protocol.ts';
import { randomFromSeed } from '../../../../src-main/engine/nn/random.ts';
import { backgroundVariantsOf } from '../../../../src-main/engine/data/background-variants.ts';

const sizePx = 2;
/** Pictures of one grey level each: 10 times the place. */
const setOf = (images: readonly Pick<LabelledImage, 'classIndex' | 'classIndices'>[]) => ({
  images: images as readonly LabelledImage[],
  sizePx,
  pixels: (index: number) => Promise.resolve(new Uint8Array(3 * sizePx ** 2).fill(10 * index)),
  regionMask: () => null,
});
/** Places of the four pictures of a composite [3, 2S, 2S], in reading order. */
const placesIn = (image: Float32Array): number[] =>
  [0, 2, 8, 10].map((corner) => Math.round((255 * image[corner]) / 10));

it('a composite has its picture in the cell it names, beside pictures that lack its class', async () => {
  const set = setOf([
    { classIndex: 0, classIndices: [0, 1] },
    { classIndex: 1, classIndices: [1] },
    { classIndex: 2, classIndices: [0, 2] },
    { classIndex: 2, classIndices: [2] },
  ]);
  const { images, cells } = await backgroundVariantsOf(set, 3, randomFromSeed(2)).composites(0, 4);
  const lacking = [
    [1, 3],
    [2, 3],
    [0, 1],
    [0, 1],
  ];
  cells.forEach((cell, i) => {
    const places = placesIn(images.subarray(i * 48, (i + 1) * 48));
    expect(places[cell!]).toBe(i);
    places.forEach((place, at) => at === cell || expect(lacking[i]).toContain(place));
  });
});

it('a picture whose class all others have gets no composite, and takes none from its neighbours', async () => {
  const set = setOf([
    { classIndex: 0, classIndices: [0] },
    { classIndex: 1, classIndices: [0, 1] },
  ]);
  const { images, cells } = await backgroundVariantsOf(set, 2, randomFromSeed(2)).composites(0, 2);
  expect(cells[0]).toBeNull();
  expect(images.subarray(0, 48).every((value) => value === 0)).toBe(true);
  expect(placesIn(images.subarray(48)).toSorted()).toEqual([0, 0, 0, 1]);
  expect(placesIn(images.subarray(48))[cells[1]!]).toBe(1);
});
