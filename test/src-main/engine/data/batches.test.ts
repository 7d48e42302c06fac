import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settingsSchema } from '../../../../src-main/contracts/settings.ts';
import { modelById, randomFromSeed, type Random } from '../../../../src-main/engine/nn/index.ts';
import { objectiveById } from '../../../../src-main/engine/objectives/index.ts';
import { onnxExecutor } from '../../../../src-main/engine/runtime/index.ts';
import {
  allocateFeeds,
  feedLengths,
  trainingBatches,
  type BatchPlan,
  type NoisePlan,
} from '../../../../src-main/engine/data/batches.ts';
import { imageSet, type ImageSet } from '../../../../src-main/engine/data/image-set.ts';
import { buildTrainStep, initialState } from '../../../../src-main/engine/training/train-step.ts';
import { ImageCache } from '../../../../src-main/imaging/index.ts';
import { makeToy, toySizePx, type Toy } from '../training/toy.ts';

let toy: Toy;
let cache: ImageCache;
let set: ImageSet;
beforeAll(async () => {
  toy = await makeToy(22);
  cache = ImageCache.open(path.join(toy.folder, 'cache'), toySizePx);
  set = imageSet(cache, toy.images);
});
afterAll(() => {
  cache.close();
  toy.remove();
});

const plain = settingsSchema.parse({ flip: false, shift: 0 });
const options = { batch: 8, classes: 3, settings: plain, composites: false, groupCount: null };
const pixels = toySizePx * toySizePx;

/** Batches that bring their own arrays. */
function batchesOf(
  plan: BatchPlan & { random: Random },
  noise: NoisePlan = { noise: [], runs: 1 },
  images = set,
) {
  const { random, ...rest } = plan;
  const { steps, read } = trainingBatches(images, rest, random, noise);
  return {
    steps,
    async read(epoch: number, step: number) {
      const feeds = allocateFeeds(feedLengths(rest, toySizePx, noise));
      return { feeds, ...(await read(epoch, step, feeds)) };
    },
  };
}

/** Which picture of the set each entry of an unaugmented batch is. */
async function identities(images: Float32Array, count: number): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < count; i++) {
    for (let index = 0; index < set.images.length; index++) {
      const own = await set.pixels(index);
      const same = Array.from({ length: 40 }, (_, p) => p * 6).every(
        (p) => Math.round(images[i * 3 * pixels + p] * 255) === own[3 * p],
      );
      if (same) found.push(index);
    }
  }
  return found;
}

/** One of the four pictures of the i-th composite. [3, S, S] */
function tileOf(composites: Float32Array, i: number, cell: number): Float32Array {
  const tile = new Float32Array(3 * pixels);
  const side = 2 * toySizePx;
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < toySizePx; y++) {
      const start = ((3 * i + c) * side + (cell >> 1) * toySizePx + y) * side + (cell & 1) * toySizePx;
      tile.set(composites.subarray(start, start + toySizePx), c * pixels + y * toySizePx);
    }
  return tile;
}

