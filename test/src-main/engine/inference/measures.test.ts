// Every measure on a network that was really trained: figures hold together, keep to their declared ranges, follow
// from the seed, and agree with each other where they must.

import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvaluateSpec, LabelledImage } from '../../../../src-main/contracts/worker-protocol.ts';
import { mapMethods, mapOf } from '../../../../src-main/engine/measures/params.ts';
import { keyOf, measureInfos, measures } from '../../../../src-main/engine/measures/index.ts';
import { checkParams } from '../../../../src-main/engine/nn/registry.ts';
import { saliencyById, saliencyMethods } from '../../../../src-main/engine/saliency/index.ts';
import { evaluate } from '../../../../src-main/engine/inference/index.ts';
import { train } from '../../../../src-main/engine/training/index.ts';
import { makeToy, toyClasses, toySizePx, toySpec, type Toy } from '../training/toy.ts';
import { byKey } from './by-key.ts';

let toy: Toy;
let common: Pick<EvaluateSpec, 'model' | 'cacheFolder' | 'seed'>;
beforeAll(async () => {
  toy = await makeToy(125);
  const spec = toySpec(toy, 'measured', { epochs: 4 });
  await train(spec, { emit() {}, control: () => null });
  const checkpoint = path.join(spec.runFolder, 'best.ckpt');
  common = {
    model: { config: spec.config, classes: toyClasses, checkpoint },
    cacheFolder: spec.cacheFolder,
    seed: 1,
  };
});
afterAll(() => toy.remove());

/** Twelve pictures, two of them without a region, in groups of class and an alternating attribute. */
const groups = toyClasses.flatMap((name) => [`${name}, day`, `${name}, night`]);
const some = (): LabelledImage[] =>
  toy.images.slice(84, 96).map((image, i) => ({ ...image, group: 2 * image.classIndex + (i % 2) }));
/** Cheap parameters where a measure would look often. */
const params: Record<string, Record<string, number | string>> = {
  'pgd-accuracy': { eps: 0.1, steps: 3 },
  'top-k-intersection': { steps: 3, k: 20, points: 4, eps: 0.05 },
  'kendall-correlation': { steps: 3, k: 20, points: 4, eps: 0.05 },
  'spearman-correlation': { steps: 3, k: 20, points: 4, eps: 0.05 },
  'corruption-error': { severity: '5' },
  insertion: { steps: 4, method: 'input-gradient' },
  deletion: { steps: 4, method: 'input-gradient' },
  'pixel-perturbation': { method: 'input-gradient' },
  'top-1-segmentation': { method: 'input-gradient' },
  'feature-leakage': { steps: 5 },
  'max-box-accuracy': { thresholds: 10 },
  'gradient-robustness': { draws: 2 },
  'density-robustness': { draws: 2 },
};
const run = async (ids: readonly string[], more: Partial<EvaluateSpec> = {}, own = params) =>
  byKey(
    await evaluate(
      {
        ...common,
        groups,
        images: some(),
        against: toy.images.slice(0, 9),
        measures: ids.map((id) => ({ id, params: own[id] ?? {} })),
        ...more,
      },
      { emit() {}, cancelled: () => false },
    ),
  );
const metricValueOf = async (id: string, own: Record<string, number | string | boolean> = {}, more = {}) => {
  const { figures } = await run([], { measures: [{ id, params: { ...params[id], ...own } }], ...more });
  return figures[keyOf(id)];
};

