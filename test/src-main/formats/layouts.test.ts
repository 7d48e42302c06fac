// Formats that are a layout of folders and tables: class folders, Tiny ImageNet, CUB, Oxford pets; the guess
// between them; and how annotations are fitted to the real picture.

import { describe, expect, it } from 'vitest';
import type { Shape } from '../../../src-main/contracts/geometry.ts';
import { detectFormat, fitShape, fitToImage, SourceTree } from '../../../src-main/formats/index.ts';
import { encodePng } from '../../../src-main/imaging/index.ts';
import { folderOf, readAs } from './reading.ts';

const detect = async (place: string) => detectFormat(await SourceTree.open(place));

describe('folders of pictures', () => {
  it('give each picture the class of its folder and the split above it', async () => {
    const place = folderOf({
      'train/cat/1.png': true,
      'train/dog/deep/2.JPG': true,
      'val/cat/3.png': true,
      'test/dog/4.png': true,
    });
    expect((await detect(place)).format).toBe('folders');
    const { images } = await readAs('folders', place);
    expect(images.map(({ relativePath, className, split }) => [relativePath, className, split])).toEqual([
      ['test/dog/4.png', 'dog', 'test'],
      ['train/cat/1.png', 'cat', 'train'],
      ['train/dog/deep/2.JPG', 'dog', 'train'],
      ['val/cat/3.png', 'cat', 'selection'],
    ]);
  });

  it('take validation for test when there is no other', async () => {
    const { by } = await readAs('folders', folderOf({ 'train/cat/1.png': true, 'valid/cat/3.png': true }));
    expect(by['valid/cat/3.png'].split).toBe('test');
  });

  it('have no class when they lie flat or in a folder named images', async () => {
    const { images } = await readAs('folders', folderOf({ 'a.png': true, 'images/b.png': true }));
    expect(images.map(({ className }) => className)).toEqual([null, null]);
  });

  it('pass hidden files over and come in natural order', async () => {
    const { images } = await readAs(
      'folders',
      folderOf({
        'c/10.png': true,
        'c/2.png': true,
        'c/._2.png': 'x',
        '.trash/c/3.png': true,
        'notes.txt': 'x',
      }),
    );
    expect(images.map(({ relativePath }) => relativePath)).toEqual(['c/2.png', 'c/10.png']);
  });

  it('with a name of 201 characters are refused', async () => {
    await expect(readAs('folders', folderOf({ [`${'n'.repeat(201)}/a.png`]: true }))).rejects.toMatchObject({
      code: 'bad-file',
    });
  });

  it('without any picture are an error, not an empty import', async () => {
    await expect(detect(folderOf({ 'notes.txt': 'x' }))).rejects.toMatchObject({ code: 'bad-file' });
  });
});

describe('Tiny ImageNet', () => {
  const files = {
    'wnids.txt': 'n1\nn2\n',
    'words.txt': 'n0\tother\nn1\tcrane, machine\nn2\tcrane\n',
    'train/n1/images/n1_0.JPEG': true as const,
    'train/n1/images/n1_1.JPEG': true as const,
    'train/n1/n1_boxes.txt': 'n1_0.JPEG\t0\t2\t9\t2\n',
    'train/n2/images/n2_0.JPEG': true as const,
    'train/n2/n2_boxes.txt': 'n2_0.JPEG\t1\t1\t1\t1\n',
    'val/images/val_0.JPEG': true as const,
    'val/val_annotations.txt': 'val_0.JPEG\tn2\t3\t3\t4\t6\n',
    'test/images/test_0.JPEG': true as const,
  };

  it('counts both corner pixels into a box, so a line of pixels has an area', async () => {
    const place = folderOf(files);
    expect((await detect(place)).format).toBe('tiny-imagenet');
    const { by, images, warnings } = await readAs('tiny-imagenet', place);
    const boxOf = (name: string) =>
      by[name].annotations.map(({ shape }) => shape.kind === 'box' && shape.box);
    expect(boxOf('train/n1/images/n1_0.JPEG')).toEqual([{ x: 0, y: 2, width: 10, height: 1 }]);
    expect(boxOf('train/n2/images/n2_0.JPEG')).toEqual([{ x: 1, y: 1, width: 1, height: 1 }]);
    expect(boxOf('val/images/val_0.JPEG')).toEqual([{ x: 3, y: 3, width: 2, height: 4 }]);
    expect(boxOf('train/n1/images/n1_1.JPEG')).toEqual([]);
    expect(images).toHaveLength(4);
    expect(by['val/images/val_0.JPEG']).toMatchObject({ split: 'test', className: 'crane (n2)' });
    expect(by['train/n1/images/n1_1.JPEG']).toMatchObject({ split: 'train', className: 'crane (n1)' });
    expect(warnings.map(({ code }) => code)).toEqual(['unlabelled-pictures']);
  });

  it.each([
    ['too few fields', 'n1_0.JPEG\t0\t2\t9\n', 'line 1'],
    ['a word for a number', 'n1_1.JPEG\t0\t2\t9\t9\nn1_0.JPEG\t0\tx\t9\t9\n', 'line 2, corner 2'],
  ])('refuses a box file with %s', async (_, text, place) => {
    await expect(
      readAs('tiny-imagenet', folderOf({ ...files, 'train/n1/n1_boxes.txt': text })),
    ).rejects.toMatchObject({
      code: 'bad-file',
      detail: { file: 'train/n1/n1_boxes.txt', place },
    });
  });

  it('passes over a line whose name leads outside', async () => {
    const { warnings } = await readAs(
      'tiny-imagenet',
      folderOf({ ...files, 'train/n1/n1_boxes.txt': '../../../../../x.JPEG\t0\t0\t1\t1\n' }),
    );
    expect(warnings[0]).toMatchObject({ code: 'outside-folder', file: 'train/n1/n1_boxes.txt' });
  });
});

