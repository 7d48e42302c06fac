// What imports say of pictures besides their class: Waterbirds' table, CelebA's lists, COCO's image attributes.

import { describe, expect, it } from 'vitest';
import { detectFormat, SourceTree } from '../../../src-main/formats/index.ts';
import { folderOf, readAs } from './reading.ts';

const detect = async (place: string) => (await detectFormat(await SourceTree.open(place))).format;

describe('Waterbirds', () => {
  const table = [
    'img_id,img_filename,y,split,place,place_filename',
    '1,a/1.png,0,0,1,"/o/ocean, 3.jpg"',
    '2,a/2.png,1,2,0,/f/forest.jpg',
    '3,a/3.png,1,1,1,',
  ].join('\n');
  const files = { 'metadata.csv': table, 'a/1.png': true, 'a/2.png': true, 'a/3.png': true } as const;

  it('is told by its table and read with class, part and place', async () => {
    const place = folderOf(files);
    expect(await detect(place)).toBe('waterbirds');
    const { images, warnings } = await readAs('waterbirds', place);
    expect(warnings).toEqual([]);
    expect(
      images.map(({ relativePath, className, split, attributes }) => [
        relativePath,
        className,
        split,
        attributes,
      ]),
    ).toEqual([
      ['a/1.png', 'landbird', 'train', { place: 'water' }],
      ['a/2.png', 'waterbird', 'test', { place: 'land' }],
      ['a/3.png', 'waterbird', 'selection', { place: 'water' }],
    ]);
  });

  it('is told by a header in quotes, too', async () => {
    const quoted = table.replace('img_id,img_filename,y', '"img_id","img_filename","y"');
    expect(await detect(folderOf({ ...files, 'metadata.csv': quoted }))).toBe('waterbirds');
  });

  it('takes the columns of a set built alike as they are', async () => {
    const own = 'img_filename,y,split,weather,hour\n1.png,fox,0,rain,12\n';
    const { images } = await readAs('waterbirds', folderOf({ 'metadata.csv': own, '1.png': true }));
    expect(images[0]).toMatchObject({ className: 'fox', attributes: { weather: 'rain', hour: '12' } });
  });

  it('with a broken row or an unknown part is refused by line; a missing picture is only warned of', async () => {
    const broken = { ...files, 'metadata.csv': `${table}\n4,a/1.png,0` };
    await expect(readAs('waterbirds', folderOf(broken))).rejects.toMatchObject({
      code: 'bad-file',
      detail: { file: 'metadata.csv', place: 'line 5' },
    });
    const part = { ...files, 'metadata.csv': table.replace(',0,0,1,', ',0,7,1,') };
    await expect(readAs('waterbirds', folderOf(part))).rejects.toMatchObject({ detail: { place: 'line 2' } });
    const word = { ...files, 'metadata.csv': table.replace(',0,0,1,', ',0,constructor,1,') };
    await expect(readAs('waterbirds', folderOf(word))).rejects.toMatchObject({ detail: { place: 'line 2' } });
    const typo = { ...files, 'metadata.csv': table.replace('2.png,1,2', '2.png,7x,2') };
    await expect(readAs('waterbirds', folderOf(typo))).rejects.toMatchObject({ detail: { place: 'line 3' } });
    const { images, warnings } = await readAs(
      'waterbirds',
      folderOf({ 'metadata.csv': table, 'a/1.png': true }),
    );
    expect(images).toHaveLength(1);
    expect(warnings.map(({ code }) => code)).toEqual(['missing-picture', 'missing-picture']);
  });

  it('without its classes is told all the same, so that reading says what is missing', async () => {
    const place = folderOf({ 'metadata.csv': 'img_filename,split\n1.png,0\n', '1.png': true });
    expect(await detect(place)).toBe('waterbirds');
    await expect(readAs('waterbirds', place)).rejects.toThrow('the column y is missing');
  });

  it('is not any table called metadata.csv', async () => {
    const place = folderOf({ 'metadata.csv': 'file,label\n1.png,a\n', 'cats/1.png': true });
    expect(await detect(place)).toBe('folders');
  });
});

describe('CelebA', () => {
  const allImages = { 'img_align_celeba/000001.jpg': true, 'img_align_celeba/000002.jpg': true } as const;
  const parts = '000001.jpg 0\n000002.jpg 2\n';

  it('is read from the authors’ lists: hair as class, the rest as attributes', async () => {
    const list = '2\nBald Blond_Hair Male\n000001.jpg -1  1 -1\n000002.jpg -1 -1  1\n';
    const place = folderOf({
      ...allImages,
      'Anno/list_attr_celeba.txt': list,
      'Eval/list_eval_partition.txt': parts,
    });
    expect(await detect(place)).toBe('celeba');
    const { images } = await readAs('celeba', place);
    expect(images.map(({ className, split, attributes }) => [className, split, attributes])).toEqual([
      ['blond', 'train', { Bald: 'no', Male: 'no' }],
      ['not blond', 'test', { Bald: 'no', Male: 'yes' }],
    ]);
  });

  it('is read from tables with commas just so', async () => {
    const { images } = await readAs(
      'celeba',
      folderOf({
        ...allImages,
        'list_attr_celeba.csv': 'image_id,Blond_Hair,Male\n000001.jpg,1,1\n000002.jpg,-1,-1\n',
      }),
    );
    expect(images.map(({ className, split, attributes }) => [className, split, attributes?.Male])).toEqual([
      ['blond', null, 'yes'],
      ['not blond', null, 'no'],
    ]);
  });

  it('that was cut off is read as far as it goes, with a word of it', async () => {
    const list = '9\nBlond_Hair Male\n000001.jpg -1 1\n';
    const { images, warnings } = await readAs(
      'celeba',
      folderOf({ ...allImages, 'list_attr_celeba.txt': list }),
    );
    expect(images).toHaveLength(1);
    expect(warnings.map(({ message }) => message)).toEqual(['line 1: it says 9 pictures, and 1 are listed']);
  });

  it('with a value that is neither, or too few, is refused by line', async () => {
    const list = (row: string) => ({ ...allImages, 'list_attr_celeba.txt': `1\nBlond_Hair Male\n${row}\n` });
    for (const row of ['000001.jpg 1 maybe', '000001.jpg 1'])
      await expect(readAs('celeba', folderOf(list(row)))).rejects.toMatchObject({
        code: 'bad-file',
        detail: { place: 'line 3' },
      });
  });
});

describe('COCO', () => {
  it('brings the plain attributes of an image object along', async () => {
    const { images } = await readAs(
      'coco',
      folderOf({
        'a.png': true,
        'b.png': true,
        'instances.json': {
          images: [
            { id: 1, file_name: 'a.png', attributes: { background: 'water', depth: 3, nested: { no: 1 } } },
            { id: 2, file_name: 'b.png' },
          ],
          annotations: [],
          categories: [],
        },
      }),
    );
    expect(images.map(({ attributes }) => attributes)).toEqual([
      { background: 'water', depth: '3' },
      undefined,
    ]);
  });
});
