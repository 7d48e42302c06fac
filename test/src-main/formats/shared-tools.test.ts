// Real exports of annotation tools, where they are present: counts as their SOURCE.md states them; and the same four
// pictures in many formats.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { boundsOf, intersectionOverUnion, type Box } from '../../../src-main/contracts/geometry.ts';
import { detectFormat, fitToImage, SourceTree, type ImportedImage } from '../../../src-main/formats/index.ts';
import { probe } from '../../../src-main/imaging/index.ts';
import { countBy, readAs, sharedData } from './reading.ts';

const set = (name: string) => path.join(sharedData, name);
const present = (name: string) => existsSync(set(name));
const classesOf = (images: readonly ImportedImage[]) =>
  countBy(
    images.flatMap(({ annotations }) => annotations),
    ({ className }) => className,
  );
const detected = async (name: string) => {
  const { format, files, others } = await detectFormat(await SourceTree.open(set(name)));
  return { format, files, others: others.map((other) => `${other.format} ${other.files}`) };
};

describe.runIf(present('labelme-examples'))('labelme', () => {
  it('reads 9 files of its own examples, among others of the same pictures', async () => {
    const { images, warnings } = await readAs('labelme', set('labelme-examples'));
    const drawn = images.filter(({ annotations }) => annotations.length > 0);
    expect(drawn).toHaveLength(7);
    expect(warnings.map(({ code }) => code)).toEqual(['dropped-shape', 'dropped-shape']);
    const classified = images.filter(({ className }) => className !== null);
    expect(classified.map(({ className }) => className)).toEqual(['cat', 'dog']);
  });

  it('reads four pictures of grapes with the picture embedded', async () => {
    expect(await detected('labelme-grapes')).toMatchObject({ format: 'labelme', files: 4 });
    const { images, warnings } = await readAs('labelme', set('labelme-grapes'));
    expect(images).toHaveLength(4);
    expect(classesOf(images)).toEqual({ green_grape: 12, black_grape: 5 });
    expect(warnings).toEqual([]);
  });
});

describe.runIf(present('via-rice-leaf'))('VGG Image Annotator', () => {
  it('reads 149 outlines of 16 pictures once, though JSON and CSV hold them', async () => {
    const { images, warnings } = await readAs('via', set('via-rice-leaf'));
    expect(images).toHaveLength(16);
    expect(classesOf(images)).toEqual({ bacteria: 23, brown_spot: 68, leaf_smut: 58 });
    expect(warnings.map(({ code }) => code)).toEqual(['copy']);
    const csv = await readAs('via', path.join(set('via-rice-leaf'), 'val/via_region_data.csv'));
    expect(classesOf(csv.images)).toEqual(classesOf(images));
  });
});

describe.runIf(present('label-studio-samples'))('Label Studio', () => {
  it('reads a real export, of which three pictures are there', async () => {
    expect(await detected('label-studio-samples/real-export-cats-dogs')).toMatchObject({
      format: 'label-studio',
    });
    const { images, warnings } = await readAs(
      'label-studio',
      set('label-studio-samples/real-export-cats-dogs'),
    );
    expect(images).toHaveLength(3);
    expect(warnings.filter(({ code }) => code === 'missing-picture')).toHaveLength(11);
  });
});

describe.runIf(present('format-samples-datumaro'))("datumaro's samples", () => {
  it('reads boxes and outlines of CVAT, and the key frames of its video', async () => {
    const images = await readAs('cvat', set('format-samples-datumaro/cvat_dataset/for_images'));
    expect(images.by['images/img0.jpg'].annotations[0].shape).toEqual({
      kind: 'box',
      box: { x: 0, y: 2, width: 4, height: 2 },
    });
    expect(images.by['images/img1.jpg'].annotations).toHaveLength(1);
    const video = await readAs('cvat', set('format-samples-datumaro/cvat_dataset/for_video'));
    expect(video.by['images/frame_000010.png'].annotations).toMatchObject([
      { className: 'II', shape: { kind: 'box', box: { x: 3, y: 4, width: 7, height: 1 } } },
    ]);
  });

  it('reads Open Images 6: boxes by shares, verified classes, parts by file', async () => {
    const place = set('format-samples-datumaro/open_images_dataset/v6');
    const { by } = await readAs('open-images', place);
    expect(by['images/train/a.jpg']).toMatchObject({ className: 'Generic label #0', split: 'train' });
    expect(by['images/train/b.jpg']).toMatchObject({
      className: null,
      annotations: [{ shape: { kind: 'box', box: { x: 0.2, y: 0.3, width: 0.8, height: 0.2 } } }],
    });
    expect(by['images/test/c.jpg']).toMatchObject({ className: null, split: 'test' });
  });

  it('reads every kind of annotation of its own JSON', async () => {
    expect(await detected('format-samples-datumaro/datumaro_dataset/diverse')).toMatchObject({
      format: 'datumaro',
    });
    const { images } = await readAs('datumaro', set('format-samples-datumaro/datumaro_dataset/diverse'));
    expect(images.map(({ relativePath }) => relativePath)).toEqual(['images/train/100.jpg']);
  });
});

