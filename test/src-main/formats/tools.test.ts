// Formats of annotation tools: every kind of shape, and what damaged files are answered.

import { describe, expect, it } from 'vitest';
import type { Shape } from '../../../src-main/contracts/geometry.ts';
import { boundsOf } from '../../../src-main/contracts/geometry.ts';
import { detectFormat, SourceTree } from '../../../src-main/formats/index.ts';
import { encodePng, rasterize } from '../../../src-main/imaging/index.ts';
import { folderOf, keptOf, readAs } from './reading.ts';

const read = async (format: string, files: Parameters<typeof folderOf>[0]) => {
  const place = folderOf(files);
  expect((await detectFormat(await SourceTree.open(place))).format).toBe(format);
  return readAs(format, place);
};
const bounds = (shape: Parameters<typeof keptOf>[0]) => boundsOf(keptOf(shape, 100, 100))!;
const areaOf = (shape: Shape) =>
  rasterize([shape], 100, 100, 100, 100).reduce((sum, value) => sum + value, 0);

describe('labelme', () => {
  const labelme = (...shapes: object[]) => ({
    'a.png': true as const,
    'a.json': {
      version: '5.2.1',
      flags: {},
      shapes: shapes.map((shape) => ({ label: 'cat', group_id: null, flags: {}, ...shape })),
      imagePath: 'a.png',
      imageData: null,
      imageHeight: 100,
      imageWidth: 100,
    },
  });

  it('reads rectangles from any two corners, and circles by middle and rim', async () => {
    const { images } = await read(
      'labelme',
      labelme(
        {
          shape_type: 'rectangle',
          points: [
            [30, 40],
            [10, 20],
          ],
        },
        {
          shape_type: 'circle',
          points: [
            [50, 50],
            [50, 70],
          ],
        },
      ),
    );
    const [rectangle, circle] = images[0].annotations.map(({ shape }) => shape);
    expect(rectangle).toEqual({ kind: 'box', box: { x: 10, y: 20, width: 20, height: 20 } });
    expect(Math.abs(areaOf(keptOf(circle, 100, 100)) - Math.PI * 400)).toBeLessThan(10);
  });

  it('places an embedded mask at its corner', async () => {
    const pixels = Uint8Array.from({ length: 12 }, () => 255);
    const mask = Buffer.from(encodePng(pixels, 4, 3, 1)).toString('base64');
    const { images } = await read(
      'labelme',
      labelme({
        shape_type: 'mask',
        points: [
          [7.4, 5.6],
          [10.4, 7.6],
        ],
        mask,
      }),
    );
    expect(bounds(images[0].annotations[0].shape)).toEqual({ x: 7, y: 5, width: 4, height: 3 });
  });

  it('joins the outlines of one group, and leaves lines, points and __ignore__ out with a word', async () => {
    const triangle = (x: number) => [
      [x, 0],
      [x + 10, 0],
      [x, 10],
    ];
    const { images, warnings } = await read(
      'labelme',
      labelme(
        { points: triangle(0), group_id: 1 },
        { points: triangle(20), group_id: 1 },
        { points: triangle(40) },
        { shape_type: 'linestrip', points: triangle(0) },
        { shape_type: 'point', points: [[1, 1]] },
        { label: '__ignore__', points: triangle(0) },
      ),
    );
    expect(images[0].annotations.map(({ shape }) => shape.kind)).toEqual(['parts', 'polygon']);
    expect(warnings.map(({ message }) => message)).toEqual([
      '2 points and lines have no area and are left out; the first at a.json, shapes[3]',
      '1 shapes are marked __ignore__ and are left out; the first at a.json, shapes[5]',
    ]);
  });

  it('takes the one flag of a picture without shapes for its class', async () => {
    const files = labelme();
    const { images } = await read('labelme', {
      ...files,
      'a.json': { ...files['a.json'], flags: { cat: true, dog: false } },
    });
    expect(images[0].className).toBe('cat');
  });

  it.each([
    [{ shape_type: 'star', points: [] }, 'a.json, shapes[0].shape_type: "star" is no kind of shape'],
    [{ points: [[1]] }, 'a.json, shapes[0].points[0]: a point is no pair of numbers'],
    [{ label: '', points: [] }, 'a.json, shapes[0].label: the class name is empty'],
    [
      {
        shape_type: 'mask',
        points: [
          [0, 0],
          [1, 1],
        ],
        mask: 'AAAA',
      },
      'a.json, shapes[0].mask: its content is not that of a PNG',
    ],
  ])('refuses %j by its place', async (shape, message) => {
    await expect(readAs('labelme', folderOf(labelme(shape)))).rejects.toThrow(message);
  });
});