describe('all measures together', () => {
  it('give figures within their ranges, around which their intervals lie, the same each time', async () => {
    const ids = measures.map(({ id }) => id);
    const { figures, images } = await run(ids);
    expect(Object.keys(figures)).toEqual(ids.map(keyOf));
    for (const { id, range } of measures) {
      const { value, low, high, pictures: images, skipped } = figures[keyOf(id)];
      expect(value, id).not.toBeNull();
      expect(value!, id).toBeGreaterThanOrEqual(range[0] ?? -Infinity);
      expect(value!, id).toBeLessThanOrEqual(range[1] ?? Infinity);
      expect(images + skipped, id).toBe(12);
      if (low === null || high === null) continue;
      expect(low, id).toBeLessThanOrEqual(value! + 1e-12);
      expect(high, id).toBeGreaterThanOrEqual(value! - 1e-12);
    }
    expect(images).toHaveLength(12);
    expect(await run(ids)).toEqual({ figures, images, confusion: expect.anything() });
  });

  it('have a mean of their pictures’ own values where they have such', async () => {
    const means = [
      'content-heat-map',
      'insertion',
      'feature-leakage',
      'gradient-robustness',
      'weight-randomisation',
    ];
    const { figures, images } = await run(means);
    for (const key of means.map(keyOf)) {
      const own = images.flatMap(({ values }) => (values[key] === null ? [] : [values[key]]));
      expect(own).toHaveLength(figures[key].pictures);
      expect(figures[key].value).toBeCloseTo(own.reduce((sum, one) => sum + one, 0) / own.length, 10);
    }
  });
});

