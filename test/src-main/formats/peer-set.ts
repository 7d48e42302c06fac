// The set that other programs' own readers were given in every format that they know: see test/reference/peers.ts.

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Point } from '../../../src-main/contracts/geometry.ts';
import { formatById, type ExportDataset } from '../../../src-main/formats/index.ts';
import { encodePng, encodeRle } from '../../../src-main/imaging/index.ts';

export const WIDTH_PX = 24;
export const HEIGHT_PX = 16;

/** In which a peer reads what is written. */
export const peerFormats = ['coco', 'voc', 'yolo', 'labelme', 'cvat', 'datumaro', 'label-studio'];

const corners = (left: number, top: number, right: number, bottom: number): Point[] => [
  [left, top],
  [right, top],
  [right, bottom],
  [left, bottom],
];

/** Three pictures: boxes with attributes; an outline, a mask with a hole and a crowd; and one with a class alone. */
export function peerSet(folder: string): ExportDataset {
  mkdirSync(folder, { recursive: true });
  const image = (name: string, shade: number): string => {
    const file = path.join(folder, name);
    const pixels = Uint8Array.from({ length: 3 * WIDTH_PX * HEIGHT_PX }, (_, i) => (i * shade) % 256);
    writeFileSync(file, encodePng(pixels, WIDTH_PX, HEIGHT_PX));
    return file;
  };
  const mask = (is: (x: number, y: number) => boolean) => {
    const pixels = Uint8Array.from({ length: WIDTH_PX * HEIGHT_PX }, (_, i) =>
      is(i % WIDTH_PX, Math.floor(i / WIDTH_PX)) ? 1 : 0,
    );
    return { kind: 'mask' as const, rle: encodeRle(pixels, WIDTH_PX, HEIGHT_PX) };
  };
  const size = { widthPx: WIDTH_PX, heightPx: HEIGHT_PX };
  return {
    classes: ['cat', 'dog'],
    images: [
      {
        ...{ file: image('boxes.png', 3), ...size, className: 'cat', split: 'train' },
        annotations: [
          {
            className: 'cat',
            shape: { kind: 'box', box: { x: 2, y: 3, width: 8, height: 6 } },
            attributes: { pose: 'left' },
          },
          { className: 'dog', shape: { kind: 'box', box: { x: 12.5, y: 1.25, width: 7, height: 12 } } },
        ],
      },
      {
        ...{ file: image('outlines.png', 5), ...size, className: null, split: 'train' },
        annotations: [
          { className: 'dog', shape: { kind: 'polygon', rings: [corners(1, 1, 9, 7)] } },
          {
            className: 'cat',
            shape: mask(
              (x, y) => x >= 10 && x < 20 && y >= 4 && y < 14 && !(x >= 13 && x < 16 && y >= 7 && y < 10),
            ),
          },
          { className: 'dog', isCrowd: true, shape: mask((x, y) => y >= 14 && x % 4 < 2) },
        ],
      },
      {
        ...{ file: image('class.png', 7), ...size, className: 'dog', split: 'test' },
        annotations: [],
      },
    ],
  };
}

/** Writes the set in every such format, each into a folder of its own. */
export async function writeForPeers(folder: string): Promise<void> {
  const set = peerSet(path.join(folder, 'from'));
  for (const id of peerFormats) {
    mkdirSync(path.join(folder, id), { recursive: true });
    const format = formatById(id);
    await format.write!(set, path.join(folder, id));
  }
}

/** SHA-256 of each file that is no picture, by its path from the folder. */
export function hashesIn(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.png$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  return Object.fromEntries(
    files.map((file) => [
      path.relative(folder, file).split(path.sep).join('/'),
      createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 16),
    ]),
  );
}
