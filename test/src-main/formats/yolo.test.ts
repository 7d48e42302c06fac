// YOLO: every kind of line, the variants of data.yaml, and where a label's picture lies.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { detectFormat, fitToImage, SourceTree } from '../../../src-main/formats/index.ts';
import {
  countBy,
  covered,
  coveredIn,
  exampleSet,
  folderOf,
  readAs,
  roundTrip,
  sharedData,
} from './reading.ts';

const detected = async (place: string) => detectFormat(await SourceTree.open(place));
const yaml = 'names: [cat, dog]\ntrain: images/train\nval: images/val\n';

describe('YOLO', () => {
  it('reads boxes by their middle, and outlines, as shares of the picture', async () => {
    const place = folderOf({
      'data.yaml': yaml,
      'images/train/a.png': true,
      'labels/train/a.txt':
        '0 0.5 0.5 0.2 0.4\n1 0.1 0.1 0.9 0.1 0.9 0.9\n1 0.1 0.1 0.9 0.1 0.9 0.9 0.1 0.9\n',
    });
    expect(await detected(place)).toMatchObject({ format: 'yolo', files: 1 });
    const { images } = await readAs('yolo', place);
    const { annotations } = fitToImage(images[0], 10, 10);
    expect(annotations.map(({ className, shape }) => [className, shape.kind])).toEqual([
      ['cat', 'box'],
      ['dog', 'polygon'],
      ['dog', 'polygon'],
    ]);
    expect(annotations[0].shape).toEqual({ kind: 'box', box: { x: 4, y: 3, width: 2, height: 4 } });
  });

  it.each([
    ['a list of names', yaml, 'labels/train/a.txt', 'images/train/a.png'],
    ['a map of names', 'names:\n  0: cat\n  1: dog\ntrain: images\n', 'labels/a.txt', 'images/a.png'],
    [
      'a path that lies elsewhere',
      'path: /content/datasets/pets\ntrain: [images/train]\nval: images/val\nnames: [cat, dog]\n',
      'labels/train/a.txt',
      'images/train/a.png',
    ],
    [
      "Roboflow's folders",
      'train: ../train/images\nval: ../valid/images\nnames: [cat, dog]\n',
      'train/labels/a.txt',
      'train/images/a.png',
    ],
  ])('finds names and part by %s', async (_, config, label, image) => {
    const { images } = await readAs(
      'yolo',
      folderOf({ 'data.yaml': config, [label]: '1 0.5 0.5 1 1\n', [image]: true }),
    );
    expect(images.map(({ split, annotations }) => [split, annotations[0].className])).toEqual([
      ['train', 'dog'],
    ]);
  });

  it('takes parts from lists of pictures, and names from the files of older tools', async () => {
    const place = folderOf({
      'obj.names': 'cat\ndog\n',
      'obj.data': 'classes = 2\ntrain = data/train.txt\n',
      'train.txt': 'data/obj_train_data/a.png\n',
      'obj_train_data/a.png': true,
      'obj_train_data/a.txt': '',
      'obj_train_data/b.png': true,
      'obj_train_data/b.txt': '1 0.5 0.5 1 1\n',
    });
    const { by } = await readAs('yolo', place);
    expect(by['obj_train_data/a.png']).toMatchObject({ split: 'train', annotations: [] });
    expect(by['obj_train_data/b.png'].annotations[0].className).toBe('dog');
  });

  it('takes pictures without a label for pictures without objects, and calls classes without names by number', async () => {
    const { images, warnings } = await readAs(
      'yolo',
      folderOf({ 'a.png': true, 'a.txt': '3 0.5 0.5 1 1', 'b.png': true }),
    );
    expect(images.map(({ annotations }) => annotations.map(({ className }) => className))).toEqual([
      ['3'],
      [],
    ]);
    expect(warnings.map(({ code }) => code)).toEqual(['unnamed-classes']);
  });

  it('takes the box of an object with key points, and says that the points are left out', async () => {
    const { images, warnings } = await readAs(
      'yolo',
      folderOf({
        'data.yaml': 'names: [cat]\nkpt_shape: [2, 3]\n',
        'images/a.png': true,
        'labels/a.txt': '0 0.5 0.5 1 1 0.1 0.1 2 0.2 0.2 2',
      }),
    );
    expect(images[0].annotations.map(({ shape }) => shape.kind)).toEqual(['box']);
    expect(warnings.map(({ code }) => code)).toEqual(['dropped-shape']);
  });

  it.each([
    ['0 0.5 0.5 1', 'line 2: 4 numbers'],
    ['0 0.5 0.5 1 1 1 1 1', 'line 2: 8 numbers'],
    ['x 0.5 0.5 1 1', 'line 2: "x" is no number'],
    ['0.5 0.5 0.5 1 1', 'line 2: 0.5 is no class'],
    ['7 0.5 0.5 1 1', 'line 2: the class 7 has no name in data.yaml'],
  ])('refuses the line "%s" by its place', async (line, message) => {
    const place = folderOf({
      'data.yaml': yaml,
      'images/a.png': true,
      'labels/a.txt': `0 0.5 0.5 1 1\n${line}\n`,
    });
    await expect(readAs('yolo', place)).rejects.toThrow(message);
  });

  it('reads the pictures from another folder', async () => {
    const labels = folderOf({ 'a.txt': '0 0.5 0.5 1 1', 'classes.txt': 'cat' });
    const imageFolder = folderOf({ 'photos/a.png': true });
    const { images } = await readAs('yolo', labels, imageFolder);
    expect(images.map(({ file, relativePath }) => [file, relativePath])).toEqual([
      [path.join(imageFolder, 'photos/a.png'), 'photos/a.png'],
    ]);
  });

  it('writes what it reads back as the same pixels, and says what becomes of shapes', async () => {
    const dataset = exampleSet();
    const { by, detected: format, losses } = await roundTrip('yolo', dataset);
    expect(format).toBe('yolo');
    for (const image of dataset.images) {
      const back = by[path.basename(image.file)];
      expect(covered(back)).toEqual(coveredIn(image));
      expect(back.split).toBe(image.split);
    }
    expect(losses.map(({ count }) => count)).toEqual([1, 1, 1, 1, 1]);
  });

  it('writes boxes alone as boxes', async () => {
    const dataset = exampleSet();
    for (const image of dataset.images)
      image.annotations = image.annotations.filter(({ shape }) => shape.kind === 'box');
    const { by } = await roundTrip('yolo', dataset);
    const [{ shape }] = fitToImage(by['a b.png'], 10, 10).annotations;
    const [{ shape: before }] = dataset.images[0].annotations;
    if (shape.kind !== 'box' || before.kind !== 'box') throw new Error('no box');
    for (const side of ['x', 'y', 'width', 'height'] as const)
      expect(shape.box[side]).toBeCloseTo(before.box[side], 6);
  });
});