describe('CUB', () => {
  const files = {
    'CUB/images.txt': '3 001.Old_Bird/a.png\n9 002.New_Bird/b.png\n',
    'CUB/classes.txt': '1 001.Old_Bird\n2 002.New_Bird\n3 003.No_Bird\n',
    'CUB/image_class_labels.txt': '3 1\n9 2\n',
    'CUB/train_test_split.txt': '3 1\n9 0\n',
    'CUB/bounding_boxes.txt': '3 1.0 2.0 3.5 4.0\n9 0.0 0.0 11.0 5.0\n',
    'CUB/images/001.Old_Bird/a.png': true as const,
    'CUB/images/002.New_Bird/b.png': true as const,
  };

  it('is read by its tables, one folder down as well', async () => {
    const place = folderOf(files);
    expect((await detect(place)).format).toBe('cub');
    const { images, warnings } = await readAs('cub', place);
    expect(images).toMatchObject([
      {
        className: 'Old Bird',
        split: 'train',
        annotations: [{ shape: { box: { x: 1, y: 2, width: 3.5, height: 4 } } }],
      },
      {
        className: 'New Bird',
        split: 'test',
        recordPlace: { file: 'CUB/bounding_boxes.txt', place: 'line 2' },
      },
    ]);
    expect(warnings).toMatchObject([
      { code: 'unused-classes', message: expect.stringMatching(/3 classes.*2/) },
    ]);
  });

  it.each([
    ['bounding_boxes.txt', '3 1.0 2.0 3.5\n', 'line 1'],
    ['image_class_labels.txt', '3 1\n9 77\n', 'line 2'],
    ['image_class_labels.txt', '3 1\n', 'picture 9'],
    ['train_test_split.txt', '3 2\n9 0\n', 'line 1'],
    ['images.txt', 'x a.png\n', 'line 1'],
  ])('names the place of damage in %s', async (file, text, place) => {
    await expect(readAs('cub', folderOf({ ...files, [`CUB/${file}`]: text }))).rejects.toMatchObject({
      code: 'bad-file',
      detail: { file: `CUB/${file}`, place },
    });
  });
});

describe('Oxford pets', async () => {
  const trimap = encodePng(
    Uint8Array.from({ length: 100 }, (_, i) => 1 + (i % 3)),
    10,
    10,
    1,
  );

  it('have the breed from the name, the head as a box and value 1 of the trimap as a mask', async () => {
    const place = folderOf({
      'images/great_dane_12.png': true,
      'images/great_dane_13.png': true,
      'annotations/trimaps/great_dane_12.png': trimap,
      'annotations/trimaps/great_dane_13.png': 'no picture',
      'annotations/trimaps/._x.png': 'x',
      'annotations/trainval.txt': '#comment\ngreat_dane_12 1 2 1\n',
      'annotations/test.txt': 'great_dane_13 1 2 1\n',
      'annotations/xmls/great_dane_12.xml':
        '<annotation><source><database>OXFORD-IIIT Pet Dataset</database></source><object><name>dog</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>4</xmax><ymax>5</ymax></bndbox></object></annotation>',
    });
    expect((await detect(place)).format).toBe('oxford-pets');
    const { images, warnings } = await readAs('oxford-pets', place);
    expect(images).toMatchObject([
      {
        className: 'great dane',
        split: 'train',
        annotations: [
          { className: 'great dane', shape: { kind: 'box', box: { x: 0, y: 0, width: 4, height: 5 } } },
          { className: 'great dane', shape: { kind: 'mask' } },
        ],
      },
      { className: 'great dane', split: 'test', annotations: [] },
    ]);
    const mask = images[0].annotations[1].shape;
    expect(
      mask.kind === 'mask' && mask.rle.counts.filter((_, i) => i % 2 === 1).reduce((a, b) => a + b),
    ).toBe(34);
    expect(warnings).toMatchObject([{ code: 'bad-mask', file: 'annotations/trimaps/great_dane_13.png' }]);
  });
});

