// YOLO labels: a text file a picture, a line an object, `class x y width height` of the box's middle, or `class x1 y1 x2
// y2 …` of an outline (Ultralytics "segment"; four points are an oriented box). Everything is a share of the picture's
// width and height. Names and parts stand in data.yaml, or in classes.txt, obj.names and lists of older tools. A picture
// lies where its label does with `images` for `labels`, or beside it. Classes of whole pictures are the format `folders`.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse as parseYaml, stringify as stringifyYaml } from 'yaml';
import type { Point } from '../contracts/geometry.ts';
import { makeFolder } from '../files/write-file.ts';
import { filesLike, HEAD_LETTERS, headOf, likelyFiles, shownFiles } from './candidates.ts';
import { copyImages } from './copy.ts';
import { damaged } from './damage.ts';
import type { ExportImage, Format, ImportedAnnotation, ImportedImage, ImportSink } from './format.ts';
import { Gathering } from './gathering.ts';
import { isRecord } from './json.ts';
import { attributesLoss, classLoss, counted, drawnAs, pathOf, unnamedLoss } from './loss.ts';
import { polygonOf } from './outlines.ts';
import { baseName, folderOf, stemOf } from './paths.ts';
import { nameKey } from './image-index.ts';
import type { SourceTree } from './source.ts';
import {
  checkedClassName,
  CountedWarning,
  namedPart,
  splitOf,
  warnOfImage,
  type NamedPart,
} from './words.ts';

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
        names: Object.fromEntries(dataset.classes.map((name, i) => [i, name])),
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

/** Names of classes, and parts, of the labels in and below a folder. */
interface LabelSet {
  /** Of the file that says so. */
  folder: string;
  file: string;
  names: ReadonlyMap<number, string> | null;
  /** Of each part, the pictures' folders or lists as they are written. */
  parts: Map<NamedPart, string[]>;
  /** `path` of a data.yaml. */
  base: string;
  /** Numbers of a line after those of its box that say where key points are. */
  keyPointNumbers: number;
}

async function configsOf(source: SourceTree): Promise<string[]> {
  const found: string[] = [];
  for (const file of source.files)
    if (/\.ya?ml$/i.test(file) && /^\s*(names|nc|train|val)\s*:/m.test(await headOf(source, file)))
      found.push(file);
  return found;
}

async function readConfigs(source: SourceTree): Promise<LabelSet[]> {
  const sets: LabelSet[] = [];
  for (const file of await configsOf(source)) {
    const set = await readYaml(source, file);
    if (set !== null) sets.push(set);
  }
  for (const file of source.files) {
    if (!/(^|\/)(classes\.txt|_darknet\.labels|[^/]*\.names)$/i.test(file)) continue;
    const names = (await source.lines(file)).map(({ text, number }): [number, string] => [
      number - 1,
      checkedClassName(text, file, `line ${number}`),
    ]);
    sets.push({
      folder: folderOf(file),
      file,
      names: new Map(names),
      parts: new Map(),
      base: '',
      keyPointNumbers: 0,
    });
  }
  return sets;
}

const MOST_YAML_BYTES = 16 * 1024 * 1024;

async function readYaml(source: SourceTree, file: string): Promise<LabelSet | null> {
  const text = await source.text(file, MOST_YAML_BYTES);
  let content: unknown;
  try {
    // A few anchors are common; a bomb of them is refused by the parser.
    content = parseYaml(text, { maxAliasCount: 100 });
  } catch (cause) {
    const { message } = cause as Error;
    const line = /line (\d+)/.exec(message)?.[1] ?? '1';
    throw damaged(
      file,
      `line ${line}`,
      `this is no valid YAML: ${message.split('\n')[0].slice(0, 160)}`,
      cause,
    );
  }
  if (!isRecord(content)) return null;
  const { names: given, path: base } = content;
  const names = namesIn(given, file);
  const parts = new Map<NamedPart, string[]>();
  for (const [key, part] of [
    ['train', 'train'],
    ['val', 'validation'],
    ['valid', 'validation'],
    ['test', 'test'],
  ] as const) {
    const value = content[key];
    const entries = Array.isArray(value) ? value : [value];
    const places = entries.filter((entry): entry is string => typeof entry === 'string' && entry !== '');
    if (places.length > 0) parts.set(part, places);
  }
  if (names === null && parts.size === 0) return null;
  return {
    folder: folderOf(file),
    file,
    names,
    parts,
    base: typeof base === 'string' ? base : '',
    keyPointNumbers: keyPointNumbersIn(content.kpt_shape),
  };
}

