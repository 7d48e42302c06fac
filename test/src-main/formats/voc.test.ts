// Pascal VOC XML: which pixels a box holds, splits, hostile files, and the way back.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Split } from '../../../src-main/contracts/dataset.ts';
import type { ExportImage } from '../../../src-main/formats/format.ts';
import { detectFormat, formatById, SourceTree } from '../../../src-main/formats/index.ts';
import { folderOf, readAs } from './reading.ts';

const xml = (more: { database?: string; objects?: string; filename?: string } = {}) => `<annotation>
  <folder>x</folder><filename>${more.filename ?? 'a.png'}</filename>
  <source><database>${more.database ?? 'Unknown'}</database></source>
  <size><width>10</width><height>10</height><depth>3</depth></size>
  ${more.objects ?? object('cat', 2, 3, 5, 9)}
</annotation>`;
const object = (name: string, ...[xmin, ymin, xmax, ymax]: number[]) =>
  `<object><name>${name}</name><bndbox><xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax></bndbox></object>`;
const layout = (text: string) => folderOf({ 'JPEGImages/a.png': true, 'Annotations/a.xml': text });
const boxesOf = async (text: string) =>
  (await readAs('voc', layout(text))).images[0].annotations.map(
    ({ shape }) => shape.kind === 'box' && shape.box,
  );