describe.runIf(present('same4-many-formats'))('the same four pictures', () => {
  const imageFolder = path.join(sharedData, 'same4-many-formats/cvat1.1/images');
  const boxes = async (format: string, folder: string) => {
    const { images } = await readAs(format, path.join(set('same4-many-formats'), folder), imageFolder);
    const found: Record<string, { className: string | null; box: Box }[]> = {};
    for (const image of images) {
      const { widthPx, heightPx } = await probe(image.file);
      found[path.basename(image.file)] = fitToImage(image, widthPx, heightPx).annotations.map(
        ({ className, shape }) => ({ className, box: boundsOf(shape)! }),
      );
    }
    return found;
  };

  it.each([
    ['createml', 'CreateML'],
    ['cvat', 'cvat1.1'],
    ['labelme', 'labelme'],
    ['voc', 'labelImg'],
    ['yolo', 'yolo1.1'],
    ['coco', 'coco1.0'],
    ['voc', 'voc1.1'],
  ])('have the same strawberries in %s (%s)', async (format, folder) => {
    const [one, other] = [await boxes('yolo', 'yolo'), await boxes(format, folder)];
    expect(other['strawberry.jpg']).toHaveLength(17);
    for (const { box, className } of other['strawberry.jpg']) {
      expect(className).toBe('strawberry');
      // Drawn by hand anew in each tool.
      const overlaps = one['strawberry.jpg'].map((there) => intersectionOverUnion(there.box, box));
      expect(Math.max(...overlaps)).toBeGreaterThan(0.5);
    }
  });

  it('have the same rectangle, triangle, ellipse and circle in labelme, CVAT and VIA', async () => {
    const tools = [
      await boxes('labelme', 'labelme'),
      await boxes('cvat', 'cvat1.1'),
      await boxes('via', 'via'),
    ];
    const shapes = tools.map((tool) => tool['shapes.jpg']);
    for (const other of shapes.slice(1))
      for (const { box } of other)
        expect(Math.max(...shapes[0].map((there) => intersectionOverUnion(there.box, box)))).toBeGreaterThan(
          0.8,
        );
    expect(shapes.map((list) => list.length)).toEqual([4, 4, 4]);
  });

  it('are exactly the same in the three exports that one tool made', async () => {
    const [cvat, yolo, coco] = [
      await boxes('cvat', 'cvat1.1'),
      await boxes('yolo', 'yolo1.1'),
      await boxes('coco', 'coco1.0'),
    ];
    for (const other of [yolo, coco])
      for (const { box } of cvat['strawberry.jpg'])
        expect(
          Math.max(...other['strawberry.jpg'].map((one) => intersectionOverUnion(one.box, box))),
        ).toBeGreaterThan(0.998);
  });
});

describe.runIf(present('coco-panopticapi-sample'))('COCO panoptic', () => {
  it('has the 50 masks that the same set has in detection format, pixel for pixel', async () => {
    const place = set('coco-panopticapi-sample');
    const [segments, detection] = [
      await readAs('panoptic', path.join(place, 'panoptic_examples.json'), path.join(place, 'input_images')),
      await readAs(
        'coco',
        path.join(place, 'panoptic_coco_detection_format.json'),
        path.join(place, 'input_images'),
      ),
    ];
    const masks = (read: typeof segments) =>
      read.images
        .flatMap(({ relativePath, annotations }) =>
          annotations.map(({ className, shape }) => `${relativePath} ${className} ${JSON.stringify(shape)}`),
        )
        .sort();
    expect(masks(segments)).toHaveLength(50);
    expect(masks(segments)).toEqual(masks(detection));
  });
});

describe.runIf(present('coco128-yolo-panoptic'))('coco128, by its masks', () => {
  it('has 288 segments, and a mask a class and picture', async () => {
    const imageFolder = path.join(set('coco128-yolo-panoptic'), 'images');
    const { images, warnings } = await readAs(
      'panoptic',
      path.join(set('coco128-yolo-panoptic'), 'panoptic_segmentation'),
      imageFolder,
    );
    expect(images.flatMap(({ annotations }) => annotations)).toHaveLength(288);
    expect(warnings).toEqual([]);
    const semantic = await readAs(
      'masks',
      path.join(set('coco128-yolo-panoptic'), 'semantic_segmentation'),
      imageFolder,
    );
    expect(semantic.images).toHaveLength(28);
    expect(semantic.images.every(({ annotations }) => annotations.length > 0)).toBe(true);
  });
});