describe('CVAT', () => {
  const xml = (inside: string) => ({
    'images/a.png': true as const,
    'annotations.xml': `<?xml version="1.0"?><annotations><version>1.1</version>${inside}</annotations>`,
  });
  const image = (inside: string) =>
    xml(`<image id="0" name="a.png" subset="Train" width="100" height="100">${inside}</image>`);

  it('reads boxes, turned ones about their middle, ellipses, outlines and masks along rows', async () => {
    const { images } = await read(
      'cvat',
      image(`<box label="a &amp; b" xtl="10" ytl="20" xbr="30" ybr="40"/>
        <box label="x" xtl="10" ytl="20" xbr="50" ybr="40" rotation="90"/>
        <ellipse label="x" cx="50" cy="50" rx="20" ry="10"/>
        <polygon label="x" points="0,0;10,0;10,10"/>
        <mask label="x" rle="1, 2, 3" left="5" top="6" width="3" height="2"/>
        <tag label="pet"><attribute name="background">water</attribute></tag>`),
    );
    const [one] = images;
    expect(one).toMatchObject({ className: 'pet', split: 'train', attributes: { background: 'water' } });
    expect(one.annotations[0]).toMatchObject({ className: 'a & b', shape: { kind: 'box' } });
    const by = Object.fromEntries(
      one.annotations.map(({ shape, place }) => [place.replace('image 1, ', ''), shape]),
    );
    const turned = bounds(by['box 2']);
    expect([turned.x, turned.y, turned.width, turned.height].map(Math.round)).toEqual([20, 10, 20, 40]);
    const ellipse = bounds(by['ellipse 1']);
    for (const [side, px] of Object.entries({ x: 30, y: 40, width: 40, height: 20 }))
      expect(ellipse[side as keyof typeof ellipse]).toBeCloseTo(px, 9);
    expect(bounds(by['mask 1'])).toEqual({ x: 6, y: 6, width: 2, height: 1 });
  });

  it('reads the key frames of tracks, and says which frames are missing', async () => {
    const { by, warnings } = await readAs(
      'cvat',
      folderOf({
        'images/frame_000007.png': true,
        'annotations.xml': `<annotations><track id="0" label="cat">
          <box frame="7" keyframe="1" outside="0" xtl="1" ytl="1" xbr="2" ybr="2"/>
          <box frame="8" keyframe="0" outside="0" xtl="1" ytl="1" xbr="2" ybr="2"/>
          <box frame="9" keyframe="1" outside="0" xtl="1" ytl="1" xbr="2" ybr="2"/>
          <box frame="7" keyframe="1" outside="1" xtl="1" ytl="1" xbr="2" ybr="2"/></track></annotations>`,
      }),
    );
    expect(by['images/frame_000007.png'].annotations).toHaveLength(1);
    expect(warnings.map(({ code }) => code)).toEqual(['missing-picture']);
  });

  it('leaves points and lines out with a word, and refuses damaged numbers by place', async () => {
    const { warnings } = await read(
      'cvat',
      image('<points label="x" points="1,2"/><polyline label="x" points="1,2;3,4"/>'),
    );
    expect(warnings.map(({ message }) => message)).toEqual([
      '2 points, lines, skeletons and cuboids are left out; the first at annotations.xml, image 1, points 1',
    ]);
    const refused = readAs('cvat', folderOf(image('<box label="x" xtl="ten" ytl="1" xbr="2" ybr="2"/>')));
    await expect(refused).rejects.toThrow('annotations.xml, image 1, box 1, xtl: "ten" is no number');
    const overfull = readAs(
      'cvat',
      folderOf(image('<mask label="x" rle="1,9" left="0" top="0" width="2" height="2"/>')),
    );
    await expect(overfull).rejects.toThrow('the run lengths do not fill the mask');
  });
});