describe('Pascal VOC', () => {
  it('is recognised by an XML file that describes one picture', async () => {
    const detection = await detectFormat(await SourceTree.open(layout(xml())));
    expect(detection.format).toBe('voc');
    expect(detection.others.map(({ format }) => format)).toContain('folders');
    const other = folderOf({ 'a.png': true, 'settings.xml': '<settings><image/></settings>' });
    expect((await detectFormat(await SourceTree.open(other))).format).toBe('folders');
  });

  it('takes corners as plain coordinates from labelImg and the like', async () => {
    expect(await boxesOf(xml())).toEqual([{ x: 2, y: 3, width: 3, height: 6 }]);
  });

  it("takes them as pixel indices from 1, both inside, in the challenge's own sets and the Oxford pets", async () => {
    for (const database of ['The VOC2007 Database', 'PASCAL VOC2012', 'OXFORD-IIIT Pet Dataset'])
      expect(await boxesOf(xml({ database, objects: object('cat', 1, 1, 10, 10) }))).toEqual([
        { x: 0, y: 0, width: 10, height: 10 },
      ]);
  });

  it('reads names with references, and several objects of a picture', async () => {
    const { images } = await readAs(
      'voc',
      layout(xml({ objects: object('R&amp;D &#x41;', 1, 1, 2, 2) + object('b', 3, 3, 4, 4) })),
    );
    expect(images[0].annotations.map(({ className, place }) => [className, place])).toEqual([
      ['R&D A', 'object 1'],
      ['b', 'object 2'],
    ]);
    expect(images[0].declaredSize).toEqual({ widthPx: 10, heightPx: 10 });
  });

  it('deals pictures out by ImageSets/Main', async () => {
    const { by } = await readAs(
      'voc',
      folderOf({
        'JPEGImages/a.png': true,
        'JPEGImages/b.png': true,
        'JPEGImages/c.png': true,
        'JPEGImages/d.png': true,
        'Annotations/a.xml': xml(),
        'ImageSets/Main/trainval.txt': 'a\nb\n',
        'ImageSets/Main/train.txt': 'a\n',
        'ImageSets/Main/val.txt': 'b\n',
        'ImageSets/Main/test.txt': 'c\n',
      }),
    );
    expect(Object.values(by).map(({ relativePath, split }) => [relativePath.at(-5), split])).toEqual([
      ['a', 'train'],
      ['b', 'selection'],
      ['c', 'test'],
      ['d', null],
    ]);
  });

  it('keeps pictures without XML, leaves out the masks that lie beside them, and reports XML without picture', async () => {
    const { images, warnings } = await readAs(
      'voc',
      folderOf({
        'JPEGImages/a.png': true,
        'SegmentationClass/a.png': true,
        'Annotations/a.xml': xml(),
        'Annotations/gone.xml': xml({ filename: 'gone.png' }),
        'Annotations/out.xml': xml({ filename: '../../../etc/x.png' }),
      }),
    );
    expect(images.map(({ relativePath }) => relativePath)).toEqual(['JPEGImages/a.png']);
    expect(warnings.map(({ code, file }) => [code, file])).toEqual([
      ['missing-picture', 'Annotations/gone.xml'],
      ['outside-folder', 'Annotations/out.xml'],
    ]);
  });

  const laughs = `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">${Array.from({ length: 9 }, (_, i) => `<!ENTITY lol${i + 1} "${`&lol${i || ''};`.repeat(10)}">`).join('')}]>\n<annotation><filename>&lol9;</filename></annotation>`;
  it.each<[string, string, RegExp, RegExp]>([
    ['a bomb of entities', laughs, /line 1/, /DOCTYPE/],
    [
      'an entity of a file',
      '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation><filename>&x;</filename></annotation>',
      /line 1/,
      /DOCTYPE/,
    ],
    ['a file cut short', xml().slice(0, 200), /line/, /no valid XML/],
    ['an empty file', '', /line 1/, /empty/],
    ['a file of a thousand nested elements', '<a>'.repeat(1000) + '</a>'.repeat(1000), /line 1/, /nested/],
    [
      'a class name of 10,000 characters',
      xml({ objects: object('x'.repeat(10_000), 1, 1, 2, 2) }),
      /object 1, name/,
      /10000 characters/,
    ],
    ['an object without a name', xml({ objects: '<object><bndbox/></object>' }), /object 1, name/, /missing/],
    [
      'a box without a corner',
      xml({ objects: '<object><name>a</name><bndbox><xmin>1</xmin></bndbox></object>' }),
      /object 1/,
      /missing/,
    ],
    [
      'a corner that is no number',
      xml({ objects: object('a', 1, 1, 2, NaN) }),
      /object 1, bndbox\/ymax/,
      /no number/,
    ],
  ])('refuses %s, naming file, place and reason in one line', async (_, text, place, reason) => {
    const error = await readAs('voc', layout(text)).then(
      () => null,
      (thrown: unknown) => thrown as Error,
    );
    expect(error).toMatchObject({
      code: 'bad-file',
      detail: {
        file: 'Annotations/a.xml',
        place: expect.stringMatching(place),
        reason: expect.stringMatching(reason),
      },
    });
    expect(error!.message).not.toContain('\n');
    expect(error!.message.length).toBeLessThan(400);
  });

  it('gives back what it wrote, names with signs included', async () => {
    const from = folderOf({ 'a.png': true });
    const to = folderOf({});
    const box = { x: 0.5, y: 2, width: 3, height: 4.25 };
    await formatById('voc').write!(
      {
        classes: ['a < b & c'],
        images: [
          {
            file: path.join(from, 'a.png'),
            widthPx: 10,
            heightPx: 10,
            className: null,
            split: 'selection',
            annotations: [{ className: 'a < b & c', shape: { kind: 'box', box } }],
          },
        ],
      },
      to,
    );
    expect(readFileSync(path.join(to, 'ImageSets/Main/val.txt'), 'utf8')).toBe('a\n');
    const { images } = await readAs('voc', to);
    expect(images).toMatchObject([
      { annotations: [{ className: 'a < b & c', shape: { kind: 'box', box } }] },
    ]);
  });

  it('keeps the class of a picture without boxes in the class lists', async () => {
    const from = folderOf({ 'a.png': true, 'b.png': true, 'c.png': true });
    const to = folderOf({});
    const image = (name: string, className: string | null, split: Split | null): ExportImage => ({
      file: path.join(from, name),
      widthPx: 10,
      heightPx: 10,
      className,
      split,
      annotations: [],
    });
    const images = [
      image('a.png', 'cat/犬 50%', 'train'),
      image('b.png', 'dog', 'test'),
      image('c.png', null, null),
    ];
    await formatById('voc').write!({ classes: ['cat/犬 50%', 'dog'], images }, to);
    expect(readFileSync(path.join(to, 'ImageSets/Main/dog_test.txt'), 'utf8')).toBe('b  1\n');
    expect(readFileSync(path.join(to, 'ImageSets/Main/dog_trainval.txt'), 'utf8')).toBe('a -1\nc -1\n');
    const { by } = await readAs('voc', to);
    expect(by['JPEGImages/a.png']).toMatchObject({ className: 'cat/犬 50%', split: 'train' });
    expect(by['JPEGImages/b.png']).toMatchObject({ className: 'dog', split: 'test' });
    expect(by['JPEGImages/c.png']).toMatchObject({ className: null, split: null });
  });

  it('takes no class from lists that give several, or for a picture whose boxes tell it', async () => {
    const { by } = await readAs(
      'voc',
      folderOf({
        'JPEGImages/a.png': true,
        'JPEGImages/b.png': true,
        'Annotations/a.xml': xml(),
        'ImageSets/Main/cat_train.txt': 'b  1\na -1\n',
        'ImageSets/Main/dog_train.txt': 'a  1\nb  1\n',
      }),
    );
    expect(by['JPEGImages/a.png'].className).toBeNull();
    expect(by['JPEGImages/b.png'].className).toBeNull();
  });

  it('does not overwrite what lies in the folder', async () => {
    const from = folderOf({ 'a.png': true });
    const to = folderOf({ 'JPEGImages/a.png': 'mine' });
    const image = {
      file: path.join(from, 'a.png'),
      widthPx: 10,
      heightPx: 10,
      className: null,
      split: null,
      annotations: [],
    };
    await expect(formatById('voc').write!({ classes: [], images: [image] }, to)).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(readFileSync(path.join(to, 'JPEGImages/a.png'), 'utf8')).toBe('mine');
  });

  it('takes a damaged file for the end of the whole import, not of one picture', async () => {
    const folder = layout(xml());
    writeFileSync(path.join(folder, 'Annotations', 'b.xml'), '<annotation><object>');
    await expect(readAs('voc', folder)).rejects.toMatchObject({ code: 'bad-file' });
  });
});
