// What the classifier layer reads of each picture, and of copies of it that are mirrored or have another background:
// computed once, and kept by picture, copy, size and weights.

import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Settings } from '../../contracts/settings.ts';
import { RecordFolder } from '../../files/record-folder.ts';
import { outsideShare, replaceOutside, type OutsideFill } from '../../imaging/index.ts';
import { input } from '../graph/index.ts';
import type { Random } from '../nn/random.ts';
import type { Executor } from '../runtime/index.ts';
import type { Architecture, Weights } from './architecture.ts';
import { breathe, evaluationBatch } from './evaluation-program.ts';
import { writePlanes, type ImageSet } from './image-set.ts';

/** A picture as it is read once. */
export interface Copy {
  /** Into the set. */
  index: number;
  mirrored: boolean;
  background: Settings['outside'];
  /** Whose background it has, where it is swapped. */
  lender?: number;
}

export interface FeatureSource {
  executor: Executor;
  architecture: Architecture;
  /** Those of the head are not looked at. */
  weights: Weights;
  /** Of the weights but for the head, and of what the network makes of them. */
  key: string;
  cacheFolder: string;
  onProgress(done: number, total: number): void;
  /** Looked at between batches. */
  throwIfStopped(): void;
}

/** A picture with less outside has next to nothing to lend but its object. */
const leastOutsideLent = 0.05;

/**
 * Each picture as it is; mirrored, where training mirrors; and with other backgrounds, where training has some and the
 * picture has a region: `swaps` times another picture's, or once blurred, black or grey.
 */
export function copiesOf(
  set: ImageSet,
  { flip, outside }: Pick<Settings, 'flip' | 'outside'>,
  swaps: number,
  random: Random,
): Copy[] {
  const all = set.images.map((_, index) => index);
  const copies = all.flatMap((index): Copy[] =>
    (flip ? [false, true] : [false]).map((mirrored) => ({ index, mirrored, background: 'none' })),
  );
  if (outside === 'none') return copies;
  const withRegion = all.filter((index) => set.regionMask(index) !== null);
  if (outside !== 'swap')
    return [...copies, ...withRegion.map((index) => ({ index, mirrored: false, background: outside }))];
  const lenders = withRegion.filter((index) => outsideShare(set.regionMask(index)!) >= leastOutsideLent);
  for (const index of withRegion) {
    const others = lenders.filter((lender) => lender !== index);
    const dice = random.fork(`lender/${index}`);
    for (let n = 0; n < swaps && others.length > 0; n++)
      copies.push({ index, mirrored: false, background: 'swap', lender: others[dice.below(others.length)] });
  }
  return copies;
}

/** @returns  [copies, C] */
export async function featuresOf(
  set: ImageSet,
  copies: readonly Copy[],
  source: FeatureSource,
): Promise<Float32Array> {
  const { executor, architecture, weights, onProgress } = source;
  const { model, sizePx } = architecture;
  const batch = evaluationBatch(sizePx);
  const given = new Map(
    [...model.parameters, ...model.buffers].map(({ name, shape }) => [name, input(name, shape)]),
  );
  const images = input('images', [batch, 3, sizePx, sizePx]);
  const { pooled } = model.forward(images, given, 'eval');
  const [, channels] = pooled.shape;
  const folder = path.join(source.cacheFolder, `features-${hashOf(source.key).slice(0, 32)}`);
  const records = new RecordFolder(folder, 4 * channels);
  try {
    const features = new Float32Array(copies.length * channels);
    const bytes = new Uint8Array(features.buffer);
    const keys = copies.map((copy) => keyOf(set, copy));
    const missing = keys.flatMap((key, row) => (records.read(key, bytes, 4 * channels * row) ? [] : [row]));
    if (missing.length === 0) return features;
    const body = [...given].filter(([name]) => !model.head.includes(name));
    const session = await executor.compile({
      inputs: [images, ...body.map(([, tensor]) => tensor)],
      outputs: { pooled },
    });
    try {
      const pixels = new Float32Array(batch * 3 * sizePx * sizePx);
      const bodyWeights = Object.fromEntries(body.map(([name]) => [name, weights[name]]));
      for (let start = 0; start < missing.length; start += batch) {
        source.throwIfStopped();
        const rows = missing.slice(start, start + batch);
        for (const [i, row] of rows.entries()) writePlanes(await pixelsOf(set, copies[row]), pixels, i);
        const outputs = await session.run({ ...bodyWeights, images: pixels });
        for (const [i, row] of rows.entries()) {
          features.set(outputs.pooled.subarray(i * channels, (i + 1) * channels), row * channels);
          records.append(keys[row], bytes.subarray(4 * channels * row, 4 * channels * (row + 1)));
        }
        onProgress(Math.min(start + batch, missing.length), missing.length);
        await breathe();
      }
    } finally {
      await session.dispose();
    }
    return features;
  } finally {
    records.close();
  }
}

async function pixelsOf(set: ImageSet, { index, mirrored, background, lender }: Copy): Promise<Uint8Array> {
  const { sizePx } = set;
  let pixels = await set.pixels(index);
  if (background !== 'none') {
    const fill: OutsideFill =
      background === 'swap'
        ? { kind: 'swap', pixels: await set.pixels(lender!), mask: set.regionMask(lender!)! }
        : { kind: background };
    const replaced = new Uint8Array(pixels.length);
    replaceOutside(pixels, set.regionMask(index)!, sizePx, fill, replaced);
    pixels = replaced;
  }
  if (!mirrored) return pixels;
  const turned = new Uint8Array(pixels.length);
  for (let y = 0; y < sizePx; y++)
    for (let x = 0; x < sizePx; x++) {
      const from = 3 * (y * sizePx + sizePx - 1 - x);
      turned.set(pixels.subarray(from, from + 3), 3 * (y * sizePx + x));
    }
  return turned;
}

/** With the regions as they are drawn now, where the copy depends on them. */
function keyOf(set: ImageSet, { index, mirrored, background, lender }: Copy): string {
  const seen = (at: number) => [set.images[at].contentHash, hashOf(set.regionMask(at)!)];
  return hashOf(
    JSON.stringify([
      set.images[index].contentHash,
      mirrored,
      background,
      ...(background === 'none' ? [] : seen(index)),
      ...(lender === undefined ? [] : seen(lender)),
    ]),
  );
}

const hashOf = (of: string | Uint8Array): string => createHash('sha256').update(of).digest('hex');