describe('training batches', () => {
  it('go through every picture once an epoch, in an order of its own, and fill the last by drawing again', async () => {
    const batches = batchesOf({ ...options, random: randomFromSeed(3) });
    expect(batches.steps).toBe(3);
    const orders: number[][] = [];
    for (let epoch = 0; epoch < 2; epoch++) {
      const order: number[] = [];
      for (let step = 0; step < 3; step++) {
        const { feeds, trueClasses } = await batches.read(epoch, step);
        expect(Array.from(feeds.sampleWeight)).toEqual(Array(8).fill(1));
        const members = await identities(feeds.images, 8);
        expect(trueClasses).toEqual(members.map((index) => [toy.images[index].classIndex]));
        order.push(...members);
      }
      expect(order.slice(0, 22).sort((a, b) => a - b)).toEqual(toy.images.map((_, i) => i));
      expect(new Set(order.slice(16)).size).toBe(8); // none twice in a batch
      orders.push(order);
    }
    expect(orders[0]).not.toEqual(orders[1]);
  });

  it('are the same for the same seed, epoch and step, in whatever order they are asked for', async () => {
    const settings = settingsSchema.parse({ outside: 'swap' });
    const straight = batchesOf({ ...options, settings, random: randomFromSeed(4) });
    await straight.read(0, 0);
    await straight.read(0, 1);
    const expected = Float32Array.from((await straight.read(1, 1)).feeds.images);
    const direct = batchesOf({ ...options, settings, random: randomFromSeed(4) });
    expect((await direct.read(1, 1)).feeds.images).toEqual(expected);
    const other = batchesOf({ ...options, settings, random: randomFromSeed(5) });
    expect((await other.read(1, 1)).feeds.images).not.toEqual(expected);
  });

  it('mark pictures with a region', async () => {
    const batches = batchesOf({ ...options, random: randomFromSeed(3) });
    const { feeds: again } = await batches.read(0, 2);
    const members = await identities(again.images, 8);
    members.forEach((index, i) => {
      const area = again.regionMask
        .subarray(i * pixels, (i + 1) * pixels)
        .reduce((sum, value) => sum + value, 0);
      const [region] = toy.images[index].regions;
      expect(again.hasRegion[i]).toBe(region ? 1 : 0);
      expect(area).toBe(region?.kind === 'box' ? region.box.width * region.box.height : 0);
    });
  });

  it('mark a picture whose region is shifted out as one without', async () => {
    const box = { x: toySizePx - 1, y: 6, width: 1, height: 3 };
    const atRim = imageSet(
      cache,
      toy.images.map((image) => ({ ...image, regions: [{ kind: 'box' as const, box }] })),
    );
    const settings = settingsSchema.parse({ flip: false, shift: 0.2 });
    const batches = batchesOf({ ...options, settings, random: randomFromSeed(6) }, undefined, atRim);
    const seen = new Set<number>();
    for (let epoch = 0; epoch < 3; epoch++) {
      const { feeds } = await batches.read(epoch, 0);
      feeds.hasRegion.forEach((has, i) => {
        const area = feeds.regionMask
          .subarray(i * pixels, (i + 1) * pixels)
          .reduce((sum, one) => sum + one, 0);
        expect(has).toBe(area > 0 ? 1 : 0);
        seen.add(has);
      });
    }
    expect(seen).toEqual(new Set([0, 1]));
  });

  it('have a loss that is the mean over their pictures, the last of an epoch too', async () => {
    const { feeds, trueClasses } = await batchesOf({
      ...options,
      random: randomFromSeed(3),
    }).read(0, 2);
    const step = buildTrainStep({
      model: modelById('resnet8').build({ classes: 3, sizePx: toySizePx, pool: 'average' }),
      objective: objectiveById('standard'),
      params: {},
      settings: plain,
      batch: 8,
      classes: 3,
      sizePx: toySizePx,
    });
    const session = await onnxExecutor({ threads: 1 }).compile(step.program);
    const state = Object.fromEntries(initialState(step, randomFromSeed(1)));
    const scalars = { ramp: Float32Array.of(1), learningRate: Float32Array.of(0.1) };
    const outputs = await session.run({ ...state, ...feeds, ...scalars });
    await session.dispose();
    let expected = 0;
    for (let i = 0; i < 8; i++) {
      const logits = Array.from(outputs.logits.subarray(3 * i, 3 * i + 3));
      expected +=
        Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - logits[trueClasses[i][0]];
    }
    expect(outputs['loss/class'][0]).toBeCloseTo(expected / 8, 5);
  });

  it('put each picture into the marked cell of its composite, among three of other classes', async () => {
    const batches = batchesOf({ ...options, composites: true, random: randomFromSeed(6) });
    const { feeds } = await batches.read(0, 0);
    const cells = new Set<number>();
    for (let i = 0; i < 8; i++) {
      const marks = Array.from(feeds.cell.subarray(4 * i, 4 * i + 4));
      expect(marks.reduce((sum, mark) => sum + mark, 0)).toBe(1);
      const own = marks.indexOf(1);
      cells.add(own);
      const label = feeds.labels.subarray(3 * i, 3 * i + 3).indexOf(1);
      for (let cell = 0; cell < 4; cell++) {
        const tile = tileOf(feeds.composites, i, cell);
        const [shown] = await identities(tile, 1);
        if (cell === own) expect(tile).toEqual(feeds.images.slice(i * 3 * pixels, (i + 1) * 3 * pixels));
        else expect(toy.images[shown].classIndex).not.toBe(label);
      }
    }
    expect(cells.size).toBeGreaterThan(1);
  });

  it('of several classes a picture mark all, look at one of them, and show it beside pictures that lack it', async () => {
    const several = toy.images.map((image, i) => ({
      ...image,
      classIndices: i % 4 === 0 ? [image.classIndex] : [0, 1, 2].filter((k) => k !== image.classIndex),
    }));
    const plan = { ...options, task: 'multi', composites: true } as const;
    const batches = trainingBatches(imageSet(cache, several), plan, randomFromSeed(3));
    const explainedOf = new Map<number, Set<number>>();
    for (let epoch = 0; epoch < 6; epoch++) {
      const feeds = allocateFeeds(feedLengths(plan, toySizePx, { noise: [], runs: 1 }));
      const { trueClasses } = await batches.read(epoch, 0, feeds);
      for (const [i, index] of (await identities(feeds.images, 8)).entries()) {
        const own = several[index].classIndices;
        expect(trueClasses[i]).toEqual(own);
        const row = (values: Float32Array) => Array.from(values.subarray(3 * i, 3 * i + 3));
        expect(row(feeds.labels)).toEqual([0, 1, 2].map((k) => Number(own.includes(k))));
        const target = row(feeds.target).indexOf(1);
        expect(row(feeds.target).reduce((sum, mark) => sum + mark, 0)).toBe(1);
        expect(own).toContain(target);
        explainedOf.set(index, new Set([...(explainedOf.get(index) ?? []), target]));
        const at = feeds.cell.subarray(4 * i, 4 * i + 4).indexOf(1);
        for (const cell of [0, 1, 2, 3].filter((one) => one !== at)) {
          const [shown] = await identities(tileOf(feeds.composites, i, cell), 1);
          expect(several[shown].classIndices).not.toContain(target);
        }
      }
    }
    expect(Math.max(...[...explainedOf.values()].map(({ size }) => size))).toBe(2);
  });

  it('mark the group of each picture that has one', async () => {
    const grouped = toy.images.map((image, i) => (i % 4 === 3 ? image : { ...image, group: i % 2 }));
    const feeds = allocateFeeds(
      feedLengths({ ...options, groupCount: 2 }, toySizePx, { noise: [], runs: 1 }),
    );
    const own = imageSet(cache, grouped);
    await trainingBatches(own, { ...options, groupCount: 2 }, randomFromSeed(3)).read(0, 0, feeds);
    const members = await identities(feeds.images, 8);
    expect(Array.from(feeds.groups)).toEqual(
      members.flatMap((index) => [0, 1].map((group) => Number(grouped[index].group === group))),
    );
  });

  it('balanced draw every group equally often, and those without group as one more', async () => {
    // 16, 4 and 2 of the 22 pictures.
    const groupOf = (i: number) => (i < 16 ? 0 : i < 20 ? 1 : undefined);
    const grouped = toy.images.map((image, i) => ({ ...image, group: groupOf(i) }));
    const plan = { ...options, settings: { ...plain, sampling: 'balanced' as const } };
    const batches = trainingBatches(imageSet(cache, grouped), plan, randomFromSeed(3));
    expect(batches.steps).toBe(3);
    const drawn: number[] = [];
    for (let epoch = 0; epoch < 40; epoch++)
      for (let step = 0; step < batches.steps; step++) {
        const feeds = allocateFeeds(feedLengths(plan, toySizePx, { noise: [], runs: 1 }));
        await batches.read(epoch, step, feeds);
        drawn.push(...(await identities(feeds.images, 8)));
      }
    expect(drawn).toHaveLength(40 * 24);
    const times = (from: number, to: number) => drawn.filter((i) => i >= from && i < to).length;
    // A third of 960 each, with a standard deviation of 15.
    for (const [from, to] of [
      [0, 16],
      [16, 20],
      [20, 22],
    ])
      expect(Math.abs(times(from, to) - 960 / 3)).toBeLessThan(50);
    expect(new Set(drawn).size).toBe(22);
    expect(Math.abs(times(20, 21) - times(21, 22))).toBeLessThan(60);
  });

  it('draw noise of the kind asked for, anew for each step and each run of the program', async () => {
    const noise = [
      { name: 'noise/u', shape: [40, 50], kind: 'uniform' },
      { name: 'noise/n', shape: [2000], kind: 'normal' },
      { name: 'noise/r', shape: [2000], kind: 'rademacher' },
    ] as const;
    const batches = batchesOf({ ...options, random: randomFromSeed(3) }, { noise, runs: 2 });
    const { feeds } = await batches.read(1, 1);
    const { feeds: later } = await batches.read(1, 2);
    const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
    for (const [name, center, deviation] of [
      ['noise/u', 0.5, Math.sqrt(1 / 12)],
      ['noise/n', 0, 1],
      ['noise/r', 0, 1],
    ] as const) {
      const values = feeds[name];
      expect(values).toHaveLength(4000);
      expect(Math.abs(mean(values) - center)).toBeLessThan(0.06);
      expect(Math.sqrt(mean(values.map((value) => (value - center) ** 2)))).toBeCloseTo(deviation, 1);
      expect(values.slice(2000)).not.toEqual(values.slice(0, 2000));
      expect(later[name]).not.toEqual(values);
    }
    expect(new Set(feeds['noise/r'])).toEqual(new Set([-1, 1]));
    expect(Math.min(...feeds['noise/u'])).toBeGreaterThanOrEqual(0);
    expect(Math.max(...feeds['noise/u'])).toBeLessThan(1);
    const again = batchesOf({ ...options, random: randomFromSeed(3) }, { noise, runs: 2 });
    expect((await again.read(1, 1)).feeds).toEqual(feeds);
  });
});
