// Open Images: tables of boxes by shares of the picture (…annotations-bbox.csv), of classes of whole pictures that people
// verified (…human-imagelabels.csv), and of the names of classes. Masks of that set are not read.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { boundsOf } from '../contracts/geometry.ts';
import { makeFolder } from '../files/write-file.ts';
import { filesLike, likelyFiles } from './candidates.ts';
import { copyImages } from './copy.ts';
import { columnOf, fieldsOf, readCsv } from './csv.ts';
import { damaged } from './damage.ts';
import type { Format, ImportedImage } from './format.ts';
import { Gathering } from './gathering.ts';
import { attributesLoss, crowdLoss, drawnAs, shapeAttributesLoss, unnamedLoss } from './loss.ts';
import { baseName, stemOf } from './paths.ts';
import type { SourceTree } from './source.ts';
import { checkedClassName, CountedWarning, namedPart, numberFrom, splitOf, type NamedPart } from './words.ts';

export const openImages: Format = {
  id: 'open-images',
  title: 'Open Images CSV',

  async detect(source) {
    const files = await likelyFiles(source, /\.csv$/i, (head) => isBoxes(head) || isLabels(head));
    return files.length > 0
      ? { score: 0.92, reason: `${files[0]} has the columns of Open Images`, files: files.length }
      : { score: 0, reason: 'no table of Open Images' };
  },

  async read(source, sink) {
    const gathering = new Gathering(source, sink);
    const parts = new Map<ImportedImage, NamedPart>();
    const names = await readNames(source);
    const unnamed = new CountedWarning('unnamed-classes', '');
    const classOf = (label: string, file: string, place: string): string => {
      const known = names.get(label);
      if (known === undefined && names.size > 0) unnamed.add(`${file}, ${place}`);
      return known ?? checkedClassName(label, file, place);
    };
    for (const file of await filesLike(source, /\.csv$/i, (head) => isBoxes(head) || isLabels(head))) {
      const content = await readCsv(source, file);
      const at = (name: string) => columnOf(content, name, file);
      const [imageAt, labelAt] = [at('ImageID'), at('LabelName')];
      const sides = content.columns.includes('XMin') ? ['XMin', 'XMax', 'YMin', 'YMax'].map(at) : null;
      const confidenceAt = content.columns.indexOf('Confidence');
      const part = namedPart(stemOf(file));
      for (const { fields, place } of content.rows) {
        const image = gathering.find(fields[imageAt], [], { file, place }, part ?? '');
        if (image === null) continue;
        if (part !== null) parts.set(image, part);
        const className = classOf(fields[labelAt], file, place);
        if (sides === null) {
          // 0 says that the class was verified not to be there.
          if (confidenceAt < 0 || numberFrom(fields[confidenceAt], file, place) > 0)
            gathering.classify(image, className, `${file}, ${place}`);
          continue;
        }
        const [left, right, top, bottom] = sides.map((side) => numberFrom(fields[side], file, place));
        const box = { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
        image.annotations.push({ className, shape: { kind: 'box', box }, unit: 'share', place });
      }
    }
    const hasTest = [...parts.values()].includes('test');
    for (const [image, part] of parts) image.split = splitOf(part, hasTest);
    unnamed.report(sink, 'labels have no name in the table of classes, and so are called by their id');
    gathering.handOn();
  },

  async write(dataset, folder, options) {
    const names = await copyImages(dataset.images, path.join(folder, 'images'), options);
    makeFolder(path.join(folder, 'annotations'));
    const idOf = (name: string) => `/m/${dataset.classes.indexOf(name)}`;
    const write = (name: string, rows: readonly string[]) =>
      writeFile(path.join(folder, 'annotations', name), rows.map((row) => `${row}\n`).join(''));
    const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
    await write('class-descriptions.csv', [
      'LabelName,DisplayName',
      ...dataset.classes.map((name) => `${idOf(name)},${quoted(name)}`),
    ]);
    for (const [split, part] of [
      ['train', 'train'],
      ['selection', 'validation'],
      ['test', 'test'],
      [null, 'all'],
    ] as const) {
      const images = dataset.images
        .map((image, i) => ({ ...image, id: stemOf(names[i]) }))
        .filter((image) => image.split === split);
      if (images.length === 0) continue;
      const id = (stem: string) => (/[",]/.test(stem) ? quoted(stem) : stem);
      await write(`${part}-annotations-bbox.csv`, [
        'ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside',
        ...images.flatMap((image) =>
          image.annotations.flatMap(({ className, shape }) => {
            const label = className ?? image.className;
            const box = boundsOf(shape);
            if (label === null || box === null) return [];
            const { x, y, width, height } = box;
            const [w, h] = [image.widthPx, image.heightPx];
            const sides = [x / w, (x + width) / w, y / h, (y + height) / h];
            return [[id(image.id), 'xclick', idOf(label), 1, ...sides, -1, -1, -1, -1, -1].join(',')];
          }),
        ),
      ]);
      await write(`${part}-annotations-human-imagelabels.csv`, [
        'ImageID,Source,LabelName,Confidence',
        ...images.flatMap(({ id: stem, className }) =>
          className === null ? [] : [`${id(stem)},verification,${idOf(className)},1`],
        ),
      ]);
    }
  },

  losses: (dataset) => [
    ...unnamedLoss(dataset),
    ...drawnAs(dataset, ['polygon', 'holes'], 'polygons are written as the boxes round them'),
    ...drawnAs(dataset, ['mask'], 'masks are written as the boxes round them'),
    ...attributesLoss(dataset),
    ...crowdLoss(dataset),
    ...shapeAttributesLoss(dataset),
  ],
};

const firstLine = (head: string) => fieldsOf(head.split(/\r\n|\n|\r/)[0]);

const isBoxes = (head: string): boolean => {
  const columns = firstLine(head);
  return ['ImageID', 'LabelName', 'XMin', 'YMax'].every((name) => columns.includes(name));
};

const isLabels = (head: string): boolean => {
  const columns = firstLine(head);
  return (
    columns.length <= 4 && ['ImageID', 'LabelName', 'Confidence'].every((name) => columns.includes(name))
  );
};

/** class-descriptions, of version 6 with a header and of older ones without. */
async function readNames(source: SourceTree): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const file of source.files) {
    if (!/class-descriptions.*\.csv$/i.test(baseName(file))) continue;
    for (const { text, number } of await source.lines(file)) {
      const [id, name] = fieldsOf(text);
      const place = `line ${number}`;
      if (id === 'LabelName') continue;
      if (name === undefined) throw damaged(file, place, 'the name of the class is missing');
      names.set(id, checkedClassName(name, file, place));
    }
  }
  return names;
}
