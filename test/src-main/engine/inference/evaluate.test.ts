import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { intersectionOverUnion } from '../../../../src-main/contracts/geometry.ts';
import type { EvaluateSpec, ExplainSpec, ModelRef } from '../../../../src-main/contracts/worker-protocol.ts';
import { attackById } from '../../../../src-main/engine/attacks/index.ts';
import { measureInfos, predictedClass } from '../../../../src-main/engine/measures/index.ts';
import { randomFromSeed } from '../../../../src-main/engine/nn/index.ts';
import { onnxExecutor } from '../../../../src-main/engine/runtime/index.ts';
import { attackImages } from '../../../../src-main/engine/inference/attack-images.ts';
import { createExplainer, evaluate } from '../../../../src-main/engine/inference/index.ts';
import { train } from '../../../../src-main/engine/training/index.ts';
import { regionBoxOf, spreadHeat } from '../../../../src-main/engine/data/heat.ts';
import { architectureOf, readWeights } from '../../../../src-main/engine/data/architecture.ts';
import { sessionCache } from '../../../../src-main/engine/data/session-cache.ts';
import { imageSet, writePlanes } from '../../../../src-main/engine/data/image-set.ts';
import { ImageCache } from '../../../../src-main/imaging/index.ts';
import { makeToy, toyClasses, toySizePx, toySpec, type Toy } from '../training/toy.ts';
import { byKey } from './by-key.ts';

let toy: Toy;
let model: ModelRef;
let cacheFolder: string;
const quiet = { emit() {}, cancelled: () => false };
beforeAll(async () => {
  toy = await makeToy(125);
  const spec = toySpec(toy, 'looked-at', { epochs: 4 });
  await train(spec, { emit() {}, control: () => null });
  model = { config: spec.config, classes: toyClasses, checkpoint: path.join(spec.runFolder, 'best.ckpt') };
  cacheFolder = spec.cacheFolder;
});
afterAll(() => toy.remove());

const test = () => toy.images.slice(84);
const usual = (more: Record<string, EvaluateSpec['measures'][number]['params']> = {}) =>
  measureInfos()
    .filter((info) => info.usual)
    .map(({ id }) => ({ id, params: more[id] ?? {} }));
const specOf = (more: Partial<EvaluateSpec> = {}): EvaluateSpec => ({
  model,
  images: test(),
  cacheFolder,
  groups: [],
  against: [],
  seed: 1,
  measures: usual({ fgsm: { largest: 0.3, points: 2, spacing: 'even' } }),
  ...more,
});
const evaluated = async (more: Partial<EvaluateSpec> = {}) => byKey(await evaluate(specOf(more), quiet));
const taken = (id: string, params = {}, more: Partial<EvaluateSpec> = {}) =>
  evaluated({ measures: [{ id, params }], ...more });
const explainSpec = (more: Partial<ExplainSpec> = {}): ExplainSpec => ({
  model,
  image: test()[0],
  method: 'input-gradient',
  params: {},
  target: 0,
  cacheFolder,
  eps: 0,
  ...more,
});

