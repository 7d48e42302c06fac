// COCO JSON: boxes, polygons and run-length masks of several pictures in one file (cocodataset.org, "Data
// format"). Coordinates are continuous from the upper left corner; boxes are x, y, width, height.

import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Split } from '../contracts/dataset.ts';
import { makeFolder } from '../files/write-file.ts';
import { headOf, likelyFiles } from './candidates.ts';
import { copyImages } from './copy.ts';
import { addAttributes, plainAttributes } from './gathering.ts';
import { shapeOf } from './coco-shapes.ts';
import { writeSplit } from './coco-write.ts';
import type { Format, ImportedImage, ImportSink } from './format.ts';
import { isRecord, readJson } from './json.ts';
import { drawnAs, unnamedLoss } from './loss.ts';
import { damaged } from './damage.ts';
import { baseName, folderOf, stemOf } from './paths.ts';
import type { SourceTree } from './source.ts';
import { checkedClassName, CountedWarning, namedPart, splitOf, warnOfImage } from './words.ts';

export const coco: Format = {
  id: 'coco',
  title: 'COCO JSON',

  async detect(source) {
    const files = await likelyFiles(source, /\.json$/i, isLikely);
    if (files.length > 0)
      return {
        score: 0.9,
        reason: `${files[0]} looks like a list of images and annotations`,
        files: files.length,
      };
    // Taken at the person's word where nothing else reads it, so that reading says what is wrong.
    return source.chosenFile !== null && /\.json$/i.test(source.chosenFile)
      ? { score: 0.2, reason: `${source.chosenFile} is JSON`, files: 1 }
      : { score: 0, reason: 'no JSON file with images and annotations' };
  },

  async read(source, sink) {
    const parsed: { file: string; content: Dataset }[] = [];
    const firstOf = new Map<string, string>();
    for (const file of candidates(source)) {
      sink.signal.throwIfAborted();
      if (!(await mayHoldDataset(source, file))) continue;
      const hash = createHash('sha256').update(await source.bytes(file));
      // In another folder, or of another part, the same text means other pictures.
      const key = `${folderOf(file)} ${partOf(file)} ${hash.digest('base64url')}`;
      const first = firstOf.get(key);
      if (first !== undefined) {
        sink.warn({ code: 'copy', file, message: `this is a copy of ${first}; its shapes count once` });
        continue;
      }
      firstOf.set(key, file);
      const content = datasetOf(await readJson(source, file), file);
      if ('other' in content)
        sink.warn({ code: 'unknown-file', file, message: `this file holds ${content.other}` });
      else parsed.push({ file, content });
    }
    // Of several files about the same pictures (instances, key points, captions) the instances say most.
    const labels = parsed.filter(({ file, content }) => holdsLabels(file, content));
    const shapes = parsed.filter((one) => !labels.includes(one));
    const instances = shapes.filter(({ file }) => /^instances/i.test(stemOf(file)));
    const used = [...(instances.length > 0 ? instances : shapes), ...labels];
    const hasTest = used.some(
      ({ file, content }) => partOf(file) === 'test' && content.annotations.length > 0,
    );
    const images = new Map<string, ImportedImage>();
    for (const { file, content } of used) {
      sink.signal.throwIfAborted();
      const split = splitOf(partOf(file), hasTest);
      readDataset(source, sink, file, content, split, images, labels.length > 0);
    }
    for (const image of images.values()) sink.image(image);
  },

  async write(dataset, folder, options) {
    const names = await copyImages(dataset.images, path.join(folder, 'images'), options);
    makeFolder(path.join(folder, 'annotations'));
    for (const [split, stem] of Object.entries(stemOfSplit))
      await writeSplit(dataset, names, (split === 'none' ? null : split) as Split | null, stem, folder);
  },

  losses: (dataset) => [
    ...unnamedLoss(dataset),
    ...drawnAs(
      dataset,
      ['holes'],
      'polygons have holes or parts; those that may be holes are written as run-length masks',
    ),
  ],
};

