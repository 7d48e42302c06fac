import { Buffer } from 'node:buffer';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeText, decodeXml } from '../../../src-main/formats/encoding.ts';
import { distinctName, encodedName, decodedName, uniqueNames } from '../../../src-main/formats/file-names.ts';
import { formatById, type ExportImage } from '../../../src-main/formats/index.ts';
import { ImageIndex } from '../../../src-main/formats/image-index.ts';
import { folderOf, readAs, somePng } from './reading.ts';

const xml = (name: string, { label = 'cat', folder = '', more = '' } = {}) =>
  `<annotation><folder>${folder}</folder><filename>${name}</filename>${more}<object><name>${label}</name>` +
  `<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>4</xmax><ymax>6</ymax></bndbox></object></annotation>`;

describe('a label means the picture', () => {
  const images = ['images/cats/1.jpg', 'images/dogs/1.jpg', 'images/caf\u0065\u0301 x.jpg', 'images/h.png'];
  const index = new ImageIndex(images);
  const found = (name: string, bases: string[] = ['']) => index.find(name, bases);

  it.each([
    ['images/dogs/1.jpg', 'images/dogs/1.jpg', 'its whole path'],
    ['dogs/1.jpg', 'images/dogs/1.jpg', 'the one path that ends so'],
    ['C:\\data\\images\\dogs\\1.jpg', 'images/dogs/1.jpg', 'a path of Windows'],
    ['/home/me/cats/1.JPG', 'images/cats/1.jpg', 'a path of another machine, in capitals'],
    ['..\\..\\label-studio\\media\\h.png', 'images/h.png', 'what follows the last ..'],
    ['caf\u00e9 x.jpg', 'images/caf\u0065\u0301 x.jpg', 'composed letters, on disk decomposed'],
    ['caf%C3%A9%20x.jpg', 'images/caf\u0065\u0301 x.jpg', 'an address'],
    ['h.jpg', 'images/h.png', 'another ending'],
  ])('%s is %s: %s', (name, file) => {
    expect(found(name)).toEqual({ file });
  });

  it('and none where two fit alike', () => {
    expect(found('1.jpg')).toEqual({
      problem: 'ambiguous-picture',
      candidates: ['images/cats/1.jpg', 'images/dogs/1.jpg'],
    });
    expect(found('birds/1.jpg')).toMatchObject({ problem: 'ambiguous-picture' });
  });

  it('and says what is missing, and what leads outside', () => {
    expect(found('images/nowhere.jpg')).toEqual({ problem: 'missing-picture' });
    expect(found('../../etc/passwd')).toEqual({ problem: 'outside-folder' });
  });
});

describe('VOC', () => {
  it('keeps pictures of one name in two folders apart, and says which label could be either', async () => {
    const { by, warnings } = await readAs(
      'voc',
      folderOf({
        'images/cats/1.png': true,
        'images/dogs/1.png': true,
        'annotations/dogs/1.xml': xml('1.png', { label: 'dog', folder: 'dogs' }),
        'flat/a.xml': xml('1.png', { label: 'cat', more: '<path>D:\\x\\images\\cats\\1.png</path>' }),
        'flat/b.xml': xml('1.png', { label: 'bird' }),
      }),
    );
    expect(by['images/dogs/1.png'].annotations.map(({ className }) => className)).toEqual(['dog']);
    expect(by['images/cats/1.png'].annotations.map(({ className }) => className)).toEqual(['cat']);
    expect(warnings.map(({ code, file }) => `${code} ${file}`)).toEqual(['ambiguous-picture flat/b.xml']);
  });

  it('reads lists with spaces and folders in their names', async () => {
    const { by, warnings } = await readAs(
      'voc',
      folderOf({
        'JPEGImages/img (1).png': true,
        'JPEGImages/img (2).png': true,
        'JPEGImages/cats/1.png': true,
        'JPEGImages/dogs/1.png': true,
        'Annotations/img (1).xml': xml('img (1).png'),
        'ImageSets/Main/train.txt': 'img (1)\ncats/1\n',
        'ImageSets/Main/test.txt': 'img (2)\ndogs/1\n1\n',
        'ImageSets/Main/big dog_test.txt': 'img (2) -1\ndogs/1  1\n',
      }),
    );
    const splits = Object.fromEntries(Object.entries(by).map(([file, { split }]) => [file, split]));
    expect(splits).toEqual({
      'JPEGImages/img (1).png': 'train',
      'JPEGImages/cats/1.png': 'train',
      'JPEGImages/img (2).png': 'test',
      'JPEGImages/dogs/1.png': 'test',
    });
    expect(by['JPEGImages/dogs/1.png'].className).toBe('big dog');
    expect(warnings.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'ambiguous-picture: line 3: "1" may be JPEGImages/cats/1.png or JPEGImages/dogs/1.png; its annotations are left out',
    ]);
  });

  it('finds the XML and the picture whose names are composed otherwise', async () => {
    const { by } = await readAs(
      'voc',
      folderOf({ 'JPEGImages/e\u0301.png': true, 'Annotations/\u00e9.xml': xml('\u00e9.png') }),
    );
    expect(by['JPEGImages/e\u0301.png'].annotations).toHaveLength(1);
  });
});

