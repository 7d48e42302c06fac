// Segmentation of Pascal VOC: objects by number, classes by palette, and what stands in the XML beside.

import path from 'node:path';
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeLabelImage, decodeRle, encodeIndexedPng, encodePng } from '../../../src-main/imaging/index.ts';
import { covered, coveredIn, exampleSet, folderOf, readAs, roundTrip } from './reading.ts';

describe('written as Pascal VOC', () => {
  it('outlines and masks are palette pictures, and come back pixel for pixel with their attributes', async () => {
    const set = exampleSet();
    const [first] = set.images;
    first.annotations[1] = { ...first.annotations[1], attributes: { difficult: 'yes' } };
    const { by, folder, detected, losses } = await roundTrip('voc', set);
    expect(detected).toBe('voc');
    expect(covered(by['a b.png'])).toEqual(coveredIn(first));
    expect(by['a b.png'].annotations.map(({ shape }) => shape.kind)).toEqual(['box', 'mask']);
    expect(by['a b.png'].annotations[1].attributes).toEqual({ difficult: 'yes' });
    expect(losses.map(({ what }) => what).join()).toContain('hide each other');
    const classes = await decodeLabelImage(path.join(folder, 'SegmentationClass', 'a b.png'));
    expect(classes.palette!.slice(0, 3)).toEqual([0, 0x800000, 0x008000]);
    expect(new Set(classes.values)).toEqual(new Set([0, 2]));
    expect(readFileSync(path.join(folder, 'ImageSets/Segmentation/train.txt'), 'utf8')).toBe('a b\n');
    expect(readFileSync(path.join(folder, 'labelmap.txt'), 'utf8')).toContain('brown bear:0,128,0::');
  });

  it('a picture has the depth that it has', async () => {
    const set = exampleSet();
    const grey = folderOf({
      'grey.png': encodePng(new Uint8Array(100).fill(7), 10, 10, 1),
      'grey.jpg': await sharp({ create: { width: 10, height: 10, channels: 3, background: '#777' } })
        .toColourspace('b-w')
        .jpeg()
        .toBuffer(),
    });
    set.images[2] = { ...set.images[2], file: path.join(grey, 'grey.png') };
    set.images[1] = { ...set.images[1], file: path.join(grey, 'grey.jpg'), annotations: [] };
    const { folder } = await roundTrip('voc', set);
    const depthOf = (name: string) =>
      /<depth>(\d)</.exec(readFileSync(path.join(folder, 'Annotations', name), 'utf8'))?.[1];
    expect([depthOf('a b.xml'), depthOf('grey.xml'), depthOf('grey-2.xml')]).toEqual(['3', '1', '1']);
  });
});

describe("Pascal VOC's own segmentation", () => {
  const at = (is: (x: number, y: number) => number) =>
    Uint8Array.from({ length: 100 }, (_, i) => is(i % 10, Math.floor(i / 10)));
  const png = (values: Uint8Array) => encodeIndexedPng(values, 10, 10, [0, 0x800000]);

  it('gives objects without XML their class by its number, and the border to none', async () => {
    const { images } = await readAs(
      'voc',
      folderOf({
        'JPEGImages/a.png': true,
        'SegmentationObject/a.png': png(at((x) => (x < 3 ? 1 : x === 3 ? 255 : x > 6 ? 2 : 0))),
        'SegmentationClass/a.png': png(at((x) => (x < 3 ? 12 : x === 3 ? 255 : x > 6 ? 15 : 0))),
      }),
    );
    expect(images).toHaveLength(1);
    expect(images[0].annotations.map(({ className }) => className)).toEqual(['dog', 'person']);
    const [{ shape }] = images[0].annotations;
    expect(shape.kind === 'mask' && decodeRle(shape.rle).reduce((sum, one) => sum + one, 0)).toBe(30);
  });

  it('of classes alone gives a mask a class, and a damaged one is warned of', async () => {
    const { images, warnings } = await readAs(
      'voc',
      folderOf({
        'JPEGImages/a.png': true,
        'JPEGImages/b.png': true,
        'SegmentationClass/a.png': png(at((x) => (x < 5 ? 8 : 0))),
        'SegmentationClass/b.png': png(at(() => 8)).subarray(0, 60),
      }),
    );
    expect(images.map(({ annotations }) => annotations.map(({ className }) => className))).toEqual([
      ['cat'],
      [],
    ]);
    expect(warnings.map(({ code }) => code)).toEqual(['bad-mask']);
  });
});