/** `selection` is what others call validation; read back beside a test file it becomes `selection` again. */
const stemOfSplit = { train: 'train', selection: 'val', test: 'test', none: 'all' };

interface Dataset {
  images: unknown[];
  annotations: unknown[];
  categories: unknown[];
}

function candidates(source: SourceTree): string[] {
  if (source.chosenFile !== null) return /\.json$/i.test(source.chosenFile) ? [source.chosenFile] : [];
  return source.files.filter((file) => /\.json$/i.test(file));
}

/** Classes of whole pictures: labels_*.json with annotations that have no shape at all, as datumaro writes them. */
const holdsLabels = (file: string, { annotations }: Dataset) =>
  /^labels/i.test(stemOf(file)) &&
  annotations.every((one) => isRecord(one) && !('bbox' in one) && !('segmentation' in one));

const mayHoldDataset = async (source: SourceTree, file: string): Promise<boolean> =>
  source.chosenFile !== null || isLikely(await headOf(source, file), file);

/**
 * Told by keys near the start, since COCO writers put info, licences, categories or images first; and by the
 * usual names, so that a damaged file is reported rather than passed over as unknown. A list of "items" is
 * datumaro's.
 */
const isLikely = (head: string, file: string): boolean =>
  /^instances|coco/i.test(stemOf(file)) ||
  (/^\s*\{/.test(head) &&
    /"(images|annotations|categories)"\s*:\s*\[/.test(head) &&
    !/"items"\s*:\s*\[/.test(head));

/** By the file's name, or its folder's where the file is named alike in each (train/_annotations.coco.json). */
const partOf = (file: string) => namedPart(stemOf(file)) ?? namedPart(baseName(folderOf(file)));

/** Or what it holds instead of shapes. */
function datasetOf(content: unknown, file: string): Dataset | { other: string } {
  if (!isRecord(content)) throw damaged(file, 'line 1', 'a COCO file is one object');
  const { images, annotations, categories } = content;
  if (!Array.isArray(images)) throw damaged(file, 'images', 'the list of images is missing');
  if (annotations === undefined) return { images, annotations: [], categories: [] };
  if (!Array.isArray(annotations)) throw damaged(file, 'annotations', 'this is no list');
  const first = annotations[0] as unknown;
  if (isRecord(first) && 'caption' in first)
    return { other: 'captions of COCO, which are no shapes or classes' };
  if (isRecord(first) && 'segments_info' in first)
    return { other: 'segments of COCO panoptic; the format "panoptic" reads them' };
  if (isRecord(first) && 'keypoints' in first && !('bbox' in first) && !('segmentation' in first))
    return { other: 'key points of COCO without boxes, which have no area' };
  if (!Array.isArray(categories)) throw damaged(file, 'categories', 'the list of categories is missing');
  return { images, annotations, categories };
}

function readDataset(
  source: SourceTree,
  sink: ImportSink,
  file: string,
  { images, annotations, categories }: Dataset,
  split: Split | null,
  result: Map<string, ImportedImage>,
  /** Another file may use the classes that this one does not. */
  hasLabelsBeside: boolean,
): void {
  const classes = readCategories(categories, file);
  const byId = new Map<unknown, ImportedImage | null>();
  const folder = folderOf(file);
  // instances_train2017 → train2017: where names repeat in several folders, that one is meant.
  const hint = stemOf(file).replace(/^[^_]*_/, '');
  const bases = [
    folder,
    ...['', folderOf(folder)].flatMap((up) => [`${up}/images/${hint}`, `${up}/${hint}`, `${up}/images`, up]),
  ].map((base) => base.replace(/^\//, ''));
  images.forEach((entry, i) => {
    const place = `images[${i}]`;
    if (!isRecord(entry)) throw damaged(file, place, 'an image is no object');
    const { id, file_name: name, width, height } = entry;
    if (typeof id !== 'number' && typeof id !== 'string')
      throw damaged(file, `${place}.id`, 'the id is missing');
    if (typeof name !== 'string' || name === '')
      throw damaged(file, `${place}.file_name`, 'the name is missing');
    if (byId.has(id)) throw damaged(file, `${place}.id`, `the id ${String(id).slice(0, 40)} is given twice`);
    const found = source.index.find(name, bases, hint);
    if ('problem' in found) {
      warnOfImage(sink, found, file, place, name);
      byId.set(id, null);
      return;
    }
    const earlier = result.get(found.file);
    const image: ImportedImage = earlier ?? {
      file: source.imageFile(found.file),
      relativePath: found.file,
      className: null,
      split,
      annotations: [],
      declaredSize:
        typeof width === 'number' && typeof height === 'number' && width > 0 && height > 0
          ? { widthPx: width, heightPx: height }
          : null,
      recordPlace: { file, place },
    };
    addAttributes(image, attributesIn(entry.attributes));
    result.set(found.file, image);
    byId.set(id, image);
  });
  const strays = new CountedWarning('unknown-picture', file);
  const shapeless = new CountedWarning('dropped-box', file);
  const several = new CountedWarning('several-classes', file);
  const isOfLabels = holdsLabels(file, { images, annotations, categories });
  const usedClasses = new Set<string>();
  const labelled = new Set<ImportedImage>();
  annotations.forEach((entry, i) => {
    const place = `annotations[${i}]`;
    if (!isRecord(entry)) throw damaged(file, place, 'an annotation is no object');
    const image = byId.get(entry.image_id);
    if (image === null) return; // its picture was warned of
    const className = classes.get(entry.category_id);
    if (className === undefined)
      throw damaged(
        file,
        `${place}.category_id`,
        `${JSON.stringify(entry.category_id)?.slice(0, 40) ?? 'nothing'} is not among the categories`,
      );
    if (image === undefined) return strays.add(place);
    if (isOfLabels) {
      usedClasses.add(className);
      if (!labelled.has(image)) image.className = className;
      else if (image.className !== className) {
        several.add(place);
        image.className = null;
      }
      labelled.add(image);
      return;
    }
    const shape = shapeOf(entry, file, place);
    if (shape === null) return shapeless.add(place);
    usedClasses.add(className);
    image.annotations.push({
      className,
      shape,
      place,
      isCrowd: entry.iscrowd === 1 || entry.iscrowd === true,
      attributes: attributesIn(entry.attributes),
    });
  });
  strays.report(sink, 'annotations of pictures that the file does not list are left out');
  several.report(sink, 'labels contradict another of their picture, which so has no class of its own');
  shapeless.report(sink, 'annotations without a box or an outline of three points are left out');
  if (!hasLabelsBeside && usedClasses.size < new Set(classes.values()).size)
    sink.warn({
      code: 'unused-classes',
      file,
      message: `${classes.size} categories are listed, ${usedClasses.size} have annotations; the rest is not imported`,
    });
}

/** Plain values that an image or annotation may carry beyond the format: `"attributes": {"background": "water"}`. */
const attributesIn = (value: unknown): Record<string, string> =>
  isRecord(value) ? plainAttributes(Object.entries(value)) : {};

export function readCategories(categories: unknown[], file: string): Map<unknown, string> {
  const classes = new Map<unknown, string>();
  categories.forEach((entry, i) => {
    const place = `categories[${i}]`;
    if (!isRecord(entry)) throw damaged(file, place, 'a category is no object');
    if (typeof entry.id !== 'number' && typeof entry.id !== 'string')
      throw damaged(file, `${place}.id`, 'the id is missing');
    if (classes.has(entry.id))
      throw damaged(file, `${place}.id`, `the id ${String(entry.id).slice(0, 40)} is given twice`);
    classes.set(entry.id, checkedClassName(entry.name, file, `${place}.name`));
  });
  return classes;
}
