// What each format writes, it reads back: as the same pixels where it can hold the shape, and what it cannot is told.

import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { boundsOf } from '../../../src-main/contracts/geometry.ts';
import { fitToImage, formats } from '../../../src-main/formats/index.ts';
import { covered, coveredIn, exampleSet, roundTrip } from './reading.ts';

/** What a format keeps of the example, beside the shapes' pixels and classes. */
interface Kept {
  format: string;
  /** Of the three parts of the split. */
  split?: boolean;
  /** Class of a picture without shapes, and of one with shapes of it. */
  classes?: boolean;
  attributes?: boolean;
  losses: string[];
}

const masks = 'polygons have holes or parts, and are written as masks';
const kept: Kept[] = [
  {
    format: 'labelme',
    classes: true,
    losses: [
      masks,
      'pictures are of a part of the split, which is not written',
      'pictures have attributes, which are not written',
    ],
  },
  { format: 'fovea', split: true, classes: true, attributes: true, losses: [] },
  { format: 'cvat', split: true, classes: true, attributes: true, losses: [masks] },
  { format: 'datumaro', split: true, classes: true, attributes: true, losses: [masks] },
  {
    format: 'label-studio',
    classes: true,
    losses: [
      'polygons have holes or parts, and are written as brush strokes',
      'pictures are of a part of the split, which is not written',
      'pictures have attributes, which are not written',
    ],
  },
  {
    format: 'via',
    split: true,
    classes: true,
    attributes: true,
    losses: [
      'masks are written as the outlines of their pixels',
      'polygons have holes or parts, which are joined by lines that enclose nothing',
    ],
  },
];

describe.each(kept)('$format', ({ format, split = false, classes = false, attributes = false, losses }) => {
  it('is recognised by what it wrote, and reads every shape back as the same pixels', async () => {
    const dataset = exampleSet();
    const { by, images, detected, warnings } = await roundTrip(format, dataset);
    expect(detected).toBe(format);
    expect(images).toHaveLength(3);
    expect(warnings).toEqual([]);
    for (const image of dataset.images)
      expect(covered(by[path.basename(image.file)])).toEqual(coveredIn(image));
  });

  it('keeps what it says it keeps of the pictures', async () => {
    const dataset = exampleSet();
    const { by } = await roundTrip(format, dataset);
    for (const image of dataset.images) {
      const back = by[path.basename(image.file)];
      if (split) expect(back.split).toBe(image.split);
      if (classes && image.annotations.length === 0) expect(back.className).toBe(image.className);
      if (attributes) expect(back.attributes ?? {}).toEqual(image.attributes ?? {});
    }
  });

  it('says what is lost before it writes', () => {
    const told = formats.find(({ id }) => id === format)!.losses!(exampleSet());
    expect(told.map(({ what }) => what)).toEqual(losses);
  });
});

describe('createml', () => {
  it('writes boxes, and the boxes round other shapes, and says so', async () => {
    const dataset = exampleSet();
    const { by, detected, losses } = await roundTrip('createml', dataset);
    expect(detected).toBe('createml');
    expect(by['é.png'].annotations.map(({ shape }) => shape)).toEqual([
      { kind: 'box', box: { x: 1, y: 0, width: 4, height: 5 } },
      { kind: 'box', box: { x: 0, y: 0, width: 9, height: 9 } },
    ]);
    expect(losses.map(({ count }) => count)).toEqual([2, 1, 1, 3, 1]);
  });
});

describe('fovea', () => {
  it('gives every shape back as itself', async () => {
    const dataset = exampleSet();
    const { by } = await roundTrip('fovea', dataset);
    for (const image of dataset.images)
      expect(
        by[path.basename(image.file)].annotations.map(({ className, shape }) => ({ className, shape })),
      ).toEqual(image.annotations.map(({ className, shape }) => ({ className, shape })));
  });
});

describe('csv', () => {
  it('keeps boxes, classes, parts and attributes, and says what becomes of other shapes', async () => {
    const dataset = exampleSet();
    const { by, detected, losses } = await roundTrip('csv', dataset);
    expect(detected).toBe('csv');
    expect(by['a b.png']).toMatchObject({
      split: 'train',
      attributes: { background: 'water' },
      className: 'brown bear',
    });
    expect(by['a b.png'].annotations[0].shape).toEqual(dataset.images[0].annotations[0].shape);
    expect(by['c.png']).toMatchObject({ split: 'test', className: 'cat & "dog"', annotations: [] });
    expect(losses.map(({ count }) => count)).toEqual([2, 1]);
  });
});

describe('masks', () => {
  it('keep the pixels of each class', async () => {
    const dataset = exampleSet();
    const { by, detected } = await roundTrip('masks', dataset);
    expect(detected).toBe('masks');
    const [first, second] = dataset.images;
    const union = (lists: readonly string[]) => {
      const pixels = lists.map((one) => one.split(': ')[1]);
      return pixels[0].replace(/./g, (_, at: number) => (pixels.some((one) => one[at] === '1') ? '1' : '0'));
    };
    expect(covered(by['a b.png'])).toEqual([`brown bear: ${union(coveredIn(first))}`]);
    expect(covered(by['é.png'])).toEqual([`cat & "dog": ${union(coveredIn(second))}`]);
  });
});

describe('open-images', () => {
  it('keeps boxes, classes and parts, and says what becomes of other shapes', async () => {
    const dataset = exampleSet();
    const { by, detected, losses } = await roundTrip('open-images', dataset);
    expect(detected).toBe('open-images');
    const [box] = fitToImage(by['a b.png'], 10, 10).annotations;
    const bounds = boundsOf(box.shape)!;
    for (const [side, px] of Object.entries({ x: 1.5, y: 2, width: 4, height: 5.25 }))
      expect(bounds[side as keyof typeof bounds]).toBeCloseTo(px, 9);
    expect(by['a b.png']).toMatchObject({ split: 'train', className: 'brown bear' });
    expect(by['c.png']).toMatchObject({ split: 'test', className: 'cat & "dog"', annotations: [] });
    expect(losses.map(({ count }) => count)).toEqual([2, 1, 1]);
  });
});
