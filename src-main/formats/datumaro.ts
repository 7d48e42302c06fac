// Datumaro's JSON: one file a part, annotations/<part>.json, with items and, of each, its annotations by type. Boxes and
// points are continuous; masks are COCO's run lengths; a label alone is the class of the picture.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Point } from '../contracts/geometry.ts';
import { makeFolder } from '../files/write-file.ts';
import { encodeRle, rasterize, rleToString } from '../imaging/index.ts';
import { filesLike, likelyFiles } from './candidates.ts';
import { rleGiven } from './coco-shapes.ts';
import { copyImages } from './copy.ts';
import { damaged } from './damage.ts';
import type { ExportDataset, ExportImage, Format, ImportedImage, ImportedShape } from './format.ts';
import { addAttributes, Gathering, plainAttributes, sizeGiven } from './gathering.ts';
import { isRecord, readJson } from './json.ts';
import { counted, drawnAs, shapesWhere } from './loss.ts';
import { ellipseOutline, pointsOf, turnedBox } from './outlines.ts';
import { folderOf, stemOf } from './paths.ts';
import { checkedClassName, CountedWarning, namedPart, numberFrom, splitOf, type NamedPart } from './words.ts';

export const datumaro: Format = {
  id: 'datumaro',
  title: 'Datumaro JSON',

  async detect(source) {
    const files = await likelyFiles(source, /\.json$/i, isDatumaro);
    return files.length > 0
      ? { score: 0.92, reason: `${files[0]} lists items and categories`, files: files.length }
      : { score: 0, reason: 'no JSON file with items and categories' };
  },

  async read(source, sink) {
    const gathering = new Gathering(source, sink);
    const parts = new Map<ImportedImage, NamedPart>();
    const lines = new CountedWarning('dropped-shape', '');
    for (const file of await filesLike(source, /\.json$/i, isDatumaro)) {
      sink.signal.throwIfAborted();
      const content = await readJson(source, file);
      if (!isRecord(content) || !Array.isArray(content.items))
        throw damaged(file, 'items', 'the list of items is missing');
      const labels = labelsOf(content.categories, file);
      const subset = stemOf(file);
      const up = folderOf(folderOf(file));
      const bases = [`${up}/images/${subset}`, `${up}/images`, up].map((base) => base.replace(/^\//, ''));
      content.items.forEach((item: unknown, i) => {
        const place = `items[${i}]`;
        if (!isRecord(item)) throw damaged(file, place, 'an item is no object');
        const media = [item.image, item.media].find(isRecord);
        if (media === undefined && isRecord(item.point_cloud)) return lines.add(`${file}, ${place}`);
        const name = [media?.path, item.id].find((one) => typeof one === 'string' && one !== '');
        if (typeof name !== 'string')
          throw damaged(file, `${place}.id`, 'the name of the picture is missing');
        const image = gathering.find(name, bases, { file, place }, subset);
        if (image === null) return;
        if (Array.isArray(media?.size)) image.declaredSize ??= sizeGiven(media.size[1], media.size[0]);
        const part = namedPart(subset);
        if (part !== null) parts.set(image, part);
        if (isRecord(item.attr)) addAttributes(image, plainAttributes(Object.entries(item.attr)));
        if (!Array.isArray(item.annotations)) return;
        readAnnotations(item.annotations, { labels, gathering, image, file, place, lines });
      });
    }
    const hasTest = [...parts.values()].includes('test');
    for (const [image, part] of parts) image.split = splitOf(part, hasTest);
    lines.report(sink, 'points, lines, captions and clouds of points are left out');
    gathering.handOn();
  },

  async write(dataset, folder, options) {
    makeFolder(path.join(folder, 'annotations'));
    let before = 0;
    for (const [split, subset] of subsets) {
      const images = dataset.images.filter((image) => image.split === split);
      if (images.length === 0) continue;
      const names = await copyImages(images, path.join(folder, 'images', subset), {
        ...options,
        onProgress: (done) => options?.onProgress?.(before + done, dataset.images.length),
      });
      before += images.length;
      await writeFile(
        path.join(folder, 'annotations', `${subset}.json`),
        JSON.stringify(contentOf(dataset, images, names)),
      );
    }
  },

  losses: (dataset) => [
    ...counted(
      'shapes without a class are not written',
      shapesWhere(dataset, ({ className }, image) => className === null && image.className === null),
    ),
    ...drawnAs(dataset, ['holes'], 'polygons have holes or parts, and are written as masks'),
  ],
};

const subsets = [
  ['train', 'train'],
  ['selection', 'val'],
  ['test', 'test'],
  [null, 'default'],
] as const;

const isDatumaro = (head: string): boolean =>
  /^\s*\{/.test(head) &&
  /"(items|media_type|dm_format_version)"\s*:/.test(head) &&
  /"categories"\s*:\s*\{/.test(head);

function labelsOf(categories: unknown, file: string): string[] {
  const label = isRecord(categories) && isRecord(categories.label) ? categories.label.labels : [];
  if (!Array.isArray(label)) throw damaged(file, 'categories.label.labels', 'this is no list');
  return label.map((entry: unknown, i) =>
    checkedClassName(isRecord(entry) ? entry.name : entry, file, `categories.label.labels[${i}]`),
  );
}

interface Place {
  labels: readonly string[];
  gathering: Gathering;
  image: ImportedImage;
  file: string;
  place: string;
  lines: CountedWarning;
}

function readAnnotations(
  annotations: readonly unknown[],
  { labels, gathering, image, file, place, lines }: Place,
): void {
  // Outlines of one group and class are the parts of one object.
  const groups = new Map<string, ImportedShape & { kind: 'parts' }>();
  annotations.forEach((one, i) => {
    const where = `${place}.annotations[${i}]`;
    if (!isRecord(one)) throw damaged(file, where, 'an annotation is no object');
    const { label_id: id, group } = one;
    const className = typeof id === 'number' ? labels[id] : null;
    if (className === undefined)
      throw damaged(file, `${where}.label_id`, `${String(id)} is not among the ${labels.length} labels`);
    if (one.type === 'label') {
      if (className !== null) gathering.classify(image, className, `${file}, ${where}`);
      return;
    }
    const shape = shapeOf(one, file, where);
    if (shape === null) return lines.add(`${file}, ${where}`);
    // What datumaro makes of COCO's crowds.
    const { is_crowd: isCrowd, ...given } = isRecord(one.attributes) ? one.attributes : {};
    const facts = {
      isCrowd: isCrowd === true || isCrowd === 1,
      attributes: plainAttributes(Object.entries(given)),
    };
    const key = `${JSON.stringify(group)} ${className}`;
    if (shape.kind === 'polygon' && typeof group === 'number' && group > 0) {
      const known = groups.get(key);
      if (known) return void known.rings.push(...shape.rings);
      const parts = { kind: 'parts' as const, rings: [...shape.rings] };
      groups.set(key, parts);
      image.annotations.push({ className, shape: parts, place: where, ...facts });
      return;
    }
    image.annotations.push({ className, shape, place: where, ...facts });
  });
}

/** Null for what has no area. */
function shapeOf(one: Record<string, unknown>, file: string, place: string): ImportedShape | null {
  const list = (value: unknown, name: string): unknown[] => {
    if (!Array.isArray(value)) throw damaged(file, `${place}.${name}`, 'this is no list of numbers');
    return value;
  };
  const numbers = (name: string, count: number): number[] => {
    const values = list(one[name], name);
    if (values.length < count)
      throw damaged(file, `${place}.${name}`, `${values.length} numbers, expected ${count}`);
    return values.map((value, i) => numberFrom(value, file, `${place}.${name}[${i}]`));
  };
  switch (one.type) {
    case 'bbox': {
      const [x, y, width, height] = numbers('bbox', 4);
      return { kind: 'box', box: { x, y, width: Math.max(0, width), height: Math.max(0, height) } };
    }
    case 'rotated_bbox': {
      const [x, y, width, height, degrees] = numbers('bbox', 5);
      return turnedBox(x - width / 2, y - height / 2, width, height, degrees, [x, y]);
    }
    case 'polygon': {
      const ring: Point[] = pointsOf(list(one.points, 'points'), file, `${place}.points`);
      return ring.length < 3 ? null : { kind: 'polygon', rings: [ring] };
    }
    case 'ellipse': {
      const [left, top, right, bottom] = numbers('points', 4);
      return ellipseOutline([(left + right) / 2, (top + bottom) / 2], (right - left) / 2, (bottom - top) / 2);
    }
    case 'mask':
      if (!isRecord(one.rle)) throw damaged(file, `${place}.rle`, 'the run lengths are missing');
      return { kind: 'mask', rle: rleGiven(one.rle, file, `${place}.rle`) };
    default:
      return null;
  }
}

function contentOf(
  { classes }: ExportDataset,
  images: readonly ExportImage[],
  names: readonly string[],
): object {
  return {
    info: {},
    categories: {
      label: { labels: classes.map((name) => ({ name, parent: '', attributes: [] })), attributes: [] },
    },
    items: images.map((image, i) => ({
      id: stemOf(names[i]),
      annotations: annotationsOf(image, classes),
      attr: image.attributes ?? {},
      image: { path: names[i], size: [image.heightPx, image.widthPx] },
    })),
  };
}

function annotationsOf(
  { annotations, className: ofImage, widthPx, heightPx }: ExportImage,
  classes: readonly string[],
): object[] {
  const common = (id: number, attributes = {}) => ({ id, attributes, group: 0, z_order: 0 });
  const labels =
    ofImage === null ? [] : [{ ...common(0), type: 'label', label_id: classes.indexOf(ofImage) }];
  const shapes = annotations.flatMap(({ className, shape, isCrowd, attributes }, i): object[] => {
    const label = className ?? ofImage;
    if (label === null) return [];
    const given = { ...attributes, ...(isCrowd ? { is_crowd: true } : {}) };
    const base = { ...common(i + 1, given), label_id: classes.indexOf(label) };
    if (shape.kind === 'box') {
      const { x, y, width, height } = shape.box;
      return [{ ...base, type: 'bbox', bbox: [x, y, width, height] }];
    }
    if (shape.kind === 'polygon' && shape.rings.length === 1)
      return [{ ...base, type: 'polygon', points: shape.rings[0].flat() }];
    const rle =
      shape.kind === 'mask'
        ? shape.rle
        : encodeRle(rasterize([shape], widthPx, heightPx, widthPx, heightPx), widthPx, heightPx);
    return [{ ...base, type: 'mask', rle: { counts: rleToString(rle), size: [rle.height, rle.width] } }];
  });
  return [...labels, ...shapes];
}
