// YOLO labels: a text file a picture, a line an object, `class x y width height` of the box's middle, or `class x1 y1 x2
// y2 …` of an outline (Ultralytics "segment"; four points are an oriented box). Everything is a share of the picture's
// width and height. Names and parts stand in data.yaml, or in classes.txt, obj.names and lists of older tools. A picture
// lies where its label does with `images` for `labels`, or beside it. Classes of whole pictures are the format `folders`.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify as stringifyYaml } from 'yaml';
import type { Point } from '../contracts/geometry.ts';
import { makeFolder } from '../files/write-file.ts';
import { filesLike, HEAD_LETTERS, likelyFiles, shownFiles } from './candidates.ts';
import { copyImages } from './copy.ts';
import { damaged } from './damage.ts';
import type { ExportImage, Format, ImportedAnnotation } from './format.ts';
import { Gathering } from './gathering.ts';
import {
  attributesLoss,
  classLoss,
  counted,
  crowdLoss,
  drawnAs,
  pathOf,
  shapeAttributesLoss,
  unnamedLoss,
} from './loss.ts';
import { polygonOf } from './outlines.ts';
import { baseName, folderOf, stemOf } from './paths.ts';
import { nameKey } from './image-index.ts';
import type { SourceTree } from './source.ts';
import { CountedWarning, warnOfImage } from './words.ts';
import { setParts } from './yolo-parts.ts';
import { configsOf, nearest, readConfigs, type LabelSet } from './yolo-sets.ts';

export const yolo: Format = {
  id: 'yolo',
  title: 'YOLO',

  async detect(source) {
    const labels = await likelyFiles(source, /\.txt$/i, isLabel);
    const withImages = labels.filter((file) => imageOf(source, file) !== null);
    const configs = await configsOf(source);
    if (withImages.length > 0) return { score: 0.9, reason: shownFiles(labels), files: labels.length };
    if (configs.length > 0 && labels.length > 0)
      return { score: 0.6, reason: `${configs[0]} names classes and parts`, files: labels.length };
    return labels.length > 0 && source.chosenFile === null
      ? { score: 0.5, reason: `${shownFiles(labels)}; no picture is named alike`, files: labels.length }
      : { score: 0, reason: 'no text files of class and coordinates' };
  },

  async read(source, sink) {
    const sets = await readConfigs(source);
    const gathering = new Gathering(source, sink);
    const unnamed = new CountedWarning('unnamed-classes', '');
    const keyPoints = new CountedWarning('dropped-shape', '');
    const far = new CountedWarning('dropped-box', '');
    for (const file of await labelFiles(source)) {
      sink.signal.throwIfAborted();
      const found = imageOf(source, file) ?? source.index.find(imagePath(file), ['']);
      if (typeof found === 'object' && 'problem' in found) {
        warnOfImage(sink, found, file, 'the file name', stemOf(file));
        continue;
      }
      const image = gathering.at(typeof found === 'string' ? found : found.file, { file, place: 'line 1' });
      const set = nearest(sets, file);
      image.annotations.push(...(await readLabel(source, file, set, { unnamed, keyPoints, far })));
    }
    gathering.addBeside();
    await setParts(source, sink, sets, gathering);
    unnamed.report(sink, 'objects are of classes without a name, which so are called by their number');
    keyPoints.report(sink, 'objects have key points, which are left out');
    far.report(sink, 'objects have coordinates that are no shares of the picture (0 to 1) and are left out');
    gathering.handOn();
  },

  async write(dataset, folder, options) {
    const isSegments = needsOutlines(dataset.images);
    const parts = new Map<string, ExportImage[]>();
    for (const image of dataset.images) {
      const part = partNames[image.split ?? 'train'];
      parts.set(part, [...(parts.get(part) ?? []), image]);
    }
    let before = 0;
    for (const [part, images] of parts) {
      const names = await copyImages(images, path.join(folder, 'images', part), {
        ...options,
        onProgress: (done) => options?.onProgress?.(before + done, dataset.images.length),
      });
      before += images.length;
      makeFolder(path.join(folder, 'labels', part));
      for (const [i, image] of images.entries()) {
        const lines = linesOf(image, dataset.classes, isSegments);
        await writeFile(
          path.join(folder, 'labels', part, `${stemOf(names[i])}.txt`),
          lines.map((line) => `${line}\n`).join(''),
        );
      }
    }
    const listed = ['train', 'val', 'test'].filter((part) => parts.has(part));
    // Ultralytics refuses a set without a train and a val part.
    const first = `images/${listed[0]}`;
    await writeFile(
      path.join(folder, 'data.yaml'),
      stringifyYaml({
        path: '.',
        train: parts.has('train') ? 'images/train' : first,
        val: parts.has('val') ? 'images/val' : parts.has('test') ? 'images/test' : first,
        ...(parts.has('test') ? { test: 'images/test' } : {}),
        // Whole numbers as keys, which an object would make texts.
        names: new Map(dataset.classes.map((name, i) => [i, name])),
      }),
    );
  },

  losses(dataset) {
    const isSegments = needsOutlines(dataset.images);
    return [
      ...unnamedLoss(dataset),
      ...drawnAs(dataset, ['mask'], 'masks are written as the outlines of their pixels'),
      ...drawnAs(
        dataset,
        isSegments ? ['box'] : [],
        'boxes are written as outlines of four points, as YOLO does not mix the two',
      ),
      ...drawnAs(
        dataset,
        ['holes'],
        'polygons have holes or parts, which are joined by lines that enclose nothing',
      ),
      ...crowdLoss(dataset),
      ...shapeAttributesLoss(dataset),
      ...classLoss(dataset),
      ...counted(
        'pictures without a part are written as training pictures',
        dataset.images.filter(({ split }) => split === null).length,
      ),
      ...attributesLoss(dataset),
    ];
  },
};

