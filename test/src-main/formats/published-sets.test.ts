// Sets that are published in a form of their own: traffic signs, flowers, ImageNet's tables, LabelMe's outlines, and those of
// packed pixels that are made into pictures.

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { detectFormat, SourceTree } from '../../../src-main/formats/index.ts';
import { decodeRgb } from '../../../src-main/imaging/index.ts';
import { writePublished } from '../../../src-main/imaging/published.ts';
import { madeMat } from './made-mat.ts';
import { folderOf, readAs } from './reading.ts';

const detected = async (place: string) => (await detectFormat(await SourceTree.open(place))).format;
const box = (x: number, y: number, width: number, height: number) => ({
  kind: 'box',
  box: { x, y, width, height },
});

describe('GTSRB', () => {
  const header = 'Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId';

  it('is read from the table of each class, whose pictures have the same names', async () => {
    const place = folderOf({
      'GTSRB/Final_Training/Images/00000/GT-00000.csv': `${header}\n00000.png;10;10;1;2;9;8;0\n`,
      'GTSRB/Final_Training/Images/00000/00000.png': true,
      'GTSRB/Final_Training/Images/00014/GT-00014.csv': `${header}\n00000.png;10;10;2;2;7;8;14\n`,
      'GTSRB/Final_Training/Images/00014/00000.png': true,
      'GTSRB/Final_Test/Images/GT-final_test.csv': `${header}\n00001.png;10;10;0;0;5;5;14\n`,
      'GTSRB/Final_Test/Images/00001.png': true,
    });
    expect(await detected(place)).toBe('gtsrb');
    const { images, warnings } = await readAs('gtsrb', place);
    expect(warnings).toEqual([]);
    expect(images.map((one) => [one.className, one.split, one.annotations[0].shape])).toEqual([
      ['14', 'test', box(0, 0, 5, 5)],
      ['0', 'train', box(1, 2, 8, 6)],
      ['14', 'train', box(2, 2, 5, 6)],
    ]);
  });

  it('is read from the tables of its copies, too, and a row that is no box is refused by line', async () => {
    const table = 'Width,Height,Roi.X1,Roi.Y1,Roi.X2,Roi.Y2,ClassId,Path\n10,10,1,1,6,6,20,Train/20/a.png\n';
    const { by } = await readAs('gtsrb', folderOf({ 'Train.csv': table, 'Train/20/a.png': true }));
    expect(by['Train/20/a.png']).toMatchObject({ className: '20', split: 'train' });
    const broken = folderOf({ 'Train.csv': table.replace('6,6', 'x,6'), 'Train/20/a.png': true });
    await expect(readAs('gtsrb', broken)).rejects.toMatchObject({
      code: 'bad-file',
      detail: { file: 'Train.csv', place: 'line 2' },
    });
  });
});

describe("ImageNet's LOC tables", () => {
  it('give classes by their first name, boxes of several objects, and the parts', async () => {
    const place = folderOf({
      'LOC_synset_mapping.txt': 'n01 tench, Tinca tinca\nn02 crane, a bird\nn03 crane, a machine\n',
      'LOC_train_solution.csv': 'ImageId,PredictionString\nn01_7,n01 1 2 5 6 n01 0 0 3 3 \n',
      'LOC_val_solution.csv': 'ImageId,PredictionString\nILSVRC2012_val_1,n03 1 1 9 9\n',
      'ILSVRC/Data/CLS-LOC/train/n01/n01_7.JPEG.jpeg': true,
      'ILSVRC/Data/CLS-LOC/train/n01/n01_7.png': true,
      'ILSVRC/Data/CLS-LOC/val/ILSVRC2012_val_1.png': true,
    });
    expect(await detected(place)).toBe('imagenet-loc');
    const { by } = await readAs('imagenet-loc', place);
    expect(by['ILSVRC/Data/CLS-LOC/train/n01/n01_7.png']).toMatchObject({
      className: 'tench',
      split: 'train',
      annotations: [{ shape: box(1, 2, 4, 4) }, { shape: box(0, 0, 3, 3) }],
    });
    expect(by['ILSVRC/Data/CLS-LOC/val/ILSVRC2012_val_1.png']).toMatchObject({
      className: 'crane, a machine',
      split: 'test',
    });
  });
});

describe('LabelMe of the web', () => {
  it('gives outlines, boxes and marks, and no object that was deleted', async () => {
    const points = (list: string) =>
      list
        .split(' ')
        .map((pair) => `<pt><x>${pair.split(',')[0]}</x><y>${pair.split(',')[1]}</y></pt>`)
        .join('');
    const object = (inside: string) => `<object>${inside}</object>`;
    const place = folderOf({
      'Images/street/a.png': true,
      'Annotations/street/a.xml': `<annotation><filename>a.png</filename><folder>street</folder><source><sourceImage>x</sourceImage></source>${[
        object(
          `<name>car</name><deleted>0</deleted><occluded>yes</occluded><attributes>red, side=left</attributes><polygon>${points('1,1 8,1 8,7')}</polygon>`,
        ),
        object(`<name>car</name><deleted>1</deleted><polygon>${points('1,1 8,1 8,7')}</polygon>`),
        object(
          `<name>sign</name><deleted>0</deleted><type>bounding_box</type><polygon>${points('2,2 6,2 6,5 2,5')}</polygon>`,
        ),
      ].join('')}<imagesize><nrows>10</nrows><ncols>10</ncols></imagesize></annotation>`,
    });
    expect(await detected(place)).toBe('labelme-xml');
    const { images, warnings } = await readAs('labelme-xml', place);
    expect(warnings).toEqual([]);
    expect(images[0].annotations).toMatchObject([
      {
        className: 'car',
        shape: { kind: 'polygon' },
        attributes: { occluded: 'yes', red: 'yes', side: 'left' },
      },
      { className: 'sign', shape: box(2, 2, 4, 3) },
    ]);
  });
});

