// The real sets, where they are present: counts as their SOURCE.md states them, and every oddity it names.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ImportWarning } from '../../../src-main/contracts/imports.ts';
import type { FittedAnnotation } from '../../../src-main/contracts/imported.ts';
import { boundsOf } from '../../../src-main/contracts/geometry.ts';
import { detectFormat, fitToImage, SourceTree } from '../../../src-main/formats/index.ts';
import { decodeLabels, probe, rasterize } from '../../../src-main/imaging/index.ts';
import { countBy, keptOf, readAs, sharedData, type Read } from './reading.ts';

const set = (name: string) => path.join(sharedData, name);
const present = (name: string) => existsSync(set(name));

/** Reads and fits as an import does, with the real sizes; `everyNth` picture is looked at where all are alike. */
async function imported(name: string, format: string, everyNth = 1) {
  const read: Read = await readAs(format, set(name));
  const annotations: FittedAnnotation[] = [];
  const warnings: ImportWarning[] = [...read.warnings];
  let size = { widthPx: 0, heightPx: 0 };
  for (const [i, image] of read.images.entries()) {
    if (i % everyNth === 0) size = await probe(image.file);
    const { widthPx, heightPx } = size;
    const fitted = fitToImage(image, widthPx, heightPx);
    annotations.push(...fitted.annotations);
    warnings.push(...fitted.warnings);
  }
  return { ...read, annotations, warnings };
}
const detected = async (name: string) => (await detectFormat(await SourceTree.open(set(name)))).format;

describe.runIf(present('tiny-imagenet-10'))('tiny-imagenet-10', () => {
  it('has 5,500 pictures, one box each, none of them without area', async () => {
    expect(await detected('tiny-imagenet-10')).toBe('tiny-imagenet');
    const { images, annotations, warnings } = await imported('tiny-imagenet-10', 'tiny-imagenet', 50);
    expect(images).toHaveLength(5500);
    expect(annotations).toHaveLength(5500);
    expect(warnings).toEqual([]);
    expect(countBy(images, ({ split }) => split)).toEqual({ train: 5000, test: 500 });
    const perClass = countBy(images, ({ className }) => className);
    expect(Object.keys(perClass)).toHaveLength(10);
    expect(new Set(Object.values(perClass))).toEqual(new Set([550]));
    expect(perClass).toHaveProperty('goldfish');
    const boxes = annotations.map(({ shape }) => boundsOf(shape)!);
    expect(boxes.filter(({ width, height }) => width === 1 || height === 1)).toHaveLength(86);
    expect(boxes.filter(({ width, height }) => width === 64 && height === 64)).toHaveLength(176);
  });
});

describe.runIf(present('voc-bccd'))('voc-bccd', () => {
  it('has 292 pictures and 3,943 boxes, of which the two without area are reported and left out', async () => {
    expect(await detected('voc-bccd')).toBe('voc');
    const { images, annotations, warnings } = await imported('voc-bccd', 'voc');
    expect(images).toHaveLength(292);
    const read = images.flatMap((image) => image.annotations);
    expect(countBy(read, ({ className }) => className)).toEqual({ RBC: 3350, WBC: 301, Platelets: 292 });
    expect(countBy(images, ({ split }) => split)).toEqual({ train: 205, test: 87 });
    expect(annotations).toHaveLength(3941);
    expect(warnings.map(({ code, file }) => [code, file])).toEqual([
      ['dropped-box', 'JPEGImages/BloodImage_00338.jpg'],
      ['dropped-box', 'JPEGImages/BloodImage_00343.jpg'],
    ]);
  });
});

describe.runIf(present('coco-instances-tiny'))('coco-instances-tiny', () => {
  it('has 38 pictures and 424 annotations, 5 of them crowds in run-length code', async () => {
    expect(await detected('coco-instances-tiny')).toBe('coco');
    const { images, annotations, warnings, by } = await imported('coco-instances-tiny', 'coco');
    expect(images).toHaveLength(38);
    expect(countBy(images, ({ split }) => split)).toEqual({ train: 32, test: 6 });
    expect(annotations).toHaveLength(424);
    const kinds = countBy(annotations, ({ shape }) => shape.kind);
    expect(kinds.polygon + kinds.mask).toBe(424);
    expect(kinds.mask).toBeGreaterThanOrEqual(5);
    for (const name of ['000000226111', '000000058636'])
      expect(by[`images/train2017/${name}.jpg`].annotations).toEqual([]);
    expect(warnings.filter(({ code }) => !['unused-classes', 'clipped-box'].includes(code))).toEqual([]);
  });
});

describe.runIf(present('coco-panopticapi-sample'))('coco-panopticapi-sample', () => {
  const name = 'coco-panopticapi-sample';
  it('has 50 compressed masks that agree, pixel for pixel, with the panoptic pictures', async () => {
    const { images, warnings } = await readAs(
      'coco',
      path.join(set(name), 'panoptic_coco_detection_format.json'),
    );
    expect(warnings.map(({ code }) => code)).toEqual(['unused-classes']);
    expect(images).toHaveLength(2);
    expect(images.flatMap(({ annotations }) => annotations)).toHaveLength(50);
    for (const image of images) {
      const stem = path.basename(image.file).replace(/\..*$/, '');
      // The red channel of a segment's id: constant under each mask.
      const ids = await decodeLabels(path.join(set(name), 'panoptic_examples', `${stem}.png`));
      for (const { shape } of image.annotations) {
        const mask = rasterize(
          [keptOf(shape, ids.widthPx, ids.heightPx)],
          ids.widthPx,
          ids.heightPx,
          ids.widthPx,
          ids.heightPx,
        );
        const values = new Set<number>();
        mask.forEach((value, i) => value === 1 && values.add(ids.values[i]));
        expect(values.size).toBe(1);
      }
    }
  });
});

describe.runIf(present('cub-200-2011-subset'))('cub-200-2011-subset', () => {
  it('has 136 pictures and boxes in 3 classes, and the one box that reaches outside is cut off and reported', async () => {
    expect(await detected('cub-200-2011-subset')).toBe('cub');
    const { images, annotations, warnings } = await imported('cub-200-2011-subset', 'cub');
    expect(annotations).toHaveLength(136);
    expect(countBy(images, ({ className }) => className)).toEqual({
      'Black footed Albatross': 60,
      'Crested Auklet': 44,
      'Red winged Blackbird': 32,
    });
    expect(images.every(({ split }) => split === 'train' || split === 'test')).toBe(true);
    expect(warnings.map(({ code }) => code)).toEqual(['unused-classes', 'clipped-box']);
    expect(warnings[1].file).toMatch(/Black_Footed_Albatross_0050_796125\.jpg$/);
  });
});

describe.runIf(present('oxford-pets-subset'))('oxford-pets-subset', () => {
  it('has 51 pictures of 3 breeds with 45 head boxes and 51 masks', async () => {
    expect(await detected('oxford-pets-subset')).toBe('oxford-pets');
    const { images, annotations, warnings } = await imported('oxford-pets-subset', 'oxford-pets');
    expect(countBy(images, ({ className }) => className)).toEqual({
      Abyssinian: 17,
      Bengal: 17,
      'american bulldog': 17,
    });
    expect(countBy(annotations, ({ shape }) => shape.kind)).toEqual({ box: 45, mask: 51 });
    expect(warnings).toEqual([]);
  });
});
