// A generated set that a small network learns in seconds: noise, with a bright square whose colour is the class, and
// the square as region. Written as PNG files, since training reads files.

import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runConfigSchema, type RunConfigInput } from '../../../../src-main/contracts/runs.ts';
import type { LabelledImage, TrainSpec } from '../../../../src-main/contracts/worker-protocol.ts';
import { randomFromSeed } from '../../../../src-main/engine/nn/index.ts';
import { encodePng } from '../../../../src-main/imaging/index.ts';

export const toySizePx = 16;
export const toyClasses = ['red', 'green', 'blue'];

export interface Toy {
  folder: string;
  images: LabelledImage[];
  remove(): void;
}

export async function makeToy(count: number): Promise<Toy> {
  const folder = mkdtempSync(path.join(tmpdir(), 'fovea-toy-'));
  mkdirSync(path.join(folder, 'pictures'));
  const random = randomFromSeed(77);
  const images: LabelledImage[] = [];
  for (let n = 0; n < count; n++) {
    const classIndex = n % 3;
    const pixels = Uint8Array.from({ length: toySizePx ** 2 * 3 }, () => random.below(120));
    const side = 5 + random.below(4);
    const [x, y] = [random.below(toySizePx - side), random.below(toySizePx - side)];
    for (let dy = 0; dy < side; dy++)
      for (let dx = 0; dx < side; dx++)
        pixels[3 * ((y + dy) * toySizePx + x + dx) + classIndex] = 200 + random.below(55);
    const png = await encodePng(pixels, toySizePx, toySizePx);
    const file = path.join(folder, 'pictures', `${n}.png`);
    writeFileSync(file, png);
    images.push({
      imageId: n + 1,
      file,
      contentHash: createHash('sha256').update(png).digest('hex'),
      widthPx: toySizePx,
      heightPx: toySizePx,
      classIndex,
      // Every fifth picture has none.
      regions: n % 5 === 4 ? [] : [{ kind: 'box', box: { x, y, width: side, height: side } }],
    });
  }
  return { folder, images, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export function toySpec(
  toy: Toy,
  name: string,
  config: Partial<RunConfigInput> = {},
  more: Partial<TrainSpec> = {},
): TrainSpec {
  return {
    runId: 1,
    config: runConfigSchema.parse({
      objective: 'standard',
      model: 'resnet8',
      sizePx: toySizePx,
      epochs: 2,
      batch: 16,
      seed: 5,
      ...config,
    }),
    params: {},
    classes: toyClasses,
    groups: [],
    train: toy.images.slice(0, 60),
    selection: toy.images.slice(60, 84),
    cacheFolder: path.join(toy.folder, 'cache'),
    runFolder: path.join(toy.folder, 'runs', name),
    resume: false,
    pinned: [],
    ...more,
  };
}