describe('a single measure', () => {
  it('of no attack, no noise or all guesses is what it must be', async () => {
    const accuracy = (await metricValueOf('accuracy')).value;
    expect((await metricValueOf('pgd-accuracy', { eps: 0 })).value).toBe(accuracy);
    expect((await metricValueOf('gradient-robustness', { deviation: 0 })).value).toBe(0);
    expect((await metricValueOf('density-robustness', { deviation: 0 })).value).toBe(0);
    expect((await metricValueOf('top-k-accuracy', { k: 1 })).value).toBe(accuracy);
    expect((await metricValueOf('top-k-accuracy', { k: 3 })).value).toBe(1);
  });

  it('of an attack is not above that of the pictures as they are', async () => {
    const { figures } = await run(['accuracy', 'fgsm', 'pgd-accuracy']);
    expect(figures.pgdAccuracy.value!).toBeLessThanOrEqual(figures.accuracy.value!);
  });

  it('of the worst group is the least of the groups’ own, and needs groups', async () => {
    const worst = await metricValueOf('worst-group-accuracy');
    const known = worst.parts!.flatMap(({ value }) => (value === null ? [] : [value]));
    expect(known).toHaveLength(6);
    expect(worst.value).toBe(Math.min(...known));
    await expect(metricValueOf('worst-group-accuracy', {}, { groups: [] })).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('attribute'),
    });
  });

  it('that compares needs pictures to compare with, and finds no difference between equals', async () => {
    await expect(metricValueOf('ood-auroc', {}, { against: [] })).rejects.toMatchObject({
      code: 'bad-input',
    });
    expect((await metricValueOf('ood-auroc', {}, { against: some() })).value).toBeCloseTo(0.5, 12);
  });

  it('of heat inside counts everything where the region is the whole picture', async () => {
    const whole = { kind: 'box', box: { x: 0, y: 0, width: toySizePx, height: toySizePx } } as const;
    const images = some().map((image) => ({ ...image, regions: [whole] }));
    for (const id of ['content-heat-map', 'stochastic-pointing-game', 'energy-in-box', 'pointing-game']) {
      const metricValue = await metricValueOf(id, {}, { images });
      expect(metricValue.pictures, id).toBeGreaterThan(0);
      expect(metricValue.value, id).toBeCloseTo(1, 6);
    }
    const leaked = await metricValueOf('feature-leakage', {}, { images });
    expect([leaked.value, leaked.parts![0].value]).toEqual([0, 0]);
  });

  it('of insertion begins and ends where the pictures do', async () => {
    // One step: the mean of the empty picture's score and the whole one's.
    const { images } = await run(['insertion'], {}, { insertion: { steps: 1, method: 'input-gradient' } });
    const deleted = await run(['deletion'], {}, { deletion: { steps: 1, method: 'input-gradient' } });
    images.forEach(({ values, trueScore }, i) => {
      expect(values.insertion!).toBeGreaterThan(trueScore / 2 - 1e-6);
      expect(values.insertion!).toBeCloseTo(deleted.images[i].values.deletion!, 6);
    });
  });

  it('of other weights finds another map', async () => {
    const all = await metricValueOf('weight-randomisation', { method: 'input-gradient' });
    expect(Math.abs(all.value!)).toBeLessThan(0.9);
  });

  it('under an attack on the map counts those attacked and those skipped', async () => {
    const ids = ['top-k-intersection', 'kendall-correlation', 'spearman-correlation'];
    const { figures, images } = await run(ids);
    const right = images.filter((image, i) => image.predictedIndex === some()[i].classIndex).length;
    for (const { pictures: images, skipped, value } of ids.map((id) => figures[keyOf(id)])) {
      expect(images).toBeLessThanOrEqual(right);
      expect(images + skipped).toBe(12);
      expect(value!).toBeLessThan(1);
    }
    // Nothing can be changed by an attack that may not move: all are skipped.
    expect(await metricValueOf('kendall-correlation', { eps: 0 })).toMatchObject({
      value: null,
      skipped: 12,
    });
    const random = await metricValueOf('kendall-correlation', { attack: 'random-sign', eps: 0.01 });
    expect(random.value!).toBeGreaterThan(figures.kendallCorrelation.value!);
    // The worst of several attempts is not better than the first, and every attack takes the parameters it is given.
    const often = await metricValueOf('kendall-correlation', { restarts: 3 });
    expect(often.value!).toBeLessThanOrEqual(figures.kendallCorrelation.value!);
    for (const attack of ['ifia-centre', 'targeted-explanation', 'targeted-mass']) {
      const { pictures: images, value } = await metricValueOf('kendall-correlation', { attack });
      expect(images, attack).toBeGreaterThan(right / 2);
      expect(value!, attack).toBeLessThan(1);
    }
    const trapezoid = await metricValueOf('kendall-correlation', { rule: 'trapezoid' });
    expect(trapezoid.value!).not.toBe(figures.kendallCorrelation.value!);
  });

  it('of corruptions names each, and their mean is the figure', async () => {
    const { value, parts } = await metricValueOf('corruption-error', { severity: '1' });
    expect(parts).toHaveLength(15);
    expect(value).toBeCloseTo(parts!.reduce((sum, part) => sum + part.value!, 0) / 15, 12);
    expect((await metricValueOf('corruption-error', { corruptions: 'all' })).parts).toHaveLength(19);
  });

  it('at the best threshold finds at least what any one threshold finds', async () => {
    const iou = 0.3;
    const two = await metricValueOf('max-box-accuracy', { thresholds: 2, iou, method: 'input-gradient' });
    const ten = await metricValueOf('max-box-accuracy', { thresholds: 10, iou, method: 'input-gradient' });
    expect(ten.value!).toBeGreaterThanOrEqual(two.value!);
    expect(ten.pictures).toBe(some().filter(({ regions }) => regions.length > 0).length);
  });

  it('of one class has no composite and no negative heat', async () => {
    const images = some().filter(({ classIndex }) => classIndex === 0);
    expect(await metricValueOf('negative-quadrant-heat', {}, { images })).toMatchObject({
      value: null,
      pictures: 0,
    });
  });
});

describe('measures of a heat map', () => {
  it('offer every saliency method that needs no training pictures', () => {
    const comparing = ['expected-gradients'];
    const offered = mapMethods.map((method) => mapOf({ method }));
    expect([...new Set(offered.map(({ method }) => method)), ...comparing].sort()).toEqual(
      saliencyMethods.map(({ id }) => id).sort(),
    );
    for (const { method, params = {} } of offered)
      expect(() => checkParams(saliencyById(method), params)).not.toThrow();
  });
});

describe('the registry', () => {
  it('names each measure once, by an id and a key of its own, with a summary', () => {
    const infos = measureInfos();
    for (const name of ['id', 'key', 'title'] as const)
      expect(new Set(infos.map((info) => info[name])).size).toBe(infos.length);
    for (const { summary, citation, params: fields } of infos) {
      expect(summary.length).toBeGreaterThan(10);
      expect(citation.length).toBeGreaterThan(5);
      for (const { help } of fields) expect(help).toMatch(/\.$/);
    }
  });
  it('has presets that its schemas take', () => {
    for (const measure of measures)
      for (const preset of measure.presets) expect(() => checkParams(measure, preset.params)).not.toThrow();
  });
});