describe('fitting to the real picture', () => {
  const box = (x: number, y: number, width: number, height: number): Shape => ({
    kind: 'box',
    box: { x, y, width, height },
  });

  it('keeps what lies inside untouched', () => {
    for (const shape of [box(0, 0, 10, 8), box(2.5, 1, 0.1, 0.1)])
      expect(fitShape(shape, 10, 8)).toEqual({ shape, problem: null });
  });

  it('cuts off what reaches outside, and says so', () => {
    expect(fitShape(box(-2, 3, 5, 9), 10, 8)).toMatchObject({
      shape: box(0, 3, 3, 5),
      problem: expect.stringMatching(/cut off/),
    });
  });

  it('cuts off rounding errors in silence', () => {
    expect(fitShape(box(0, 0, 10.001, 8), 10, 8)).toEqual({ shape: box(0, 0, 10, 8), problem: null });
  });

  it.each([
    ['no area', box(3, 3, 0, 4)],
    ['a place to the right', box(10, 0, 5, 5)],
    ['a place above', box(0, -6, 5, 5)],
    [
      'no area as a polygon',
      {
        kind: 'polygon',
        rings: [
          [
            [1, 1],
            [2, 1],
            [3, 1],
          ],
        ],
      } as Shape,
    ],
    [
      'a place outside as a polygon',
      {
        kind: 'polygon',
        rings: [
          [
            [11, 1],
            [12, 1],
            [12, 3],
          ],
        ],
      } as Shape,
    ],
    ['a mask of another size', { kind: 'mask', rle: { width: 9, height: 8, counts: [0, 72] } } as Shape],
    ['a mask of nothing', { kind: 'mask', rle: { width: 10, height: 8, counts: [80] } } as Shape],
  ])('leaves out what has %s', (_, shape) => {
    const fitted = fitShape(shape, 10, 8);
    expect(fitted.shape).toBeNull();
    expect(fitted.problem).toMatch(/left out/);
  });

  it('cuts polygons at the edges', () => {
    const shape: Shape = {
      kind: 'polygon',
      rings: [
        [
          [5, 4],
          [15, 4],
          [15, 12],
          [5, 12],
        ],
      ],
    };
    const fitted = fitShape(shape, 10, 8).shape;
    const corners = fitted?.kind === 'polygon' ? fitted.rings[0].map(String).sort() : [];
    expect(corners).toEqual(['10,4', '10,8', '5,4', '5,8']);
  });

  const drawnOn = (widthPx: number, heightPx: number) => ({
    file: '/x/a.png',
    relativePath: 'a.png',
    className: null,
    split: null,
    annotations: [{ className: 'cat', shape: box(5, 5, 15, 10), place: 'object 1' }],
    declaredSize: { widthPx, heightPx },
    recordPlace: { file: 'a.xml', place: 'annotation' },
  });

  it('turns shapes that were drawn on the stored raster of a turned picture', () => {
    const { annotations, warnings } = fitToImage(drawnOn(100, 80), 80, 100, 6);
    expect(warnings).toEqual([]);
    // from the stored raster's left top corner to the upright picture's right top corner
    expect(annotations[0].shape).toEqual(box(65, 5, 10, 15));
    expect(fitToImage(drawnOn(80, 100), 80, 100, 6).annotations[0].shape).toEqual(box(5, 5, 15, 10));
  });

  it('keeps no shape that was drawn on a picture of yet another size, and says how many', () => {
    const { annotations, warnings } = fitToImage(drawnOn(50, 40), 80, 100, 6);
    expect(annotations).toEqual([]);
    expect(warnings.map(({ message }) => message)).toEqual([
      'a.xml, annotation: the size is given as 50 x 40, the picture has 80 x 100; its 1 shape is left out',
    ]);
  });

  it('names the annotation file, the place and the box', () => {
    const { annotations, warnings } = fitToImage(
      {
        file: '/x/a.png',
        relativePath: 'a.png',
        className: null,
        split: null,
        annotations: [
          { className: 'cat', shape: box(5, 5, 10, 1), place: 'object 1' },
          { className: 'cat', shape: box(50, 5, 10, 1), place: 'object 2' },
        ],
        declaredSize: { widthPx: 10, heightPx: 8 },
        recordPlace: { file: 'a.xml', place: 'annotation' },
      },
      10,
      8,
    );
    expect(annotations).toEqual([{ className: 'cat', shape: box(5, 5, 5, 1), place: 'object 1' }]);
    expect(warnings.map(({ code }) => code)).toEqual(['clipped-box', 'dropped-box']);
    expect(warnings[1]).toEqual({
      code: 'dropped-box',
      file: 'a.png',
      message:
        'a.xml, object 2: the box at 50, 5 of 10 x 1 lies outside the picture (10 x 8) and is left out',
    });
  });
});
