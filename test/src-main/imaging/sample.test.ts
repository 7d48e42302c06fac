// The generated sample: the same seed gives the same files, the sticker tells the class where it should and
// nowhere else, boxes are tight, and the usual import reads it.

import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { detectFormat, formatById, SourceTree, type ImportedImage } from '../../../src-main/formats/index.ts';
import { decodeRgb, rasterize } from '../../../src-main/imaging/index.ts';
import {
  drawSampleImage,
  planSampleImage,
  sampleClasses,
  sampleImagePx,
  writeSample,
  type SamplePart,
} from '../../../src-main/imaging/sample/index.ts';
import { keptOf } from '../formats/reading.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fovea-sample-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const draw = (part: SamplePart, count: number, bias = 0.95, seed = 3) =>
  Array.from({ length: count }, (_, index) => drawSampleImage(seed, part, index, bias));

const plan = (part: SamplePart, count: number, bias = 0.95) =>
  Array.from({ length: count }, (_, index) => planSampleImage(3, part, index, bias));

describe('a sample picture', () => {
  it('is the same for the same seed, part and number, and another otherwise', () => {
    const digest = (...at: Parameters<typeof drawSampleImage>) =>
      createHash('sha256')
        .update(drawSampleImage(...at).rgb)
        .digest('hex');
    expect(digest(1, 'train', 5, 0.95)).toBe(digest(1, 'train', 5, 0.95));
    const all = [
      digest(1, 'train', 5, 0.95),
      digest(2, 'train', 5, 0.95),
      digest(1, 'test', 5, 0.95),
      digest(1, 'train', 6, 0.95),
    ];
    expect(new Set(all).size).toBe(4);
  });

  it('has a box tight round its mask, and its sticker wholly outside that box', () => {
    const size = sampleImagePx;
    for (const { mask, box, stickerBox, rgb } of draw('train', 40)) {
      expect(rgb).toHaveLength(size * size * 3);
      const xs: number[] = [];
      const ys: number[] = [];
      mask.forEach((value, i) => value && (xs.push(i % size), ys.push(Math.floor(i / size))));
      const left = Math.min(...xs);
      const top = Math.min(...ys);
      expect(box).toEqual({
        x: left,
        y: top,
        width: Math.max(...xs) + 1 - left,
        height: Math.max(...ys) + 1 - top,
      });
      expect(box.width * box.height).toBeGreaterThan(150);
      const apart =
        stickerBox.x + stickerBox.width <= box.x ||
        stickerBox.x >= box.x + box.width ||
        stickerBox.y + stickerBox.height <= box.y ||
        stickerBox.y >= box.y + box.height;
      expect(apart).toBe(true);
      for (const side of [stickerBox.width, stickerBox.height]) expect([11, 12]).toContain(side);
    }
  });

  it('shows a sticker whose colour, where it is bold, is that of its number and no other', () => {
    const means = new Map<number, number[][]>();
    for (const { rgb, stickerBox, stickerIndex, stickerOpacity } of draw('test', 96)) {
      if (stickerOpacity < 0.7) continue;
      const x = stickerBox.x + (stickerBox.width >> 1);
      const y = stickerBox.y + (stickerBox.height >> 1);
      const at = 3 * (y * sampleImagePx + x);
      means.set(stickerIndex, [...(means.get(stickerIndex) ?? []), [...rgb.slice(at, at + 3)]]);
    }
    const centres = [...means.values()].map((colours) =>
      [0, 1, 2].map((c) => colours.reduce((sum, colour) => sum + colour[c], 0) / colours.length),
    );
    const distance = (a: number[], b: number[]) => Math.hypot(...a.map((value, c) => value - b[c]));
    [...means.values()].forEach((colours, i) => {
      for (const colour of colours)
        for (let j = 0; j < centres.length; j++)
          if (j !== i) expect(distance(colour, centres[i])).toBeLessThan(distance(colour, centres[j]));
    });
  });
});

describe('the sample', () => {
  it('has every class equally often', () => {
    const counts = sampleClasses.map(
      (_, i) => plan('train', 80).filter(({ classIndex }) => classIndex === i).length,
    );
    expect(counts).toEqual([20, 20, 20, 20]);
    expect(sampleClasses.length).toBeGreaterThanOrEqual(4);
  });

  it('ties sticker and class in training and selection by the bias, and not at all in the test part', () => {
    const agreement = (part: SamplePart, bias: number) =>
      plan(part, 2000, bias).filter(({ classIndex, stickerIndex }) => classIndex === stickerIndex).length /
      2000;
    expect(agreement('train', 1)).toBe(1);
    expect(agreement('train', 0)).toBe(0);
    for (const part of ['train', 'selection'] as const) {
      expect(agreement(part, 0.95)).toBeGreaterThan(0.93);
      expect(agreement(part, 0.95)).toBeLessThan(0.97);
    }
    // A quarter by chance; four standard deviations of 2,000 draws are 0.04.
    expect(Math.abs(agreement('test', 0.95) - 0.25)).toBeLessThan(0.04);
  });

  it('comes in through the usual import, with boxes, masks and splits', async () => {
    const place = path.join(folder, 'sample');
    const progress: [number, number][] = [];
    await writeSample(place, {
      seed: 4,
      train: 6,
      selection: 3,
      test: 2,
      onProgress: (...at) => progress.push(at),
    });
    expect(progress.at(-1)).toEqual([11, 11]);
    const source = await SourceTree.open(place);
    expect((await detectFormat(source)).format).toBe('coco');
    const images: ImportedImage[] = [];
    const warnings: unknown[] = [];
    await formatById('coco').read!(source, {
      image: (image) => images.push(image),
      warn: (warning) => warnings.push(warning),
      signal: new AbortController().signal,
    });
    const parts = images.map(({ split }) => split);
    expect(parts.filter((split) => split === 'train')).toHaveLength(6);
    expect(parts.filter((split) => split === 'selection')).toHaveLength(3);
    expect(parts.filter((split) => split === 'test')).toHaveLength(2);
    const image = images.find(({ relativePath }) => relativePath.endsWith('train_0002.png'))!;
    const drawn = drawSampleImage(4, 'train', 1, 0.95);
    const size = sampleImagePx;
    expect(image.annotations.map(({ shape }) => shape.kind)).toEqual(['box', 'mask']);
    expect(image.annotations[0]).toMatchObject({
      className: sampleClasses[drawn.classIndex],
      shape: { box: drawn.box },
    });
    expect(rasterize([keptOf(image.annotations[1].shape, size, size)], size, size, size)).toEqual(drawn.mask);
    expect(await decodeRgb(image.file, { width: size, height: size })).toEqual(drawn.rgb);
  });

  it('is the same files, byte for byte, when written again', async () => {
    const digest = async (name: string) => {
      await writeSample(path.join(folder, name), { seed: 9, train: 3, selection: 1, test: 1 });
      const hash = createHash('sha256');
      for (const file of readdirSync(path.join(folder, name), { recursive: true, withFileTypes: true }))
        if (file.isFile()) hash.update(file.name).update(readFileSync(path.join(file.parentPath, file.name)));
      return hash.digest('hex');
    };
    expect(await digest('first')).toBe(await digest('second'));
  });

  it('stops when it is told to', async () => {
    const stopped = writeSample(path.join(folder, 'stopped'), { seed: 1, signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
  });
});