describe('evaluation', () => {
  it('agrees with itself: accuracy, confusion, FGSM at zero, figures of each picture', async () => {
    const { figures, confusion, images } = await evaluated();
    expect(images.map(({ imageId }) => imageId)).toEqual(test().map(({ imageId }) => imageId));
    const diagonal = confusion.reduce((sum, row, i) => sum + row[i], 0);
    expect(confusion.flat().reduce((sum, count) => sum + count, 0)).toBe(41);
    const { accuracy, fgsm, energyInBox } = figures;
    expect(accuracy.value).toBeCloseTo(diagonal / 41, 12);
    expect(accuracy.value).toBeGreaterThan(0.8);
    expect(fgsm.curve!.map(({ x }) => x)).toEqual([0, 0.15, 0.3]);
    expect(fgsm.curve![0].y).toBe(accuracy.value);
    expect(fgsm.curve![2].y).toBeLessThan(accuracy.value!);
    const energies = images.flatMap(({ values }) =>
      values.energyInBox === null ? [] : [values.energyInBox],
    );
    expect(energies).toHaveLength(test().filter(({ regions }) => regions.length > 0).length);
    expect(energyInBox.pictures).toBe(energies.length);
    expect(energyInBox.skipped).toBe(41 - energies.length);
    expect(energyInBox.value).toBeCloseTo(energies.reduce((sum, e) => sum + e, 0) / energies.length, 12);
    expect(energyInBox.low!).toBeLessThan(energyInBox.value!);
    expect(energyInBox.high!).toBeGreaterThan(energyInBox.value!);
    // The class is in the square alone, so nothing outside can matter much.
    expect(figures.outsideBlurred.value).toBeGreaterThan(0.7);
    expect(figures.outsideSwapped.value).toBeGreaterThan(0.7);
  });

  it('has FGSM where the registry’s own attack has it', async () => {
    const { figures } = await evaluated();
    const architecture = architectureOf(model.config, toyClasses.length);
    const sessions = sessionCache(onnxExecutor({ threads: 1 }), 8);
    const cache = ImageCache.open(cacheFolder, toySizePx);
    const set = imageSet(cache, test());
    const images = new Float32Array(41 * 3 * toySizePx ** 2);
    for (let i = 0; i < 41; i++) writePlanes(await set.pixels(i), images, i);
    const labels = Int32Array.from(test(), ({ classIndex }) => classIndex);
    const { logits } = await attackImages({
      architecture,
      sessions,
      images,
      labels,
      attack: attackById('fgsm'),
      params: {},
      eps: 0.15,
      weights: await readWeights(model.checkpoint, architecture),
      random: randomFromSeed(0),
    });
    const hits = Array.from(labels).filter((own, i) => predictedClass(logits, 3, i) === own).length;
    expect(figures.fgsm.curve![1].y).toBeCloseTo(hits / 41, 12);
    await sessions.dispose();
    cache.close();
  });

  it('is the same twice, and the same whatever pictures share a batch', async () => {
    const whole = await evaluated();
    expect(await evaluated()).toEqual(whole);
    const part = await evaluated({ images: test().slice(7, 9) });
    part.images.forEach((image, i) => {
      const twin = whole.images[i + 7];
      expect(image.predictedIndex).toBe(twin.predictedIndex);
      expect(image.trueScore).toBeCloseTo(twin.trueScore, 4);
      if (twin.values.energyInBox !== null)
        expect(image.values.energyInBox).toBeCloseTo(twin.values.energyInBox, 3);
    });
  });

  it('has no figures of places where no picture has a region', async () => {
    const allImages = test().map((image) => ({ ...image, regions: [] }));
    const { figures, images } = await evaluated({ images: allImages });
    for (const key of ['energyInBox', 'pointingGame', 'localisationAccuracy', 'meanIou', 'outsideBlurred'])
      expect(figures[key]).toMatchObject({ value: null, low: null, high: null, pictures: 0, skipped: 41 });
    expect(figures.saliencyMetric.value).not.toBeNull();
    expect(images.every(({ values }) => values.meanIou === null)).toBe(true);
  });

  it('refuses a checkpoint of another model, no pictures, and can be cancelled', async () => {
    const other = { ...model, classes: [...toyClasses, 'a fourth'] };
    await expect(evaluated({ model: other })).rejects.toMatchObject({ code: 'bad-file' });
    await expect(evaluated({ images: [] })).rejects.toMatchObject({ code: 'bad-input' });
    await expect(taken('nonsense')).rejects.toMatchObject({ code: 'bad-input' });
    await expect(taken('f1', { beta: 2 })).rejects.toMatchObject({ code: 'bad-input' });
    await expect(evaluate(specOf(), { emit() {}, cancelled: () => true })).rejects.toMatchObject({
      code: 'cancelled',
    });
  });
});