const coco128 = path.join(sharedData, 'coco128-yolo-panoptic');
describe.runIf(existsSync(coco128))('coco128', () => {
  it('has 173 boxes of 41 classes and 172 outlines, each set with its own numbers of classes', async () => {
    const images = path.join(coco128, 'images');
    const boxes = await readAs('yolo', path.join(coco128, 'object_detection'), images);
    expect(boxes.images).toHaveLength(28);
    const all = boxes.images.flatMap(({ annotations }) => annotations);
    expect(all).toHaveLength(173);
    expect(Object.keys(countBy(all, ({ className }) => className))).toHaveLength(41);
    const outlines = await readAs('yolo', path.join(coco128, 'instance_segmentation'), images);
    expect(outlines.images.flatMap(({ annotations }) => annotations)).toHaveLength(172);
    const both = await readAs('yolo', coco128);
    expect(both.images).toHaveLength(28);
    expect(both.images.flatMap(({ annotations }) => annotations)).toHaveLength(345);
    expect(both.warnings).toEqual([]);
  });
});

const same4 = path.join(sharedData, 'same4-many-formats');
describe.runIf(existsSync(same4))('same4, YOLO', () => {
  it('has the boxes of four pictures, with names from classes.txt and from obj.names', async () => {
    const images = path.join(same4, 'cvat1.1/images');
    const plain = await readAs('yolo', path.join(same4, 'yolo'), images);
    expect(
      countBy(
        plain.images.flatMap(({ annotations }) => annotations),
        ({ className }) => className,
      ),
    ).toEqual({
      bird: 2,
      crack: 1,
      rectangle: 1,
      triangle: 1,
      circle: 1,
      ellipse: 1,
      line: 1,
      strawberry: 17,
    });
    const cvat = await readAs('yolo', path.join(same4, 'yolo1.1'), images);
    expect(
      countBy(
        cvat.images.flatMap(({ annotations }) => annotations),
        ({ className }) => className,
      ),
    ).toEqual({
      rectangle: 1,
      strawberry: 17,
    });
  });
});