describe('text', () => {
  const declared = (encoding: string, label: string) =>
    `<?xml version="1.0" encoding="${encoding}"?>${xml('a.png', { label })}`;

  it('of an XML file is in the encoding that it declares', async () => {
    const latin = Buffer.from(declared('ISO-8859-1', 'K\u00e4fer'), 'latin1');
    const gbk = Buffer.concat([
      Buffer.from(declared('gbk', 'X').split('X')[0], 'latin1'),
      Buffer.from([0xc3, 0xa8]), // 猫
      Buffer.from(declared('gbk', 'X').split('X')[1], 'latin1'),
    ]);
    for (const [bytes, label] of [
      [latin, 'K\u00e4fer'],
      [gbk, '\u732b'],
    ] as const) {
      const { by } = await readAs('voc', folderOf({ 'a.png': true, 'a.xml': bytes }));
      expect(by['a.png'].annotations[0].className).toBe(label);
    }
  });

  it('in UTF-16 is recognised and read, with and without byte order mark', async () => {
    const little = Buffer.from(`\ufeff${declared('UTF-16', 'K\u00e4fer')}`, 'utf16le');
    const big = Buffer.from(declared('UTF-16', 'K\u00e4fer'), 'utf16le').swap16();
    for (const bytes of [little, little.subarray(2), big]) {
      const folder = folderOf({ 'a.png': true, 'a.xml': bytes });
      const { SourceTree, detectFormat } = await import('../../../src-main/formats/index.ts');
      expect((await detectFormat(await SourceTree.open(folder))).format).toBe('voc');
      const { by } = await readAs('voc', folder);
      expect(by['a.png'].annotations[0].className).toBe('K\u00e4fer');
    }
  });

  it('that is not valid is refused with its first bad byte, never shown with replacement characters', () => {
    const bytes = Buffer.from('{"name": "K\xe4fer"}', 'latin1');
    expect(() => decodeText(bytes, 'a.json')).toThrow('a.json, byte 11: the text is no valid UTF-8');
    const cut = Buffer.from('ab\u00e9').subarray(0, 3);
    expect(() => decodeText(cut, 'a.csv')).toThrow('a.csv, byte 2: ');
    expect(() => decodeXml(Buffer.from('<?xml encoding="klingon"?><a/>'), 'a.xml')).toThrow(
      'a.xml, line 1: the encoding "klingon" is not known',
    );
  });

  it.each(['', 'a', 'ab\u00e9', '\u732b\ud83d\ude00x'])('"%s" in UTF-8 is itself', (text) => {
    expect(decodeText(Buffer.from(text), 'a.txt')).toBe(text);
  });
});

describe('names that an export writes', () => {
  it.each(['a/b', 'a:b', 'a_b', 'images', 'train', 'unclassed', '50%', 'x.', '..', 'con\u0007'])(
    '"%s" is read back as it was',
    (name) => {
      expect(decodedName(encodedName(name))).toBe(name);
      expect(decodedName(distinctName(name))).toBe(name);
      expect(encodedName(name)).not.toMatch(/[/\\:*?"<>|]|[. ]$/);
    },
  );

  it('are unique and no longer than a file system takes', () => {
    const long = `${'\u00e9'.repeat(125)}x.jpg`;
    const names = uniqueNames([long, long, 'a.jpg', 'A.jpg', 'a.png']);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(5);
    for (const name of names) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
  });

  it('keep classes apart in folders, whatever they are called', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'fovea-names-'));
    try {
      const imageFile = path.join(folder, 'p.png');
      writeFileSync(imageFile, somePng);
      const classes = ['a/b', 'a:b', 'a_b', 'images', 'train', 'Cat', 'cat'];
      const image = (className: string | null): ExportImage => ({
        file: imageFile,
        widthPx: 10,
        heightPx: 10,
        className,
        split: null,
        annotations: [],
      });
      const out = path.join(folder, 'out');
      await formatById('folders').write!({ classes, images: [...classes.map(image), image(null)] }, out);
      const { images } = await readAs('folders', out);
      expect(images.map(({ className }) => className).sort()).toEqual([...classes, null].sort());
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('of 255 bytes, the same in two folders, can be exported', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'fovea-names-'));
    try {
      const name = `${'n'.repeat(251)}.png`;
      const images = ['a', 'b'].map((sub): ExportImage => {
        mkdirSync(path.join(folder, sub));
        writeFileSync(path.join(folder, sub, name), somePng);
        return {
          file: path.join(folder, sub, name),
          widthPx: 10,
          heightPx: 10,
          className: 'c',
          split: 'train',
          annotations: [],
        };
      });
      for (const format of ['voc', 'coco', 'folders']) {
        const out = path.join(folder, format);
        await formatById(format).write!({ classes: ['c'], images }, out);
        const allImages = readdirSync(out, { recursive: true }).filter((file) =>
          String(file).endsWith('.png'),
        );
        expect(allImages).toHaveLength(2);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('folders that Kaggle wraps', () => {
  it.each([
    [
      ['training_set/training_set/cats/1.png', 'test_set/test_set/dogs/2.png'],
      ['train cats', 'test dogs'],
    ],
    [
      ['seg_train/seg_train/sea/1.png', 'seg_test/seg_test/wood/2.png'],
      ['train sea', 'test wood'],
    ],
    [
      ['PetImages/Cat/1.png', 'PetImages/Dog/2.png'],
      ['null Cat', 'null Dog'],
    ],
    [
      ['train station/1.png', 'test tube/2.png'],
      ['null train station', 'null test tube'],
    ],
    [
      ['cats/1.png', 'cats/2.png'],
      ['null cats', 'null cats'],
    ],
  ])('give classes and splits: %j', async (files, expected) => {
    const { images } = await readAs(
      'folders',
      folderOf(Object.fromEntries(files.map((file) => [file, true]))),
    );
    expect(images.map(({ split, className }) => `${split} ${className}`).sort()).toEqual(expected.sort());
  });
});
