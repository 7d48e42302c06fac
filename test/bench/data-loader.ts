// How fast pictures come: decoded from files into the cache, and out of it as batches ready to train on; and what
// share of a training step's time is spent waiting for its batch. A short step on small pictures is the hard case.
// Options: --batch, --pictures, --steps, --jpegs FOLDER.

import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { settingsSchema } from '../../src-main/contracts/settings.ts';
import type { LabelledImage } from '../../src-main/contracts/worker-protocol.ts';
import { modelById, randomFromSeed } from '../../src-main/engine/nn/index.ts';
import { objectiveById } from '../../src-main/engine/objectives/index.ts';
import { onnxExecutor } from '../../src-main/engine/runtime/index.ts';
import { batchesAhead, type BatchesAhead } from '../../src-main/engine/data/batches-ahead.ts';
import { createStepRunner, noisePlanOf } from '../../src-main/engine/training/step-runner.ts';
import { buildTrainStep, initialState } from '../../src-main/engine/training/train-step.ts';
import { ImageCache, encodePng } from '../../src-main/imaging/index.ts';
import { option, percent, table } from './fovea.ts';

const classes = 4;
const epochs = 1000; // more than any bench reads

export async function bench(args: string[]): Promise<unknown> {
  const number = (name: string, otherwise: number): number => Number(option(args, name, String(otherwise)));
  const [batch, count, steps] = [number('batch', 64), number('pictures', 512), number('steps', 30)];
  const shared = new URL('../../../shared/data/cub-200-2011-subset', import.meta.url).pathname;
  const jpegs = option(args, 'jpegs', shared);
  const folder = mkdtempSync(path.join(tmpdir(), 'fovea-loader-'));
  try {
    const rows = [];
    for (const [source, sizePx] of [
      ['made', 64],
      ['made', 224],
      ['JPEG', 224],
    ] as const) {
      const images =
        source === 'made' ? await makeImages(folder, count, sizePx) : jpegsOf(jpegs, Math.min(count, 256));
      if (images.length < batch) continue;
      const cacheFolder = path.join(folder, `cache-${source}`);
      const decodeMs = await fill(cacheFolder, sizePx, images);
      const loader = open(cacheFolder, sizePx, images, batch);
      await loader.plan({ noise: [], runs: 1 });
      const readMs = await readAhead(loader, steps);
      await loader.close();
      rows.push({
        images: `${source}, ${sizePx} px`,
        decodedPerSecond: (images.length * 1000) / decodeMs,
        readyPerSecond: (steps * batch * 1000) / readMs,
      });
    }
    const waiting = await stepsWaiting(folder, await makeImages(folder, count, 64), batch, steps);
    const whole = (value: number): string => value.toFixed(0);
    console.log(
      table([
        ['pictures', 'decoded /s', 'ready /s'],
        ...rows.map((row) => [row.images, whole(row.decodedPerSecond), whole(row.readyPerSecond)]),
      ]),
    );
    console.log(
      `resnet8, standard, 64 px, batch ${batch}: step ${waiting.stepMs.toFixed(1)} ms, ` +
        `of which waiting for data ${percent(waiting.share)}`,
    );
    return { batch, rows, step: waiting };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const open = (cacheFolder: string, sizePx: number, images: LabelledImage[], batch: number): BatchesAhead =>
  batchesAhead(
    {
      cacheFolder,
      sizePx,
      images,
      plan: { batch, classes, settings: settingsSchema.parse({}), composites: false, groupCount: null },
      random: randomFromSeed(1).state(),
    },
    epochs,
  );

/** @returns ms for so many batches, one after the other, after one that is not counted */
async function readAhead(loader: BatchesAhead, steps: number): Promise<number> {
  await loader.read(0, 0);
  const start = performance.now();
  for (let i = 1; i <= steps; i++) await loader.read(Math.floor(i / loader.steps), i % loader.steps);
  return performance.now() - start;
}

async function fill(cacheFolder: string, sizePx: number, images: LabelledImage[]): Promise<number> {
  const cache = ImageCache.open(cacheFolder, sizePx);
  const start = performance.now();
  await cache.fill(images);
  cache.close();
  return performance.now() - start;
}

async function stepsWaiting(folder: string, images: LabelledImage[], batch: number, steps: number) {
  const sizePx = 64;
  const cacheFolder = path.join(folder, 'cache-step');
  await fill(cacheFolder, sizePx, images);
  const loader = open(cacheFolder, sizePx, images, batch);
  const build = (part: number, accumulates: boolean) =>
    buildTrainStep({
      model: modelById('resnet8').build({ classes, sizePx, pool: 'average' }),
      objective: objectiveById('standard'),
      params: {},
      settings: { momentum: 0.9, weightDecay: 5e-4 },
      batch: part,
      classes,
      sizePx,
      accumulates,
    });
  const step = build(batch, false);
  const runner = await createStepRunner(
    { executor: onnxExecutor(), batch, part: batch, build, onShrink: (_, noise) => loader.plan(noise) },
    initialState(step, randomFromSeed(1)),
  );
  await loader.plan(noisePlanOf(step, batch, batch));
  let waitedMs = 0;
  let start = 0;
  for (let i = 0; i <= steps; i++) {
    if (i === 1) {
      waitedMs = 0; // the first batch and the first step are not counted
      start = performance.now();
    }
    await runner.run(
      async () => {
        const asked = performance.now();
        const { feeds } = await loader.read(Math.floor(i / loader.steps), i % loader.steps);
        waitedMs += performance.now() - asked;
        return feeds;
      },
      { ramp: 1, learningRate: 0.01 },
    );
  }
  const totalMs = performance.now() - start;
  await runner.dispose();
  await loader.close();
  return { stepMs: totalMs / steps, waitingMs: waitedMs / steps, share: waitedMs / totalMs };
}

async function makeImages(folder: string, count: number, sizePx: number): Promise<LabelledImage[]> {
  const random = randomFromSeed(sizePx);
  const into = path.join(folder, `made-${sizePx}`);
  mkdirSync(into, { recursive: true });
  const images: LabelledImage[] = [];
  for (let i = 0; i < count; i++) {
    // Smooth, as pictures are: noise would only measure how fast it is packed.
    const [fx, fy] = [random.uniform() * 0.2, random.uniform() * 0.2];
    const pixels = Uint8Array.from({ length: sizePx * sizePx * 3 }, (_, p) => {
      const at = Math.floor(p / 3);
      return 128 + 100 * Math.sin(fx * (at % sizePx) + fy * Math.floor(at / sizePx) + (p % 3));
    });
    const file = path.join(into, `${i}.png`);
    writeFileSync(file, await encodePng(pixels, sizePx, sizePx));
    images.push(imageOf(file, i, sizePx));
  }
  return images;
}

const jpegsOf = (folder: string, limit: number): LabelledImage[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.jpe?g$/i.test(name))
        .sort()
        .slice(0, limit)
        .map((name, i) => imageOf(path.join(folder, name), i, 400))
    : [];

/** With a box in the middle; the side matters to the box only. */
const imageOf = (file: string, i: number, sidePx: number): LabelledImage => ({
  imageId: i + 1,
  file,
  contentHash: createHash('sha256').update(readFileSync(file)).digest('hex'),
  widthPx: sidePx,
  heightPx: sidePx,
  classIndex: i % classes,
  regions: [{ kind: 'box', box: { x: sidePx / 4, y: sidePx / 4, width: sidePx / 2, height: sidePx / 2 } }],
});