describe('Label Studio', () => {
  const task = (...result: object[]) => ({
    'media/x.png': true as const,
    'export.json': [
      {
        id: 1,
        annotations: [
          {
            result: result.map((one) => ({
              original_width: 100,
              original_height: 50,
              image_rotation: 0,
              ...one,
            })),
          },
        ],
        data: { image: '/data/upload/1/48c220e9-x.png' },
      },
    ],
  });

  it('reads percents, turns rectangles about their corner, and takes choices for the class', async () => {
    const { images } = await read(
      'label-studio',
      task(
        {
          type: 'rectanglelabels',
          value: { x: 10, y: 10, width: 20, height: 40, rotation: 0, rectanglelabels: ['cat'] },
        },
        {
          type: 'rectanglelabels',
          value: { x: 50, y: 20, width: 20, height: 40, rotation: 90, rectanglelabels: ['cat'] },
        },
        {
          type: 'ellipselabels',
          value: { x: 50, y: 50, radiusX: 10, radiusY: 10, rotation: 0, ellipselabels: ['cat'] },
        },
        {
          type: 'polygonlabels',
          value: {
            points: [
              [0, 0],
              [10, 0],
              [10, 10],
            ],
            polygonlabels: ['dog'],
          },
        },
        { type: 'choices', from_name: 'kind', value: { choices: ['pet'] } },
      ),
    );
    const [image] = images;
    expect(image).toMatchObject({ className: 'pet', declaredSize: { widthPx: 100, heightPx: 50 } });
    const [box, turned, ellipse] = image.annotations.map(({ shape }) => boundsOf(keptOf(shape, 100, 50))!);
    expect(box).toEqual({ x: 10, y: 5, width: 20, height: 20 });
    expect([turned.x, turned.y, turned.width, turned.height].map(Math.round)).toEqual([30, 10, 20, 20]);
    expect([ellipse.x, ellipse.y, ellipse.width, ellipse.height].map(Math.round)).toEqual([40, 20, 20, 10]);
  });

  it("reads a stroke packed by Label Studio's own converter", async () => {
    // label_studio_sdk 2.1.2, converter/brush.py, encode_rle of an RGBA picture of 4 x 2 whose pixels 1, 2 and 6 are 255.
    const rle = [0, 0, 0, 32, 57, 27, 252, 96, 19, 255, 219, 0, 143, 254, 48, 0];
    const { images } = await read(
      'label-studio',
      task({
        original_width: 4,
        original_height: 2,
        type: 'brushlabels',
        value: { format: 'rle', rle, brushlabels: ['cat'] },
      }),
    );
    expect([...rasterize([keptOf(images[0].annotations[0].shape, 4, 2)], 4, 2, 4, 2)]).toEqual([
      0, 1, 1, 0, 0, 0, 1, 0,
    ]);
  });

  it('reads shares of the picture where its size is not given', async () => {
    const { images } = await readAs(
      'label-studio',
      folderOf(
        task({
          original_width: undefined,
          original_height: undefined,
          value: { x: 10, y: 10, width: 20, height: 40, rectanglelabels: ['cat'] },
        }),
      ),
    );
    expect(images[0].annotations[0]).toMatchObject({ unit: 'share', shape: { kind: 'box' } });
  });
});

describe('VGG Image Annotator', () => {
  const regions = [
    {
      shape_attributes: { name: 'rect', x: 1, y: 2, width: 3, height: 4 },
      region_attributes: { kind: 'cat' },
    },
    {
      shape_attributes: { name: 'polygon', all_points_x: [0, 9, 9, 0], all_points_y: [0, 0, 9, 0] },
      region_attributes: { type: { dog: true, cat: false } },
    },
    { shape_attributes: { name: 'circle', cx: 50, cy: 50, r: 10 }, region_attributes: { class_id: 'bird' } },
    { shape_attributes: { name: 'polyline', all_points_x: [0], all_points_y: [0] }, region_attributes: {} },
  ];

  it.each([
    ['a list of regions', regions],
    ['regions by number, as version 1 has them', Object.fromEntries(regions.map((one, i) => [i, one]))],
  ])('reads %s, with the class under any name', async (_, given) => {
    const { images, warnings } = await read('via', {
      'a.png': true,
      'via.json': { 'a.png123': { filename: 'a.png', size: 123, regions: given, file_attributes: {} } },
    });
    expect(images[0].annotations.map(({ className, shape }) => [className, shape.kind])).toEqual([
      ['cat', 'box'],
      ['dog', 'polygon'],
      ['bird', 'polygon'],
    ]);
    expect(warnings.map(({ code }) => code)).toEqual(['dropped-shape']);
  });

  it('reads version 3, whose attributes are numbers of options', async () => {
    const { images } = await read('via', {
      'a.png': true,
      'via.json': {
        project: { vid_list: ['1'] },
        attribute: { 1: { aname: 'kind', options: { 0: 'cat', 1: 'dog' } } },
        file: { 1: { fname: 'a.png', src: 'a.png' } },
        view: { 1: { fid_list: [1] } },
        metadata: {
          x: { vid: '1', xy: [2, 1, 2, 3, 4], av: { 1: '1' } },
          y: { vid: '1', xy: [7, 0, 0, 9, 0, 9, 9], av: { 1: '0' } },
          z: { vid: '1', xy: [1, 0, 0], av: {} },
        },
      },
    });
    expect(images[0].annotations.map(({ className, shape }) => [className, shape.kind])).toEqual([
      ['dog', 'box'],
      ['cat', 'polygon'],
    ]);
  });
});
