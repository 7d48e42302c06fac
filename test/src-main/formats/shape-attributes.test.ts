// What is said of shapes besides their class: read and written where the format has a place for it, told as lost where not.

import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ExportDataset } from '../../../src-main/formats/index.ts';
import { exampleSet, folderOf, readAs, roundTrip } from './reading.ts';

/** The example, with this said of the first shape, and the second a crowd. */
function setWith(attributes: Record<string, string>, isCrowd = false): ExportDataset {
  const set = exampleSet();
  const [{ annotations }] = set.images;
  annotations[0] = { ...annotations[0], attributes };
  annotations[1] = { ...annotations[1], isCrowd };
  return set;
}

const lost = 'shapes have attributes, which are not written';
const mixed = { pose: 'left', occluded: 'yes', 'a & "b"': '<x>' };
const marks = { occluded: 'yes', difficult: 'no' };

describe.each([
  { format: 'fovea', attributes: mixed },
  { format: 'coco', attributes: mixed },
  { format: 'cvat', attributes: mixed },
  { format: 'datumaro', attributes: mixed },
  { format: 'via', attributes: mixed },
  { format: 'label-studio', attributes: mixed },
  { format: 'voc', attributes: { ...mixed, difficult: 'yes', age: '3' } },
  { format: 'labelme', attributes: { ...marks, description: 'by the "door"' } },
])('$format', ({ format, attributes }) => {
  it('writes the attributes of a shape and reads them back, and only of that one', async () => {
    const { by, losses } = await roundTrip(format, setWith(attributes));
    const [first, second] = by['a b.png'].annotations;
    expect(first.attributes).toEqual(attributes);
    expect(second.attributes ?? {}).toEqual({});
    expect(losses.map(({ what }) => what)).not.toContain(lost);
  });
});

it.each(['labelme', 'yolo', 'csv', 'createml', 'open-images', 'masks'])(
  '%s says that it does not hold them',
  async (format) => {
    const { losses } = await roundTrip(format, setWith(mixed));
    expect(losses).toContainEqual({ what: lost, count: 1 });
  },
);

it.each(['fovea', 'coco', 'datumaro'])('%s knows a crowd', async (format) => {
  const { by, losses } = await roundTrip(format, setWith({}, true));
  expect(by['a b.png'].annotations.map(({ isCrowd }) => isCrowd ?? false)).toEqual([false, true]);
  expect(by['a b.png'].annotations[1].attributes ?? {}).toEqual({});
  expect(losses.map(({ what }) => what).join()).not.toContain('crowd');
});

it.each(['voc', 'yolo', 'cvat', 'via', 'labelme', 'label-studio', 'csv', 'createml', 'open-images', 'masks'])(
  '%s says that a crowd becomes an object',
  async (format) => {
    const { losses } = await roundTrip(format, setWith({}, true));
    expect(losses).toContainEqual({ what: 'crowds are written as single objects', count: 1 });
  },
);

it('an answer to a question about one region of Label Studio is of that region, not of the picture', async () => {
  const frame = { original_width: 10, original_height: 10, image_rotation: 0 };
  const place = folderOf({
    'a.png': true,
    'tasks.json': [
      {
        data: { image: 'a.png' },
        annotations: [
          {
            result: [
              { ...frame, id: 'r', from_name: 'ripe', type: 'choices', value: { choices: ['yes'] } },
              {
                ...frame,
                id: 'r',
                from_name: 'label',
                type: 'rectanglelabels',
                value: { x: 0, y: 0, width: 50, height: 50, rectanglelabels: ['apple'] },
              },
              { ...frame, id: 'r', from_name: 'note', type: 'textarea', value: { text: ['a', 'b'] } },
              { id: 'p', from_name: 'place', type: 'choices', value: { choices: ['garden'] } },
            ],
          },
        ],
      },
    ],
  });
  const { images } = await readAs('label-studio', place);
  expect(images.map(({ relativePath, className }) => [path.basename(relativePath), className])).toEqual([
    ['a.png', 'garden'],
  ]);
  expect(images[0].annotations).toMatchObject([
    { className: 'apple', attributes: { ripe: 'yes', note: 'a, b' } },
  ]);
});

it('check boxes of VIA are read as those that are ticked, and a track of CVAT has attributes of its frames', async () => {
  const rect = { name: 'rect', x: 1, y: 1, width: 3, height: 3 };
  const { images } = await readAs(
    'via',
    folderOf({
      'a.png': true,
      'via.json': {
        'a.png1': {
          filename: 'a.png',
          size: 1,
          regions: [
            {
              shape_attributes: rect,
              region_attributes: { class: 'cup', state: { full: true, hot: true, old: false } },
            },
          ],
          file_attributes: {},
        },
      },
    }),
  );
  expect(images[0].annotations).toMatchObject([{ className: 'cup', attributes: { state: 'full, hot' } }]);
  const video = await readAs(
    'cvat',
    folderOf({
      'frame_000002.png': true,
      'annotations.xml':
        '<annotations><track id="0" label="car"><box frame="2" keyframe="1" outside="0" occluded="1" xtl="1" ytl="1" xbr="5" ybr="5"><attribute name="parked">true</attribute></box></track></annotations>',
    }),
  );
  expect(video.images[0].annotations).toMatchObject([
    { className: 'car', attributes: { occluded: 'yes', parked: 'true' } },
  ]);
});