/** kpt_shape: how many key points, and how many numbers each has. */
const keyPointNumbersIn = (shape: unknown): number => {
  if (!Array.isArray(shape)) return 0;
  const [count, size] = shape.map(Number);
  return Number.isInteger(count * size) && count * size > 0 ? count * size : 0;
};

function namesIn(given: unknown, file: string): Map<number, string> | null {
  if (given === undefined || given === null) return null;
  if (typeof given !== 'object')
    throw damaged(file, 'names', 'this is neither a list nor a map of class names');
  const entries: [string, unknown][] = Array.isArray(given)
    ? given.map((name, i): [string, unknown] => [String(i), name])
    : Object.entries(given);
  return new Map(
    entries.map(([key, name]) => {
      if (!/^\d+$/.test(key))
        throw damaged(file, `names.${key.slice(0, 40)}`, 'a class number is no whole number');
      return [
        Number(key),
        checkedClassName(typeof name === 'boolean' ? String(name) : name, file, `names[${key}]`),
      ];
    }),
  );
}

/** The names nearest above a label; else those of the only file that gives any. */
function nearest(sets: readonly LabelSet[], label: string): LabelSet | null {
  const named = sets.filter(({ names }) => names !== null);
  const above = named.filter(({ folder }) => folder === '' || label.startsWith(`${folder}/`));
  if (above.length > 0)
    return above.reduce((best, set) => (set.folder.length > best.folder.length ? set : best));
  return named.length === 1 ? named[0] : null;
}

interface Told {
  unnamed: CountedWarning;
  keyPoints: CountedWarning;
  far: CountedWarning;
}

async function readLabel(
  source: SourceTree,
  file: string,
  set: LabelSet | null,
  { unnamed, keyPoints, far }: Told,
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

/** By data.yaml, else by lists of pictures, else by folders. */
async function setParts(
  source: SourceTree,
  sink: ImportSink,
  sets: readonly LabelSet[],
  gathering: Gathering,
): Promise<void> {
  const parts = new Map<ImportedImage, NamedPart>();
  // What serves for validation or testing is kept from training, unless a set names the same pictures for both.
  for (const { file, folder, base, parts: given } of sets)
    for (const [part, places] of given)
      for (const place of places)
        for (const image of await imagesAt(source, sink, gathering, { file, folder, base, place, part }))
          if (!(part !== 'train' && given.get('train')?.includes(place))) parts.set(image, part);
  if (parts.size === 0)
    for (const file of source.files) {
      const part = /(^|\/)(train|trainval|val|valid|validation|test)\.txt$/i.test(file)
        ? namedPart(stemOf(file))
        : null;
      if (part !== null)
        for (const image of await listed(source, sink, gathering, file)) parts.set(image, part);
    }
  if (parts.size === 0)
    for (const image of gathering) {
      const part = folderOf(image.relativePath)
        .split('/')
        .map(namedPart)
        .find((one) => one !== null);
      if (part) parts.set(image, part);
    }
  const hasTest = [...parts.values()].includes('test');
  for (const [image, part] of parts) image.split = splitOf(part, hasTest);
}

interface PlaceOfPart {
  file: string;
  folder: string;
  base: string;
  place: string;
  part: NamedPart;
}

async function imagesAt(
  source: SourceTree,
  sink: ImportSink,
  gathering: Gathering,
  { folder, base, place }: PlaceOfPart,
): Promise<ImportedImage[]> {
  const clean = (written: string) =>
    written
      .replaceAll('\\', '/')
      .split('/')
      .filter((part) => part !== '' && part !== '.' && part !== '..' && !/^[a-z]:$/i.test(part));
  const under = [folder, ...clean(base), ...clean(place)].filter((part) => part !== '').join('/');
  const places = [under, [folder, ...clean(place)].filter(Boolean).join('/'), clean(place).join('/')];
  if (/\.txt$/i.test(place)) {
    const list = places.find((one) => source.has(one));
    return list === undefined ? [] : listed(source, sink, gathering, list);
  }
  for (const one of places) {
    const here = [...gathering].filter(
      ({ relativePath }) =>
        one === '' || relativePath.startsWith(`${one}/`) || relativePath.includes(`/${one}/`),
    );
    if (here.length > 0) return here;
  }
  return [];
}

/** The pictures that a list names, of those that are known. */
async function listed(
  source: SourceTree,
  sink: ImportSink,
  gathering: Gathering,
  list: string,
): Promise<ImportedImage[]> {
  const images: ImportedImage[] = [];
  for (const { text, number } of await source.lines(list)) {
    sink.signal.throwIfAborted();
    const found = source.index.find(text, [folderOf(list), '']);
    if ('problem' in found) warnOfImage(sink, found, list, `line ${number}`, text);
    else images.push(gathering.at(found.file, { file: list, place: `line ${number}` }));
  }
  return images;
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