describe('explanation', () => {
  it('measures what evaluation measures when it draws the same map', async () => {
    const explainer = createExplainer();
    const { images } = await evaluated();
    for (const n of [0, 2, 3]) {
      const image = test()[n];
      const params = { score: 'loss', reduction: 'squared' };
      const target = image.classIndex;
      const { energyInBox, pointingHit, values, scores } = await explainer.explain(
        explainSpec({ image, params, target }),
      );
      const { values: figures } = images[n];
      expect(energyInBox === null).toBe(figures.energyInBox === null);
      if (energyInBox !== null) expect(energyInBox).toBeCloseTo(figures.energyInBox!, 3);
      expect(pointingHit === null ? null : Number(pointingHit)).toBe(figures.pointingGame);
      expect(scores[target]).toBeCloseTo(images[n].trueScore, 4);
      expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 4);
    }
    await explainer.dispose();
  });

  it('gives with a map of the loss gradient the box that is measured, in picture pixels, and with no other', async () => {
    const explainer = createExplainer();
    const { images } = await evaluated();
    const found: number[] = [];
    for (const n of [0, 1, 2, 3]) {
      const image = { ...test()[n], widthPx: 4 * toySizePx, heightPx: 2 * toySizePx };
      image.regions = image.regions.map((shape) =>
        shape.kind === 'box'
          ? {
              kind: 'box',
              box: {
                x: 4 * shape.box.x,
                y: 2 * shape.box.y,
                width: 4 * shape.box.width,
                height: 2 * shape.box.height,
              },
            }
          : shape,
      );
      const params = { score: 'loss', reduction: 'absolute-sum' };
      const asked = explainSpec({ image, params, target: image.classIndex });
      const { measuredBox, regionBox } = await explainer.explain(asked);
      expect(measuredBox!.iou).toBe(images[n].values.meanIou);
      if (regionBox && measuredBox!.box) {
        found.push(intersectionOverUnion(regionBox, measuredBox!.box));
        expect(found.at(-1)).toBeCloseTo(measuredBox!.iou!, 9);
      }
      const squared = { ...asked, params: { ...params, reduction: 'squared' } };
      expect((await explainer.explain(squared)).measuredBox).toEqual(measuredBox);
      const others: Partial<ExplainSpec>[] = [
        { params: { score: 'logit' } },
        { method: 'grad-cam', params: {} },
        { versus: (image.classIndex + 1) % 3 },
      ];
      for (const other of others)
        expect((await explainer.explain({ ...asked, ...other })).measuredBox).toBeNull();
    }
    expect(Math.max(...found)).toBeGreaterThan(0.1);
    await explainer.dispose();
  });

  it('draws every method at the model’s size, of the class asked for or the predicted one', async () => {
    const explainer = createExplainer();
    for (const method of ['input-gradient', 'grad-cam']) {
      const predicted = await explainer.explain(explainSpec({ method, target: 'predicted' }));
      expect(predicted.targetIndex).toBe(predicted.scores.indexOf(Math.max(...predicted.scores)));
      const asked = await explainer.explain(explainSpec({ method, target: predicted.targetIndex }));
      expect(asked).toEqual(predicted);
      expect(asked.values).toHaveLength(toySizePx ** 2);
      expect(asked.values.every((value) => value >= 0)).toBe(true);
      const other = await explainer.explain(explainSpec({ method, target: (predicted.targetIndex + 1) % 3 }));
      expect(other.values).not.toEqual(asked.values);
    }
    await explainer.dispose();
  });

  it('shows the attacked picture, at most eps away from the picture', async () => {
    const explainer = createExplainer();
    const image = test()[1];
    const { attackedPng } = await explainer.explain(explainSpec({ image, eps: 0.1 }));
    const attacked = await sharp(attackedPng!).raw().toBuffer();
    const plain = await sharp(image.file).removeAlpha().raw().toBuffer();
    const steps = Array.from(attacked, (value, i) => Math.abs(value - plain[i]));
    expect(Math.max(...steps)).toBeLessThanOrEqual(26); // 25.5 of 255, rounded
    expect(Math.max(...steps)).toBeGreaterThan(20);
    await explainer.dispose();
  });

  it('refuses an unknown method and an unknown parameter', async () => {
    const explainer = createExplainer();
    await expect(explainer.explain(explainSpec({ method: 'none' }))).rejects.toMatchObject({
      code: 'bad-input',
    });
    await expect(explainer.explain(explainSpec({ params: { sore: 1 } }))).rejects.toMatchObject({
      code: 'bad-input',
    });
    await explainer.dispose();
  });
});

describe('heat', () => {
  it('of one cell spreads with the weights of half-pixel centres and sums to one', () => {
    const spread = spreadHeat(Float32Array.of(1, 0), 2, 1, 4);
    const row = [1, 0.75, 0.25, 0];
    row.forEach((weight, x) => expect(spread[x]).toBeCloseTo(weight / 8, 6));
  });
  it('that is empty stays empty', () => {
    expect(Array.from(spreadHeat(new Float32Array(4), 2, 2, 3))).toEqual(new Array(9).fill(0));
  });
  it('has the box round all regions, cut at the picture’s edges', () => {
    const image = { ...toy.images[0], widthPx: 10, heightPx: 8 };
    const box = (x: number, y: number, width: number, height: number) =>
      ({ kind: 'box', box: { x, y, width, height } }) as const;
    expect(regionBoxOf({ ...image, regions: [box(-2, 1, 4, 3), box(6, 5, 9, 9)] })).toEqual({
      x: 0,
      y: 1,
      width: 10,
      height: 7,
    });
    expect(regionBoxOf({ ...image, regions: [] })).toBeNull();
  });
});