const partNames = { train: 'train', selection: 'val', test: 'test' };

const needsOutlines = (images: readonly ExportImage[]) =>
  images.some(({ annotations }) => annotations.some(({ shape }) => shape.kind !== 'box'));

/** The classes file and lists of older tools, and what stands beside labels without being any. */
const otherTexts =
  /^(classes|labels|names|predefined_classes|_darknet|train|trainval|val|valid|validation|test|requirements|readme.*|notes?)\.txt$/i;

const numbers = /^\d+(\.0+)?(\s+[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?){4,}$/i;

/** Whether all whole lines are a class and at least four numbers. An empty file is a picture without objects. */
function isLabel(head: string, file: string): boolean {
  if (otherTexts.test(baseName(file))) return false;
  // The last number of a beginning may be cut in two.
  const isCut = head.length >= HEAD_LETTERS;
  const lines = (isCut ? head.replace(/\S*$/, '') : head)
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (isCut && lines.length > 1) lines.pop();
  if (lines.length === 0) return !isCut && /(^|\/)(labels|obj_[^/]*_data)\//i.test(file);
  return lines.every((line) => numbers.test(line));
}

/** Labels, and what lies among labels and is named like a picture: damaged ones are so read, and refused by line. */
async function labelFiles(source: SourceTree): Promise<string[]> {
  const like = new Set(await filesLike(source, /\.txt$/i, isLabel));
  const folders = new Set([...like].map(folderOf));
  return source.files.filter(
    (file) =>
      like.has(file) ||
      (source.chosenFile === null &&
        /\.txt$/i.test(file) &&
        !otherTexts.test(baseName(file)) &&
        (folders.has(folderOf(file)) || /(^|\/)labels\//i.test(file)) &&
        imageOf(source, file) !== null),
  );
}

/** The picture where the label says by its own place; null if none lies there. */
function imageOf(source: SourceTree, label: string): string | null {
  const alike = source.index.withStem(stemOf(label));
  if (alike.length === 0) return null;
  for (const folder of placesOf(folderOf(label))) {
    const here = alike.filter((image) => nameKey(folderOf(image)) === nameKey(folder));
    if (here.length === 1) return here[0];
  }
  return null;
}

/** With `images` for the last `labels`, without it, and itself. */
function placesOf(folder: string): string[] {
  const parts = folder.split('/');
  const at = parts.findLastIndex((part) => /^labels?$/i.test(part));
  if (at < 0) return [folder];
  const swapped = (...names: string[]) => [...parts.slice(0, at), ...names, ...parts.slice(at + 1)].join('/');
  return [swapped('images'), swapped('JPEGImages'), swapped('imgs'), swapped(), folder];
}

const imagePath = (label: string): string =>
  [placesOf(folderOf(label))[0], stemOf(label)].filter((part) => part !== '').join('/');

interface LeftOut {
  unnamed: CountedWarning;
  keyPoints: CountedWarning;
  far: CountedWarning;
}

async function readLabel(
  source: SourceTree,
  file: string,
  set: LabelSet | null,
  { unnamed, keyPoints, far }: LeftOut,
): Promise<ImportedAnnotation[]> {
  const annotations: ImportedAnnotation[] = [];
  for (const { text, number } of await source.lines(file)) {
    const place = `line ${number}`;
    const fields = text.split(/\s+/);
    const [index, ...values] = fields.map((field) => {
      const value = Number(field);
      if (!Number.isFinite(value)) throw damaged(file, place, `"${field.slice(0, 40)}" is no number`);
      return value;
    });
    if (!Number.isInteger(index) || index < 0)
      throw damaged(file, place, `${index} is no class: a whole number from 0`);
    const className = set?.names?.get(index);
    if (className === undefined && set !== null)
      throw damaged(file, place, `the class ${index} has no name in ${set.file}`);
    if (className === undefined) unnamed.add(`${file}, ${place}`);
    const hasKeyPoints = set !== null && set.keyPointNumbers > 0 && values.length === 4 + set.keyPointNumbers;
    const shape = shapeOf(hasKeyPoints ? values.slice(0, 4) : values);
    if (shape === null)
      throw damaged(
        file,
        place,
        `${fields.length} numbers, where a box has 5 and an outline an odd number from 7`,
      );
    if (hasKeyPoints) keyPoints.add(`${file}, ${place}`);
    if (values.some((value) => value < -1 || value > 2)) {
      far.add(`${file}, ${place}`);
      continue;
    }
    annotations.push({ className: className ?? String(index), shape, unit: 'share', place });
  }
  return annotations;
}

function shapeOf(values: readonly number[]): ImportedAnnotation['shape'] | null {
  // A fifth number is the confidence of a prediction.
  if (values.length === 4 || values.length === 5) {
    const [x, y, width, height] = values;
    return {
      kind: 'box',
      box: {
        x: x - width / 2,
        y: y - height / 2,
        width: Math.max(0, width),
        height: Math.max(0, height),
      },
    };
  }
  if (values.length < 6 || values.length % 2 !== 0) return null;
  const ring = Array.from({ length: values.length / 2 }, (_, i): Point => [values[2 * i], values[2 * i + 1]]);
  return polygonOf(ring) ?? { kind: 'polygon', rings: [ring] };
}

function linesOf(
  { annotations, className: ofImage, widthPx, heightPx }: ExportImage,
  classes: readonly string[],
  isSegments: boolean,
): string[] {
  const share = (value: number, size: number) => String(Number((value / size).toFixed(9)));
  return annotations.flatMap(({ className, shape }) => {
    const index = classes.indexOf(className ?? ofImage ?? '');
    if (index < 0) return [];
    if (!isSegments && shape.kind === 'box') {
      const { x, y, width, height } = shape.box;
      return [
        [
          index,
          share(x + width / 2, widthPx),
          share(y + height / 2, heightPx),
          share(width, widthPx),
          share(height, heightPx),
        ].join(' '),
      ];
    }
    const ring = pathOf(shape);
    if (ring.length < 3) return [];
    return [[index, ...ring.flatMap(([x, y]) => [share(x, widthPx), share(y, heightPx)])].join(' ')];
  });
}
