import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { settingsSchema } from '../../../../src-main/contracts/settings.ts';
import type { LabelledImage } from '../../../../src-main/contracts/worker-protocol.ts';
import { randomFromSeed } from '../../../../src-main/engine/nn/index.ts';
import { batchesAhead, type BatchesAhead } from '../../../../src-main/engine/data/batches-ahead.ts';
import {
  allocateFeeds,
  feedLengths,
  trainingBatches,
  type NoisePlan,
} from '../../../../src-main/engine/data/batches.ts';
import { imageSet } from '../../../../src-main/engine/data/image-set.ts';
import { ImageCache } from '../../../../src-main/imaging/index.ts';
import { makeToy, toySizePx, type Toy } from '../training/toy.ts';

let toy: Toy;
let cache: ImageCache;
beforeAll(async () => {
  toy = await makeToy(22);
  cache = ImageCache.open(path.join(toy.folder, 'cache'), toySizePx);
  await cache.fill(toy.images);
});
afterAll(() => {
  cache.close();
  toy.remove();
});
const opened: BatchesAhead[] = [];
afterEach(async () => {
  for (const batches of opened.splice(0)) await batches.close();
});

const plan = {
  batch: 8,
  classes: 3,
  settings: settingsSchema.parse({ outside: 'swap' }),
  composites: true,
  groupCount: null,
};
const random = randomFromSeed(8);
const noise = (runs: number): NoisePlan => ({
  noise: [{ name: 'noise/a', shape: [4, 5], kind: 'normal' }],
  runs,
});

function ahead({
  threads = 1,
  epochs = 4,
  images = toy.images as readonly LabelledImage[],
} = {}): BatchesAhead {
  const cacheFolder = path.join(toy.folder, 'cache');
  const batches = batchesAhead(
    { cacheFolder, sizePx: toySizePx, images, plan, random: random.state() },
    epochs,
    threads,
  );
  opened.push(batches);
  return batches;
}

/** What one thread makes of a step. */
async function direct(epoch: number, step: number, runs = 1) {
  const feeds = allocateFeeds(feedLengths(plan, toySizePx, noise(runs)));
  const set = imageSet(cache, toy.images);
  return { feeds, ...(await trainingBatches(set, plan, random, noise(runs)).read(epoch, step, feeds)) };
}

const copyOf = <T extends { feeds: Record<string, Float32Array> }>(batch: T): T => ({
  ...batch,
  feeds: Object.fromEntries(
    Object.entries(batch.feeds).map(([name, values]) => [name, Float32Array.from(values)]),
  ),
});

describe('batches made ahead', () => {
  it.each([1, 3])('are those that the loop would make itself, with %d threads', async (threads) => {
    const batches = ahead({ threads });
    await batches.plan(noise(1));
    expect(batches.steps).toBe(3);
    for (let epoch = 0; epoch < 4; epoch++)
      for (let step = 0; step < 3; step++)
        expect(copyOf(await batches.read(epoch, step))).toEqual(await direct(epoch, step));
  });

  it('can be taken up anywhere, read again, and planned anew', async () => {
    const batches = ahead({ threads: 2 });
    await batches.plan(noise(1));
    expect(copyOf(await batches.read(2, 1))).toEqual(await direct(2, 1));
    expect(copyOf(await batches.read(2, 2))).toEqual(await direct(2, 2));
    await batches.plan(noise(3));
    const again = copyOf(await batches.read(2, 2));
    expect(again).toEqual(await direct(2, 2, 3));
    expect(again.feeds['noise/a']).toHaveLength(60);
    expect(copyOf(await batches.read(0, 0))).toEqual(await direct(0, 0, 3));
  });

  it('stay as they are until the next is read', async () => {
    const batches = ahead({ threads: 2 });
    await batches.plan(noise(1));
    const first = await batches.read(0, 0);
    const before = copyOf(first);
    await new Promise((resolve) => setTimeout(resolve, 100)); // the next ones are being written meanwhile
    expect(copyOf(first)).toEqual(before);
  });

  it('tell the reader what a thread stumbled over', async () => {
    const [one, ...rest] = toy.images;
    const gone = { ...one, contentHash: '0'.repeat(64), file: path.join(toy.folder, 'gone.png') };
    const batches = ahead({ images: [gone, ...rest] });
    await batches.plan(noise(1));
    const reading = (async () => {
      for (let step = 0; step < 3; step++) await batches.read(0, step);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'not-found' });
  });
});
