// One table, a row a box: file, class, xmin, ymin, xmax, ymax, and perhaps width and height of the picture and split. A row
// without numbers gives the class of its picture; further columns are attributes of the picture. Other names of the
// columns are known, so that tables of VoTT and of TensorFlow's examples are read, too.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { boundsOf } from '../contracts/geometry.ts';
import { filesLike, likelyFiles } from './candidates.ts';
import { copyImages } from './copy.ts';
import { fieldsOf, readCsv } from './csv.ts';
import { damaged } from './damage.ts';
import type { ExportDataset, ExportImage, Format, ImportedImage } from './format.ts';
import { addAttributes, Gathering, plainAttributes, sizeGiven } from './gathering.ts';
import { counted, crowdLoss, drawnAs, shapeAttributesLoss, shapesWhere } from './loss.ts';
import { folderOf, stemOf } from './paths.ts';
import { checkedClassName, namedPart, numberFrom, splitOf, type NamedPart } from './words.ts';

const names = {
  file: ['file', 'filename', 'file_name', 'image', 'image_path', 'path', 'image_name', 'img'],
  class: ['class', 'label', 'name', 'class_name', 'category'],
  xmin: ['xmin', 'x_min', 'x1', 'left'],
  ymin: ['ymin', 'y_min', 'y1', 'top'],
  xmax: ['xmax', 'x_max', 'x2', 'right'],
  ymax: ['ymax', 'y_max', 'y2', 'bottom'],
  width: ['width', 'image_width'],
  height: ['height', 'image_height'],
  split: ['split', 'subset', 'part'],
};
type Column = keyof typeof names;

export const table: Format = {
  id: 'csv',
  title: 'CSV, a row a box',

  async detect(source) {
    const files = await likelyFiles(source, /\.csv$/i, isTable);
    return files.length > 0
      ? { score: 0.8, reason: `${files[0]} has columns of a file, a class and a box`, files: files.length }
      : { score: 0, reason: 'no table of boxes' };
  },

  async read(source, sink) {
    const gathering = new Gathering(source, sink);
    const parts = new Map<ImportedImage, NamedPart>();
    for (const file of await filesLike(source, /\.csv$/i, isTable)) {
      const { columns, rows } = await readCsv(source, file);
      const at = placesOf(columns);
      const others = columns.flatMap((name, i) =>
        name === '' || Object.values(at).includes(i) ? [] : [{ name, i }],
      );
      for (const { fields, place } of rows) {
        const text = (column: Column): string => (at[column] < 0 ? '' : fields[at[column]]);
        if (text('file') === '') throw damaged(file, place, 'the name of the picture is missing');
        const image = gathering.find(text('file'), [folderOf(file), ''], { file, place });
        const className =
          text('class') === '' ? null : checkedClassName(text('class'), file, `${place}, class`);
        const corners = (['xmin', 'ymin', 'xmax', 'ymax'] as const).map(text);
        const isBox = corners.some((corner) => corner !== '');
        const [x, y, right, bottom] = isBox ? corners.map((corner) => numberFrom(corner, file, place)) : [];
        if (image === null) continue;
        image.declaredSize ??= sizeGiven(text('width'), text('height'));
        const part = namedPart(text('split')) ?? namedPart(stemOf(file));
        if (part !== null) parts.set(image, part);
        addAttributes(
          image,
          plainAttributes(
            others.map(({ name, i }) => [name, fields[i]] as const).filter(([, value]) => value !== ''),
          ),
        );
        if (!isBox) {
          if (className !== null) gathering.classify(image, className, `${file}, ${place}`);
          continue;
        }
        const box = { x, y, width: Math.max(0, right - x), height: Math.max(0, bottom - y) };
        image.annotations.push({ className, shape: { kind: 'box', box }, place });
      }
    }
    const hasTest = [...parts.values()].includes('test');
    for (const [image, part] of parts) image.split = splitOf(part, hasTest);
    gathering.handOn();
  },

  async write(dataset, folder, options) {
    const written = await copyImages(dataset.images, path.join(folder, 'images'), options);
    await writeFile(path.join(folder, 'annotations.csv'), csvOf(dataset, written));
  },

  losses: (dataset) => [
    ...drawnAs(dataset, ['polygon', 'holes'], 'polygons are written as the boxes round them'),
    ...drawnAs(dataset, ['mask'], 'masks are written as the boxes round them'),
    ...counted(
      'shapes without a class are written without one',
      shapesWhere(dataset, ({ className }, image) => className === null && image.className === null),
    ),
    ...crowdLoss(dataset),
    ...shapeAttributesLoss(dataset),
  ],
};

function isTable(head: string): boolean {
  const at = placesOf(fieldsOf(head.split(/\r\n|\n|\r/)[0]));
  return at.file >= 0 && (['xmin', 'ymin', 'xmax', 'ymax', 'class'] as const).every((name) => at[name] >= 0);
}

function placesOf(columns: readonly string[]): Record<Column, number> {
  const plain = columns.map((name) => name.toLowerCase().trim());
  const found = (wanted: readonly string[]) =>
    wanted.map((name) => plain.indexOf(name)).find((i) => i >= 0) ?? -1;
  return Object.fromEntries(Object.entries(names).map(([key, wanted]) => [key, found(wanted)])) as Record<
    Column,
    number
  >;
}

const parts = { train: 'train', selection: 'val', test: 'test' };

const field = (value: string | number): string =>
  /[",\n]|^\s|\s$/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);

/** A line each: line breaks are no part of a name that a project takes. */
function csvOf({ images }: ExportDataset, written: readonly string[]): string {
  const known = new Set(Object.values(names).flat());
  const attributes = [...new Set(images.flatMap((image) => Object.keys(image.attributes ?? {})))].filter(
    (name) => !known.has(name.toLowerCase()),
  );
  const columns = [
    'file',
    'class',
    'xmin',
    'ymin',
    'xmax',
    'ymax',
    'width',
    'height',
    'split',
    ...attributes,
  ];
  const rows = images.flatMap((image, i) => rowsOf(image, `images/${written[i]}`, attributes));
  return [columns, ...rows].map((row) => `${row.map(field).join(',')}\n`).join('');
}

function rowsOf(image: ExportImage, file: string, attributes: readonly string[]): (string | number)[][] {
  const { className, annotations, widthPx, heightPx, split } = image;
  const rest = [
    ...[widthPx, heightPx, split === null ? '' : parts[split]],
    ...attributes.map((name) => image.attributes?.[name] ?? ''),
  ];
  const boxes = annotations.flatMap((one) => {
    const box = boundsOf(one.shape);
    const { x, y, width, height } = box ?? { x: 0, y: 0, width: 0, height: 0 };
    return box === null
      ? []
      : [[file, one.className ?? className ?? '', x, y, x + width, y + height, ...rest]];
  });
  return className === null && boxes.length > 0
    ? boxes
    : [[file, className ?? '', '', '', '', '', ...rest], ...boxes];
}
