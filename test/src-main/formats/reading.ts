// What the format tests share: folders made on the spot, and an import that keeps what it is handed.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import type { ImportWarning } from '../../../src-main/contracts/imports.ts';
import type { Point, Shape } from '../../../src-main/contracts/geometry.ts';
import {
  detectFormat,
  fitShape,
  fitToImage,
  formatById,
  readAs as readSource,
  SourceTree,
  type ExportDataset,
  type ExportImage,
  type ImportedImage,
  type ImportedShape,
} from '../../../src-main/formats/index.ts';
import { encodePng, encodeRle, rasterize } from '../../../src-main/imaging/index.ts';

const made: string[] = [];
afterAll(() => made.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));

export const somePng = encodePng(
  Uint8Array.from({ length: 300 }, (_, i) => i % 251),
  10,
  10,
);

/** A folder with these files; `true` stands for a picture of 10 x 10. */
export function folderOf(files: Record<string, string | Uint8Array | object | true>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'fovea-format-'));
  made.push(folder);
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    if (content === true) writeFileSync(file, somePng);
    else if (typeof content === 'string' || content instanceof Uint8Array) writeFileSync(file, content);
    else writeFileSync(file, JSON.stringify(content));
  }
  return folder;
}

export interface Read {
  images: ImportedImage[];
  warnings: ImportWarning[];
  /** By path from the root. */
  by: Record<string, ImportedImage>;
}

export async function readAs(
  format: string,
  place: string,
  imageFolder: string | null = null,
): Promise<Read> {
  const images: ImportedImage[] = [];
  const warnings: ImportWarning[] = [];
  await readSource(format, await SourceTree.open(place, undefined, imageFolder), {
    image: (image) => images.push(image),
    warn: (warning) => warnings.push(warning),
    signal: new AbortController().signal,
  });
  return { images, warnings, by: Object.fromEntries(images.map((image) => [image.relativePath, image])) };
}

/** A shape as it is kept of a picture of this size. */
export const keptOf = (shape: ImportedShape, widthPx: number, heightPx: number): Shape =>
  fitShape(shape, widthPx, heightPx).shape!;

/** Where the shared real pictures lie; they may be missing. */
export const sharedData = new URL('../../../../shared/data/', import.meta.url).pathname;

export const countBy = <T>(items: readonly T[], key: (item: T) => string | null) => {
  const counts: Record<string, number> = {};
  for (const item of items) counts[key(item) ?? 'none'] = (counts[key(item) ?? 'none'] ?? 0) + 1;
  return counts;
};

const star: Point[] = [
  [1, 1],
  [8.5, 2],
  [5, 4.25],
  [7, 9],
];

/** A mask with a hole, and a part that touches it at a corner. */
const exampleMask = encodeRle(
  Uint8Array.from(
    '0111000000 0101000000 0111000000 0000100000 0000100000'.replaceAll(' ', '') + '0'.repeat(50),
    Number,
  ),
  10,
  10,
);

/** Two classes, every kind of shape, every part of the split, and names that are not plain. */
export function exampleSet(): ExportDataset {
  const folder = folderOf({ 'a b.png': true, 'é.png': true, 'c.png': true });
  const image = (name: string, more: Partial<ExportImage>): ExportImage => ({
    file: path.join(folder, name),
    widthPx: 10,
    heightPx: 10,
    className: null,
    split: null,
    annotations: [],
    ...more,
  });
  const box = { kind: 'box' as const, box: { x: 1.5, y: 2, width: 4, height: 5.25 } };
  const hole: Point[] = [
    [2, 2],
    [2, 4],
    [4, 4],
    [4, 2],
  ];
  const outer: Point[] = [
    [0, 0],
    [9, 0],
    [9, 9],
    [0, 9],
  ];
  return {
    classes: ['cat & "dog"', 'brown bear'],
    images: [
      image('a b.png', {
        className: 'brown bear',
        split: 'train',
        annotations: [
          { className: 'brown bear', shape: box },
          { className: 'brown bear', shape: { kind: 'polygon', rings: [star] } },
        ],
        attributes: { background: 'water' },
      }),
      image('é.png', {
        split: 'selection',
        annotations: [
          { className: 'cat & "dog"', shape: { kind: 'mask', rle: exampleMask } },
          { className: 'cat & "dog"', shape: { kind: 'polygon', rings: [outer, hole] } },
        ],
      }),
      image('c.png', { className: 'cat & "dog"', split: 'test' }),
    ],
  };
}

/** Written by the format, told what would be lost, and read back; pictures by their name. */
export async function roundTrip(format: string, dataset: ExportDataset) {
  const folder = folderOf({});
  const { write, losses } = formatById(format);
  await write!.call(formatById(format), dataset, folder);
  const detected = await detectFormat(await SourceTree.open(folder));
  const read = await readAs(format, folder);
  const by = Object.fromEntries(read.images.map((image) => [path.basename(image.relativePath), image]));
  return { ...read, by, folder, detected: detected.format, losses: losses?.(dataset) ?? [] };
}

/** Each shape as the pixels that it covers, with its class. */
export const covered = (image: ImportedImage): string[] =>
  fitToImage(image, 10, 10).annotations.map(
    ({ className, shape }) => `${className}: ${rasterize([shape], 10, 10, 10, 10).join('')}`,
  );

export const coveredIn = (image: ExportImage): string[] =>
  image.annotations.map(
    ({ className, shape }) => `${className}: ${rasterize([shape], 10, 10, 10, 10).join('')}`,
  );
