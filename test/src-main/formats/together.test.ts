// Several formats in one folder: all are named with their counts, and several are read as one set.

import { expect, it } from 'vitest';
import { detectFormat, SourceTree } from '../../../src-main/formats/index.ts';
import { folderOf, readAs } from './reading.ts';

const files = {
  'a.png': true as const,
  'a.json': {
    version: '5.0.0',
    shapes: [
      {
        label: 'cat',
        shape_type: 'rectangle',
        points: [
          [1, 1],
          [3, 3],
        ],
      },
      {
        label: 'cat',
        shape_type: 'rectangle',
        points: [
          [5, 5],
          [6, 6],
        ],
      },
    ],
    imagePath: 'a.png',
  },
  'boxes.csv':
    'file,class,xmin,ymin,xmax,ymax,split,light\na.png,cat,1,1,3,3,train,day\na.png,dog,4,4,9,9,train,day\n',
};

it('names every format of a folder with how many files it would read', async () => {
  const { format, files: count, others } = await detectFormat(await SourceTree.open(folderOf(files)));
  expect([format, count]).toEqual(['labelme', 1]);
  expect(others.map((other) => [other.format, other.files])).toEqual([
    ['csv', 1],
    ['folders', 0],
  ]);
});

it('reads several as one set: a picture once, the shapes of all, one that both hold once', async () => {
  const { images, warnings } = await readAs('labelme+csv', folderOf(files));
  expect(images).toHaveLength(1);
  expect(images[0]).toMatchObject({ split: 'train', attributes: { light: 'day' } });
  expect(images[0].annotations.map(({ className }) => className)).toEqual(['cat', 'cat', 'dog']);
  expect(warnings.map(({ code }) => code)).toEqual(['copy']);
});

it('refuses a format that is not known among several', async () => {
  await expect(readAs('labelme+nothing', folderOf(files))).rejects.toThrow('there is no format "nothing"');
});

it('names captions and MNIST for what they are', async () => {
  const captions = folderOf({
    'a.png': true,
    'captions_val2017.json': {
      images: [{ id: 1, file_name: 'a.png' }],
      annotations: [{ image_id: 1, caption: 'a cat' }],
    },
  });
  const { images, warnings } = await readAs('coco', captions);
  expect(images).toEqual([]);
  expect(warnings.map(({ message }) => message)).toEqual([
    'this file holds captions of COCO, which are no shapes or classes',
  ]);
  const mnist = await SourceTree.open(folderOf({ 'train-images-idx3-ubyte.gz': 'x' }));
  await expect(detectFormat(mnist)).rejects.toThrow('these are files of MNIST (IDX), not pictures');
});
