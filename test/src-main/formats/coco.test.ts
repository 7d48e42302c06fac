// COCO JSON: every kind of segmentation, where pictures are found, and what damaged files are answered.

import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { detectFormat, fitToImage, formatById, SourceTree } from '../../../src-main/formats/index.ts';
import { decodeRle, encodeRle, rasterize, rleToString } from '../../../src-main/imaging/index.ts';
import { folderOf, keptOf, readAs } from './reading.ts';

const base = {
  images: [{ id: 7, file_name: 'a.png', width: 10, height: 10 }],
  categories: [{ id: 3, name: 'cat' }],
  annotations: [] as object[],
};
const withAnnotation = (...annotations: object[]) => ({
  'images/a.png': true as const,
  'annotations/instances.json': {
    ...base,
    annotations: annotations.map((annotation) => ({ image_id: 7, category_id: 3, ...annotation })),
  },
});
const shapesOf = async (...annotations: object[]) =>
  (await readAs('coco', folderOf(withAnnotation(...annotations)))).images[0].annotations.map(
    ({ shape }) => shape,
  );

describe('COCO', () => {
  it('is recognised and told from other JSON', async () => {
    const detected = async (files: Parameters<typeof folderOf>[0]) =>
      (await detectFormat(await SourceTree.open(folderOf(files)))).format;
    expect(await detected(withAnnotation({ bbox: [1, 1, 2, 2] }))).toBe('coco');
    expect(await detected({ 'a.png': true, 'package.json': { name: 'x', files: ['images'] } })).toBe(
      'folders',
    );
  });

  it('is recognised when cut short, so that the damage is reported and not passed over', async () => {
    for (const [name, text] of [
      ['labels.json', '{"images": ['],
      ['annotations/instances_train.json', '{"ima'],
    ]) {
      const place = folderOf({ 'a.png': true, [name]: text });
      expect((await detectFormat(await SourceTree.open(place))).format).toBe('coco');
      await expect(readAs('coco', place)).rejects.toMatchObject({ code: 'bad-file' });
    }
  });

  it('takes the part from the folder where the files are named alike', async () => {
    const part = { ...base, annotations: [{ image_id: 7, category_id: 3, bbox: [0, 0, 1, 1] }] };
    const { images } = await readAs(
      'coco',
      folderOf({
        'train/_annotations.coco.json': part,
        'train/a.png': true,
        'valid/_annotations.coco.json': part,
        'valid/a.png': true,
      }),
    );
    expect(images.map(({ relativePath, split }) => [relativePath, split])).toEqual([
      ['train/a.png', 'train'],
      ['valid/a.png', 'test'],
    ]);
  });

  it('reads a box, polygons, and both kinds of run-length code', async () => {
    const mask = Uint8Array.from({ length: 100 }, (_, i) => (i % 7 < 3 ? 1 : 0));
    const rle = encodeRle(mask, 10, 10);
    const shapes = await shapesOf(
      { bbox: [1.5, 2, 3, 4], segmentation: [] },
      {
        bbox: [0, 0, 4, 4],
        segmentation: [
          [0, 0, 4, 0, 4, 4],
          [5, 5, 9, 5, 9, 9, 5, 9],
        ],
      },
      { bbox: [0, 0, 1, 1], iscrowd: 1, segmentation: { size: [10, 10], counts: rle.counts } },
      { bbox: [0, 0, 1, 1], segmentation: { size: [10, 10], counts: rleToString(rle) } },
      { bbox: [4, 4, 2, 2] },
    );
    expect(shapes).toEqual([
      { kind: 'box', box: { x: 1.5, y: 2, width: 3, height: 4 } },
      {
        kind: 'parts',
        rings: [
          [
            [0, 0],
            [4, 0],
            [4, 4],
          ],
          [
            [5, 5],
            [9, 5],
            [9, 9],
            [5, 9],
          ],
        ],
      },
      { kind: 'mask', rle },
      { kind: 'mask', rle },
      { kind: 'box', box: { x: 4, y: 4, width: 2, height: 2 } },
    ]);
  });

  it('joins parts that overlap instead of cutting a hole where they meet', async () => {
    const [shape] = await shapesOf({
      segmentation: [
        [0, 0, 6, 0, 6, 6, 0, 6],
        [3, 3, 9, 3, 9, 9, 3, 9],
      ],
    });
    const kept = keptOf(shape, 10, 10);
    expect(kept.kind).toBe('mask');
    const filled = rasterize([kept], 10, 10, 10);
    expect(filled[4 * 10 + 4]).toBe(1);
    expect(filled.reduce((sum, value) => sum + value, 0)).toBe(36 + 36 - 9);
  });

  it('joins them at the size that the picture has, and never at one that the file claims', async () => {
    const parts = {
      segmentation: [
        [0, 0, 6, 0, 6, 6, 0, 6],
        [3, 3, 9, 3, 9, 9, 3, 9],
      ],
    };
    for (const [width, height, isKept] of [
      [-1, -1, true],
      [10, 10, true],
      [5, 20, false],
      [16000, 16000, false],
    ] as const) {
      const files = withAnnotation(parts);
      Object.assign(files['annotations/instances.json'], {
        images: [{ ...base.images[0], width, height }],
      });
      const { images } = await readAs('coco', folderOf(files));
      const { annotations, warnings } = fitToImage(images[0], 10, 10);
      if (!isKept) {
        expect([annotations.length, warnings.map(({ code }) => code)]).toEqual([0, ['size-differs']]);
        continue;
      }
      const kept = annotations[0].shape;
      expect(kept).toMatchObject({ kind: 'mask', rle: { width: 10, height: 10 } });
      expect(rasterize([kept], 10, 10, 10).reduce((sum, value) => sum + value, 0)).toBe(36 + 36 - 9);
    }
  });

  it('reports annotations that show nothing, and leaves only those out', async () => {
    const { images, warnings } = await readAs(
      'coco',
      folderOf(withAnnotation({}, { segmentation: [[1, 1, 2, 2]] }, { bbox: [1, 1, 2, 2] })),
    );
    expect(images[0].annotations).toHaveLength(1);
    expect(warnings).toEqual([
      {
        code: 'dropped-box',
        file: 'annotations/instances.json',
        message:
          '2 annotations without a box or an outline of three points are left out; the first at annotations[0]',
      },
    ]);
  });

  it('finds pictures in the usual places, also when their names repeat in several folders', async () => {
    const file = (name: string) => ({ ...base, images: [{ id: 7, file_name: name }], annotations: [] });
    const { images } = await readAs(
      'coco',
      folderOf({
        'annotations/instances_train2017.json': file('1.png'),
        'annotations/instances_val2017.json': file('1.png'),
        'images/train2017/1.png': true,
        'images/val2017/1.png': true,
      }),
    );
    expect(images.map(({ relativePath, split }) => [relativePath, split])).toEqual([
      ['images/train2017/1.png', 'train'],
      ['images/val2017/1.png', 'test'],
    ]);
    expect(
      (await readAs('coco', folderOf({ 'x.json': file('C:\\pictures\\b.png'), 'deep/er/b.png': true })))
        .images,
    ).toHaveLength(1);
  });

  it('takes validation to select where there is a test part', async () => {
    const part = (name: string) => ({
      ...base,
      images: [{ id: 1, file_name: name }],
      annotations: [{ image_id: 1, category_id: 3, bbox: [0, 0, 1, 1] }],
    });
    const { by } = await readAs(
      'coco',
      folderOf({
        'annotations/instances_val.json': part('v.png'),
        'annotations/instances_test.json': part('t.png'),
        'images/v.png': true,
        'images/t.png': true,
      }),
    );
    expect(by['images/v.png'].split).toBe('selection');
    expect(by['images/t.png'].split).toBe('test');
  });

  it('reads one file that was chosen by itself', async () => {
    const folder = folderOf({
      ...withAnnotation({ bbox: [1, 1, 2, 2] }),
      'annotations/other.json': '{ broken',
    });
    const place = path.join(folder, 'annotations', 'instances.json');
    expect((await detectFormat(await SourceTree.open(place))).format).toBe('coco');
    expect((await readAs('coco', place)).images[0].relativePath).toBe('images/a.png');
  });

  it('takes no other single file for what lies round it', async () => {
    const folder = folderOf({ ...withAnnotation({ bbox: [1, 1, 2, 2] }), 'notes.md': 'notes' });
    const opened = await SourceTree.open(path.join(folder, 'notes.md'));
    await expect(detectFormat(opened)).rejects.toMatchObject({
      code: 'bad-file',
      detail: { file: 'notes.md' },
    });
  });

  it('warns of pictures that are missing or lead outside, and of boxes of unknown pictures', async () => {
    const outer = folderOf({ 'secret.png': true, 'data/a.png': true });
    const folder = path.join(outer, 'data');
    writeFileSync(
      path.join(folder, 'x.json'),
      JSON.stringify({
        ...base,
        images: [
          { id: 1, file_name: '../secret.png' },
          { id: 2, file_name: 'gone.png' },
          { id: 3, file_name: 'link.png' },
          { id: 4, file_name: '..\\..\\secret.png' },
          { id: 7, file_name: 'a.png' },
        ],
        annotations: [
          { image_id: 1, category_id: 3, bbox: [0, 0, 1, 1] },
          { image_id: 99, category_id: 3, bbox: [0, 0, 1, 1] },
          { image_id: 7, category_id: 3, bbox: [0, 0, 1, 1] },
        ],
      }),
    );
    symlinkSync(path.join(outer, 'secret.png'), path.join(folder, 'link.png'));
    const { images, warnings } = await readAs('coco', folder);
    expect(images.map(({ relativePath }) => relativePath)).toEqual(['a.png']);
    expect(warnings.map(({ code }) => code)).toEqual([
      'outside-folder',
      'missing-picture',
      'missing-picture',
      'outside-folder',
      'unknown-picture',
    ]);
    expect(warnings[0].message).toMatch(/images\[0\].*secret\.png.*outside/);
  });

  it.each<[string, string | object, string, RegExp]>([
    ['a file cut short', '{"images": [{"id": 1,\n "file_name": "a.p', 'line 2, column 19', /cut short/],
    ['text that is no JSON', '{"images": [1 2], "info": 3}', 'line 1, column 15', /no valid JSON/],
    [
      'a category that is not listed',
      { ...base, annotations: [{ image_id: 7, category_id: 9, bbox: [0, 0, 1, 1] }] },
      'annotations[0].category_id',
      /9 is not among/,
    ],
    [
      'a box of three numbers',
      { ...base, annotations: [{ image_id: 7, category_id: 3, bbox: [0, 0, 1] }] },
      'annotations[0].bbox',
      /four numbers/,
    ],
    [
      'a box of words',
      { ...base, annotations: [{ image_id: 7, category_id: 3, bbox: [0, 0, 1, 'wide'] }] },
      'annotations[0].bbox[3]',
      /no number/,
    ],
    [
      'an odd number of coordinates',
      {
        ...base,
        annotations: [{ image_id: 7, category_id: 3, bbox: [0, 0, 1, 1], segmentation: [[1, 2, 3]] }],
      },
      'annotations[0].segmentation[0]',
      /odd number/,
    ],
    [
      'runs that do not fill the mask',
      {
        ...base,
        annotations: [
          {
            image_id: 7,
            category_id: 3,
            bbox: [0, 0, 1, 1],
            segmentation: { size: [10, 10], counts: [4, 5] },
          },
        ],
      },
      'annotations[0].segmentation.counts',
      /sum to 9/,
    ],
    [
      'a damaged compressed mask',
      {
        ...base,
        annotations: [
          {
            image_id: 7,
            category_id: 3,
            bbox: [0, 0, 1, 1],
            segmentation: { size: [10, 10], counts: '~~~' },
          },
        ],
      },
      'annotations[0].segmentation.counts',
      /damaged/,
    ],
    [
      'a mask of a billion pixels a side',
      {
        ...base,
        annotations: [
          {
            image_id: 7,
            category_id: 3,
            bbox: [0, 0, 1, 1],
            segmentation: { size: [1e9, 1e9], counts: [1e18] },
          },
        ],
      },
      'annotations[0].segmentation.counts',
      /too large/,
    ],
    [
      'a class name of 10,000 characters',
      { ...base, categories: [{ id: 3, name: 'x'.repeat(10_000) }] },
      'categories[0].name',
      /10000 characters/,
    ],
    [
      'a class name with a control character',
      { ...base, categories: [{ id: 3, name: 'a\u0007b' }] },
      'categories[0].name',
      /control character/,
    ],
    ['a class without a name', { ...base, categories: [{ id: 3 }] }, 'categories[0].name', /missing/],
    ['an image without a name', { ...base, images: [{ id: 3 }] }, 'images[0].file_name', /missing/],
    ['an id given twice', { ...base, images: [...base.images, ...base.images] }, 'images[1].id', /twice/],
  ])('refuses %s, naming file, place and reason in one line', async (_, content, place, reason) => {
    const folder = folderOf({ 'images/a.png': true });
    mkdirSync(path.join(folder, 'annotations'));
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    writeFileSync(path.join(folder, 'annotations', 'instances.json'), text);
    const error = await readAs('coco', folder).then(
      () => null,
      (thrown: unknown) => thrown as Error,
    );
    expect(error).toMatchObject({
      code: 'bad-file',
      detail: { file: 'annotations/instances.json', place, reason: expect.stringMatching(reason) },
    });
    expect(error!.message).not.toContain('\n');
    expect(error!.message.length).toBeLessThan(300);
  });

  it('gives back what it wrote', async () => {
    const from = folderOf({ 'one/p.png': true, 'two/p.png': true, 'q.png': true });
    const mask = encodeRle(
      Uint8Array.from({ length: 100 }, (_, i) => (i > 30 && i < 57 ? 1 : 0)),
      10,
      10,
    );
    const box = { kind: 'box' as const, box: { x: 1.25, y: 2, width: 3, height: 4.5 } };
    const holed = {
      kind: 'polygon' as const,
      rings: [
        [
          [0, 0],
          [8, 0],
          [8, 8],
          [0, 8],
        ],
        [
          [2, 2],
          [4, 2],
          [4, 4],
          [2, 4],
        ],
      ] as [number, number][][],
    };
    const triangle = {
      kind: 'polygon' as const,
      rings: [
        [
          [0.5, 0],
          [8, 0],
          [8, 8],
        ] as [number, number][],
      ],
    };
    const image = (name: string) => ({
      file: path.join(from, name),
      widthPx: 10,
      heightPx: 10,
      className: null,
      annotations: [],
    });
    const to = folderOf({});
    await formatById('coco').write!(
      {
        classes: ['cat', 'dog'],
        images: [
          {
            ...image('one/p.png'),
            split: 'train',
            annotations: [
              { className: 'dog', shape: box },
              { className: 'cat', shape: { kind: 'mask', rle: mask } },
            ],
          },
          { ...image('two/p.png'), split: 'selection', annotations: [{ className: 'cat', shape: triangle }] },
          { ...image('q.png'), split: 'test', annotations: [{ className: 'cat', shape: holed }] },
        ],
      },
      to,
    );
    const { by, warnings } = await readAs('coco', to);
    expect(warnings.filter(({ code }) => code !== 'unused-classes')).toEqual([]);
    expect(by['images/p.png']).toMatchObject({
      split: 'train',
      declaredSize: { widthPx: 10, heightPx: 10 },
      annotations: [
        { className: 'dog', shape: box },
        { className: 'cat', shape: { kind: 'mask', rle: mask } },
      ],
    });
    expect(by['images/p-2.png']).toMatchObject({ split: 'selection', annotations: [{ shape: triangle }] });
    const [{ shape }] = by['images/q.png'].annotations;
    expect(shape.kind === 'mask' && [...decodeRle(shape.rle)]).toEqual([...rasterize([holed], 10, 10, 10)]);
  });

  it('keeps the class of a picture that its shapes do not tell', async () => {
    const from = folderOf({ 'bare.png': true, 'other.png': true, 'told.png': true, 'none.png': true });
    const image = (name: string, className: string | null, shown: string[] = []) => ({
      file: path.join(from, `${name}.png`),
      widthPx: 10,
      heightPx: 10,
      className,
      split: 'train' as const,
      annotations: shown.map((one) => ({
        className: one,
        shape: { kind: 'box' as const, box: { x: 1, y: 1, width: 3, height: 3 } },
      })),
    });
    const to = folderOf({});
    const images = [
      image('bare', 'dog'),
      image('other', 'cat', ['cat', 'dog']),
      image('told', 'dog', ['dog']),
      image('none', null),
    ];
    await formatById('coco').write!({ classes: ['cat', 'dog'], images }, to);
    const { by, images: read, warnings } = await readAs('coco', to);
    expect(warnings).toEqual([]);
    expect(Object.values(by).map((one) => one.className)).toEqual(['dog', 'cat', 'dog', null]);
    expect(read).toHaveLength(4);
    expect(by['images/other.png'].annotations).toHaveLength(2);
  });

  it('writes no second file where the shapes tell all classes', async () => {
    const from = folderOf({ 'a.png': true });
    const shape = { kind: 'box' as const, box: { x: 1, y: 1, width: 3, height: 3 } };
    const one = { file: path.join(from, 'a.png'), widthPx: 10, heightPx: 10, split: null };
    const to = folderOf({});
    await formatById('coco').write!(
      {
        classes: ['cat'],
        images: [{ ...one, className: 'cat', annotations: [{ className: 'cat', shape }] }],
      },
      to,
    );
    expect(readdirSync(path.join(to, 'annotations'))).toEqual(['instances_all.json']);
  });
});