describe('Oxford Flowers', () => {
  const numbers = (...values: number[]) => ({ sizes: [1, values.length], values: Float64Array.from(values) });

  it('is read from its MATLAB files, packed or not, with names where they lie beside', async () => {
    for (const isPacked of [true, false]) {
      const place = folderOf({
        'imagelabels.mat': madeMat(
          { labels: { sizes: [1, 3], values: Uint8Array.from([77, 2, 77]) } },
          isPacked,
        ),
        'setid.mat': madeMat({ trnid: numbers(3), valid: numbers(1), tstid: numbers(2) }, isPacked),
        'cat_to_name.json': { 77: 'passion flower' },
        'jpg/image_00001.png': true,
        'jpg/image_00002.png': true,
        'jpg/image_00003.png': true,
      });
      expect(await detected(place)).toBe('flowers');
      const { images } = await readAs('flowers', place);
      expect(images.map(({ className, split }) => [className, split])).toEqual([
        ['passion flower', 'selection'],
        ['2', 'test'],
        ['passion flower', 'train'],
      ]);
    }
  });

  it('with a file that is cut short is refused by name', async () => {
    const whole = madeMat({ labels: { sizes: [1, 3], values: Uint8Array.from([1, 2, 3]) } });
    for (const bytes of [whole.subarray(0, whole.length - 6), Buffer.from('no MATLAB')])
      await expect(
        readAs('flowers', folderOf({ 'imagelabels.mat': bytes, 'jpg/image_00001.png': true })),
      ).rejects.toMatchObject({ code: 'bad-file', detail: { file: 'imagelabels.mat' } });
  });
});

describe('sets of packed pixels', () => {
  /** Red counts the columns, green the rows. */
  const planes = Uint8Array.from({ length: 3072 }, (_, i) => [i % 32, Math.floor(i / 32) % 32, 7][i >> 10]);
  const first = async (file: string) => {
    const pixels = await decodeRgb(file, { width: 32, height: 32 });
    return [...pixels.subarray(3 * (32 * 5 + 3), 3 * (32 * 5 + 3) + 3)];
  };

  it('CIFAR becomes pictures in folders by class, which are read as such', async () => {
    const names = 'airplane automobile bird cat deer dog frog horse ship truck';
    const from = folderOf({
      'cifar-10-batches-bin/batches.meta.txt': `${names.replaceAll(' ', '\n')}\n\n`,
      'cifar-10-batches-bin/data_batch_1.bin': Uint8Array.from([3, ...planes, 9, ...planes]),
      'cifar-10-batches-bin/test_batch.bin': Uint8Array.from([0, ...planes]),
    });
    await expect(detected(from)).rejects.toThrow('fovea make cifar10');
    const out = folderOf({});
    expect(await writePublished('cifar10', from, out)).toEqual({ train: 2, test: 1 });
    expect(await first(path.join(out, 'train/cat/train_00001.png'))).toEqual([3, 5, 7]);
    expect(await detected(out)).toBe('folders');
    const { images } = await readAs('folders', out);
    expect(images.map(({ className, split }) => [className, split])).toEqual([
      ['airplane', 'test'],
      ['cat', 'train'],
      ['truck', 'train'],
    ]);
    const fine = Array.from({ length: 100 }, (_, i) => `class_${i}`).join('\n');
    const hundred = folderOf({
      'fine_label_names.txt': fine,
      'train.bin': Uint8Array.from([1, 42, ...planes]),
    });
    const into = folderOf({});
    await writePublished('cifar100', hundred, into);
    expect(readdirSync(path.join(into, 'train'))).toEqual(['class_42']);
  });

  it('SVHN becomes pictures, its ten being zero', async () => {
    const values = new Uint8Array(3072);
    for (let c = 0; c < 3; c++)
      for (let x = 0; x < 32; x++)
        for (let y = 0; y < 32; y++) values[(c * 32 + x) * 32 + y] = planes[c * 1024 + y * 32 + x];
    const from = folderOf({
      'test_32x32.mat': madeMat({
        X: { sizes: [32, 32, 3, 1], values },
        y: { sizes: [1, 1], values: Uint8Array.from([10]) },
      }),
    });
    const out = folderOf({});
    expect(await writePublished('svhn', from, out)).toEqual({ train: 0, test: 1 });
    expect(await first(path.join(out, 'test/0/test_00001.png'))).toEqual([3, 5, 7]);
  });

  it('of a wrong length, or with a class that has no name, are refused by file', async () => {
    const from = folderOf({
      'batches.meta.txt': 'a b c d e f g h i j',
      'data_batch_1.bin': new Uint8Array(3000),
    });
    await expect(writePublished('cifar10', from, folderOf({}))).rejects.toMatchObject({
      code: 'bad-file',
      detail: { file: 'data_batch_1.bin' },
    });
    writeFileSync(path.join(from, 'data_batch_1.bin'), Uint8Array.from([10, ...planes]));
    await expect(writePublished('cifar10', from, folderOf({}))).rejects.toThrow(
      '10 is not among the 10 classes',
    );
    mkdirSync(path.join(from, 'empty'));
    await expect(writePublished('svhn', from, folderOf({}))).rejects.toMatchObject({ code: 'not-found' });
  });
});
