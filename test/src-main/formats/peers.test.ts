// What other programs' own readers made of the files that this app writes (test/reference/peers.py), and that it still writes
// the same.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { boundsOf } from '../../../src-main/contracts/geometry.ts';
import { rasterize } from '../../../src-main/imaging/index.ts';
import { hashesIn, HEIGHT_PX, peerFormats, peerSet, WIDTH_PX, writeForPeers } from './peer-set.ts';
import { folderOf } from './reading.ts';

interface PeerShape {
  class: string;
  kind?: string;
  box?: number[];
  points?: number[];
  runs?: number[];
  crowd?: number;
  attributes?: Record<string, string>;
}
type PeerRead = Record<string, PeerShape[] | { shapes: PeerShape[]; flags: string[] }>;
const fixture = JSON.parse(readFileSync(new URL('../../fixtures/peers.json', import.meta.url), 'utf8')) as {
  formats: Record<string, { files: Record<string, string>; read: Record<string, PeerRead | null> }>;
};

const readBy = (format: string, peer: string): Record<string, PeerShape[]> =>
  Object.fromEntries(
    Object.entries(fixture.formats[format].read[peer]!).map(([name, read]) => [
      name,
      Array.isArray(read) ? read : read.shapes,
    ]),
  );

/** Row by row, zeros first. */
function runsOf(mask: Uint8Array): number[] {
  const runs: number[] = [];
  let [current, length] = [0, 0];
  for (const value of mask) {
    if (value !== current) {
      runs.push(length);
      [current, length] = [value, 0];
    }
    length++;
  }
  return [...runs, length];
}

const set = peerSet(path.join(folderOf({}), 'from'));
const [boxes, outlines] = set.images.map(({ annotations }) =>
  annotations.map(({ className, shape }) => {
    const { x, y, width, height } = boundsOf(shape)!;
    return {
      class: className!,
      box: [x, y, x + width, y + height],
      runs: runsOf(rasterize([shape], WIDTH_PX, HEIGHT_PX, WIDTH_PX, HEIGHT_PX)),
    };
  }),
);
const boxOf = ({ class: className, box }: PeerShape) => ({ class: className, box });
const byClass = (a: { class: string }, b: { class: string }) => (a.class < b.class ? -1 : 1);

it('the files that the peers read are those that are written', async () => {
  const folder = folderOf({});
  await writeForPeers(folder);
  for (const format of peerFormats)
    expect([format, hashesIn(path.join(folder, format))]).toEqual([format, fixture.formats[format].files]);
});

describe('boxes are the same', () => {
  it.each([
    ['coco', 'pycocotools'],
    ['coco', 'supervision'],
    ['coco', 'datumaro'],
    ['voc', 'datumaro'],
    ['yolo', 'supervision'],
    ['labelme', 'labelme'],
    ['cvat', 'datumaro'],
    ['datumaro', 'datumaro'],
    ['label-studio', 'converter'],
  ])('in %s as %s reads it', (format, peer) => {
    const read = readBy(format, peer)['boxes.png'].filter(({ box }) => box !== undefined);
    expect(read.map(boxOf).sort(byClass)).toEqual(boxes.map(boxOf).sort(byClass));
  });

  it('in voc as supervision reads it, which takes one off the upper left corner of any file', () => {
    expect(readBy('voc', 'supervision')['boxes.png'].map(boxOf)).toEqual(
      boxes.map(({ class: className, box: [x, y, right, bottom] }) => ({
        class: className,
        box: [x - 1, y - 1, right, bottom],
      })),
    );
  });
});

describe('masks are the same, pixel for pixel', () => {
  it('in coco as pycocotools reads it, with the outline and the crowd', () => {
    const read = readBy('coco', 'pycocotools')['outlines.png'];
    expect(read.map(({ class: className, box, runs }) => ({ class: className, box, runs }))).toEqual(
      outlines,
    );
    expect(read.map(({ crowd }) => crowd)).toEqual([0, 0, 1]);
  });

  it.each([
    ['coco', 'supervision'],
    ['coco', 'datumaro'],
    ['labelme', 'labelme'],
    ['cvat', 'datumaro'],
    ['datumaro', 'datumaro'],
    ['label-studio', 'brush'],
  ])('in %s as %s reads it', (format, peer) => {
    const masks = outlines.slice(1).map(({ class: className, runs }) => ({ class: className, runs }));
    const read = readBy(format, peer)['outlines.png'].map(({ class: className, runs }) => ({
      class: className,
      runs,
    }));
    for (const mask of masks) expect(read).toContainEqual(mask);
  });
});

it('attributes and crowds are the same where the format has them, and the class of a picture', () => {
  for (const format of ['coco', 'voc', 'cvat', 'datumaro'])
    expect([format, readBy(format, 'datumaro')['boxes.png']]).toEqual([
      format,
      expect.arrayContaining([expect.objectContaining({ class: 'cat', attributes: { pose: 'left' } })]),
    ]);
  for (const format of ['coco', 'datumaro'])
    expect(readBy(format, 'datumaro')['outlines.png']).toContainEqual(
      expect.objectContaining({ class: 'dog', kind: 'mask', attributes: { is_crowd: 'True' } }),
    );
  expect(readBy('datumaro', 'datumaro')['class.png']).toEqual([{ kind: 'label', class: 'dog' }]);
  expect(readBy('voc', 'datumaro')['class.png']).toEqual([{ kind: 'label', class: 'dog' }]);
  expect(fixture.formats.labelme.read.labelme!['class.png']).toEqual({ shapes: [], flags: ['dog'] });
});
