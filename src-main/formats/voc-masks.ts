// Pascal VOC's segmentation: of a picture, SegmentationObject/<name>.png numbers its objects in the order of the XML, and
// SegmentationClass/<name>.png the classes of their pixels, both by palette indices; 255 is the border, which is neither.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { boundsOf, intersectionOverUnion, type Rle } from '../contracts/geometry.ts';
import { AppError } from '../contracts/errors.ts';
import { makeFolder } from '../files/write-file.ts';
import {
  decodeLabelImage,
  decodeRle,
  encodeIndexedPng,
  rasterize,
  type LabelImage,
} from '../imaging/index.ts';
import type { ExportDataset, ExportImage, ImportedAnnotation, ImportSink, Loss } from './format.ts';
import { classOfValues, pascalColour, type LabelTable } from './label-colours.ts';
import { counted } from './loss.ts';
import { rlesByValue } from './masks.ts';
import { baseName, stemOf } from './paths.ts';
import type { SourceTree } from './source.ts';

const VOID = 255;
const MOST_INDICES = 254;
/** Overlap from which a mask and the box of its number are the same object. */
const SAME_OBJECT = 0.5;

/** Masks by the stem of their picture, where a source has any. */
export function segmentationsOf(source: SourceTree): Map<string, { objects?: string; classes?: string }> {
  const found = new Map<string, { objects?: string; classes?: string }>();
  for (const file of source.files) {
    const kind = /(^|\/)Segmentation(Object|Class)\/[^/]+\.png$/i.exec(file)?.[2];
    if (kind === undefined) continue;
    const stem = stemOf(baseName(file));
    const known = found.get(stem) ?? {};
    found.set(stem, { ...known, [/object/i.test(kind) ? 'objects' : 'classes']: file });
  }
  return found;
}

/** A mask takes the place of the box of its object; one without a box, or of a picture without any, comes beside. */
export async function addMasks(
  source: SourceTree,
  sink: ImportSink,
  { objects, classes }: { objects?: string; classes?: string },
  table: LabelTable | null,
  annotations: ImportedAnnotation[],
): Promise<void> {
  const byClass = classes === undefined ? null : await labelsOf(source, sink, classes);
  const byObject = objects === undefined ? null : await labelsOf(source, sink, objects);
  const classOf = byClass && classOfValues(byClass, table, true);
  const nameOf = (value: number) => classOf?.(value) ?? null;
  if (byObject !== null) {
    const boxes = annotations.slice();
    for (const [number, rle] of rlesByValue(byObject.values, byObject.widthPx, byObject.heightPx)) {
      if (number === 0 || number >= VOID) continue;
      const own = boxes.at(number - 1);
      const [box, bounds] = [
        own?.shape.kind === 'box' ? own.shape.box : null,
        boundsOf({ kind: 'mask', rle }),
      ];
      if (own && box && bounds && intersectionOverUnion(box, bounds) >= SAME_OBJECT)
        own.shape = { kind: 'mask', rle };
      else {
        const className = nameOf(byClass === null ? 0 : commonest(byClass, rle));
        annotations.push({ className, shape: { kind: 'mask', rle }, place: `${objects}, object ${number}` });
      }
    }
  } else if (byClass !== null && annotations.length === 0)
    for (const [value, rle] of rlesByValue(byClass.values, byClass.widthPx, byClass.heightPx)) {
      const className = nameOf(value);
      if (className !== null)
        annotations.push({ className, shape: { kind: 'mask', rle }, place: `${classes}, value ${value}` });
    }
}

async function labelsOf(source: SourceTree, sink: ImportSink, file: string): Promise<LabelImage | null> {
  try {
    const labels = await decodeLabelImage(source.absolute(file));
    source.noteRead(file);
    return labels;
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'bad-file') throw thrown;
    sink.warn({ code: 'bad-mask', file, message: String(thrown.detail.reason ?? thrown.message) });
    return null;
  }
}

/** Of the values under a mask; 0 where the pictures differ in size. */
function commonest({ values, widthPx, heightPx }: LabelImage, rle: Rle): number {
  if (rle.width !== widthPx || rle.height !== heightPx) return 0;
  const times = new Map<number, number>();
  decodeRle(rle).forEach((is, i) => {
    if (is === 1) times.set(values[i], (times.get(values[i]) ?? 0) + 1);
  });
  return [...times].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 0;
}

const hasOutline = ({ annotations }: ExportImage): boolean =>
  annotations.some(({ shape }) => shape.kind !== 'box');

/** Masks of the pictures that have other shapes than boxes, lists of them, and the colours of the classes. */
export async function writeSegmentations(
  { classes, images }: ExportDataset,
  stems: readonly string[],
  folder: string,
  writeList: (name: string, stems: readonly string[]) => Promise<void>,
): Promise<void> {
  if (!images.some(hasOutline)) return;
  for (const name of ['SegmentationClass', 'SegmentationObject']) makeFolder(path.join(folder, name));
  makeFolder(path.join(folder, 'ImageSets', 'Segmentation'));
  const palette = Array.from({ length: 256 }, (_, index) => pascalColour(index));
  const lists: Record<string, string[]> = { train: [], val: [], test: [] };
  for (const [i, image] of images.entries()) {
    if (!hasOutline(image)) continue;
    const { widthPx, heightPx, split } = image;
    const [ofObjects, ofClasses] = [new Uint8Array(widthPx * heightPx), new Uint8Array(widthPx * heightPx)];
    writtenObjects(image).forEach(({ className, shape }, n) => {
      const index = classes.indexOf(className ?? image.className ?? '') + 1;
      if (shape.kind === 'box' || n >= MOST_INDICES) return;
      rasterize([shape], widthPx, heightPx, widthPx, heightPx).forEach((is, at) => {
        if (is !== 1) return;
        ofObjects[at] = n + 1;
        ofClasses[at] = index <= MOST_INDICES ? index : VOID;
      });
    });
    for (const [name, values] of [
      ['SegmentationClass', ofClasses],
      ['SegmentationObject', ofObjects],
    ] as const)
      await writeFile(
        path.join(folder, name, `${stems[i]}.png`),
        encodeIndexedPng(values, widthPx, heightPx, palette),
      );
    if (split !== null) lists[split === 'selection' ? 'val' : split].push(stems[i]);
  }
  for (const [part, listed] of Object.entries(lists))
    if (listed.length > 0) await writeList(path.join('Segmentation', part), listed);
  // A name with a colon would end there.
  const named = ['background', ...classes.map((name) => name.replaceAll(':', '_'))].slice(
    0,
    MOST_INDICES + 1,
  );
  const rows = named.map(
    (name, i) => `${name}:${[palette[i] >> 16, (palette[i] >> 8) & 255, palette[i] & 255].join(',')}::\n`,
  );
  await writeFile(path.join(folder, 'labelmap.txt'), rows.join(''));
}

/** Those that have a place in the XML, in its order. */
export const writtenObjects = ({ annotations, className: ofImage }: ExportImage) =>
  annotations.filter(({ className, shape }) => (className ?? ofImage) !== null && boundsOf(shape) !== null);

/** Of pixels, one object can have each. */
export function overlapLoss({ images }: ExportDataset): Loss[] {
  return counted(
    'pictures have several outlines or masks, which hide each other where they overlap',
    images.filter(({ annotations }) => annotations.filter(({ shape }) => shape.kind !== 'box').length > 1)
      .length,
  );
}
