// Whole measures, from pictures to figure, where network and heat maps are written down: figures have a closed form.

import { describe, expect, it } from 'vitest';
import type { MeasureContext } from '../../../../src-main/engine/measures/measure.ts';
import { leakageShare } from '../../../../src-main/engine/measures/feature-leakage.ts';
import { attackById } from '../../../../src-main/engine/attacks/index.ts';
import { checkParams } from '../../../../src-main/engine/nn/registry.ts';
import { measured, type Lent, type LentImage } from './lent.ts';

const meanOf = (image: ArrayLike<number>): number =>
  Array.from(image).reduce((sum, value) => sum + value, 0) / image.length;
const classes = ['one', 'two'];
/** Softmax of the first class: the mean of the picture. */
const bright = (image: Float32Array) => [Math.log(meanOf(image)), Math.log(1 - meanOf(image))];
/** Sigmoid of the first class: the mean of the picture; the second class is sure of itself. */
const brightOfSeveral = (image: Float32Array) => [Math.log(meanOf(image) / (1 - meanOf(image))), 5];

/** 2 x 2, mean 0.375; the brightest is the hottest, and so on down. */
const four: LentImage = { values: [0.2, 0.8, 0.1, 0.4], heat: [0.2, 0.4, 0.1, 0.3] };
const flat: LentImage = { values: four.values, heat: [0, 0, 0, 0] };
const small = (images: readonly LentImage[]): Lent => ({ sizePx: 2, classes, network: bright, images });
const several = (images: readonly LentImage[]): Lent => ({
  ...small(images),
  network: brightOfSeveral,
  task: 'multi',
});

describe('insertion and deletion', () => {
  const steps = { steps: 4 };
  it('are the area under the score, a pixel a step', async () => {
    const { values } = await measured('insertion', steps, small([four]));
    expect(values[0]).toBeCloseTo((0 / 2 + 0.2 + 0.3 + 0.35 + 0.375 / 2) / 4, 6);
    const deleted = await measured('deletion', steps, small([four]));
    expect(deleted.values[0]).toBeCloseTo((0.375 / 2 + 0.175 + 0.075 + 0.025 + 0 / 2) / 4, 6);
  });
  it('can begin with grey', async () => {
    const { values } = await measured('insertion', { ...steps, fill: 'grey' }, small([four]));
    expect(values[0]).toBeCloseTo((0.5 / 2 + 0.575 + 0.55 + 0.475 + 0.375 / 2) / 4, 6);
  });
  it('take the sigmoid of the class where pictures have several, also as the whole they are a share of', async () => {
    const { values } = await measured('insertion', steps, several([four]));
    expect(values[0]).toBeCloseTo(1.0375 / 4, 6);
    const relative = await measured('insertion', { ...steps, relative: true }, several([four]));
    expect(relative.values[0]).toBeCloseTo(1.0375 / 4 / 0.375, 6);
  });
  it('have no value for a flat map, nor as a share of nothing', async () => {
    for (const id of ['insertion', 'deletion'])
      expect((await measured(id, steps, small([four, flat]))).metricValue).toMatchObject({
        pictures: 1,
        skipped: 1,
      });
    const black: LentImage = { values: [0, 0, 0, 0], heat: four.heat };
    const { metricValue } = await measured('insertion', { ...steps, relative: true }, small([black]));
    expect(metricValue).toMatchObject({ value: null, skipped: 1 });
  });
});

describe('pixel perturbation', () => {
  // Without the coldest, 0.1, its place has the mean of the others: 1.4 / 3. Without the hottest, 0.8: 0.7 / 3.
  const [cold, hot] = [1.4 / 3, 0.7 / 3];
  it('is what the coldest leave less what the hottest leave, by the whole', async () => {
    for (const lent of [small([four]), several([four])]) {
      const { values } = await measured('pixel-perturbation', { share: 0.25 }, lent);
      expect(values[0]).toBeCloseTo((cold - hot) / 0.375, 5);
    }
  });
  it('can be of logits', async () => {
    const lent = small([four]);
    const { values } = await measured(
      'pixel-perturbation',
      { share: 0.25, score: 'logit' },
      { ...lent, network: (image) => [8 * meanOf(image), 0] },
    );
    expect(values[0]).toBeCloseTo((cold - hot) / 0.375, 5);
  });
  it('leaves a pixel to fill with, whatever the share', async () => {
    const { values } = await measured('pixel-perturbation', { share: 0.999 }, small([four]));
    // Three go: all is the hottest pixel, or all the coldest.
    expect(values[0]).toBeCloseTo((0.8 - 0.1) / 0.375, 5);
  });
  it('has no value for a flat map', async () => {
    const { metricValue } = await measured('pixel-perturbation', {}, small([flat]));
    expect(metricValue).toMatchObject({ value: null, pictures: 0, skipped: 1 });
  });
});

it('the saliency metric of a map that picks nothing out is that of the whole picture', async () => {
  for (const lent of [small([four]), several([four])])
    expect((await measured('saliency-metric', {}, lent)).values[0]).toBeCloseTo(-Math.log(0.375), 6);
});

describe('feature leakage', () => {
  const leaking: LentImage = { values: four.values, heat: [3, 1, 4, 0], regionMask: [0, 1, 0, 1] };
  it('is what lies outside, with its share of all', async () => {
    const empty: LentImage = { ...leaking, heat: [0, 0, 0, 0] };
    const unmarked: LentImage = { values: four.values, heat: [1, 1, 1, 1] };
    const { values, metricValue } = await measured('feature-leakage', {}, small([leaking, empty, unmarked]));
    expect(values).toEqual([7, 0, null]);
    expect(metricValue).toMatchObject({ value: 3.5, pictures: 2, skipped: 1 });
    // An empty map leaks nothing but has no share.
    expect(metricValue.parts).toEqual([{ name: 'share of all attribution', value: 7 / 8 }]);
    expect((await measured('feature-leakage', { norm: 'l2' }, small([leaking]))).values).toEqual([5]);
  });
  it('as a share does not move where the map is scaled', () => {
    const regionMask = [0, 1, 0, 1];
    expect(leakageShare(Float32Array.of(3, 1, -4, 0), regionMask)).toBe(7 / 8);
    expect(leakageShare(Float32Array.of(48, 16, -64, 0), regionMask)).toBe(7 / 8);
    expect(leakageShare(Float32Array.of(3, 1, 4, 0), [1, 1, 1, 1])).toBe(0);
    expect(leakageShare(Float32Array.of(3, 1, 4, 0), [0, 0, 0, 0])).toBe(1);
    expect(leakageShare(new Float32Array(4), regionMask)).toBeNull();
  });
});

describe('measures of boxes and masks', () => {
  const side = 16;
  const square = (from: number, to: number, value: (x: number, y: number) => number) =>
    Float32Array.from({ length: side * side }, (_, i) => {
      const [x, y] = [i % side, Math.floor(i / side)];
      return x >= from && x < to && y >= from && y < to ? value(x, y) : 0;
    });
  const wide = square(4, 12, () => 1); // 8 x 8
  const core = square(6, 10, () => 1); // 4 x 4, a quarter of it
  const values = new Float32Array(side * side).fill(0.7);
  const lent = (images: readonly LentImage[]): Lent => ({ ...small(images), sizePx: side });

  it('MaxBoxAcc is that of the one threshold that is best for all', async () => {
    // 1 in the core, 0.5 round it: below a threshold of 0.5 the box is the wide one, from there on the core.
    const heat = wide.map((value, i) => 0.5 * value + 0.5 * core[i]);
    const regionMask = [core, wide, core];
    const { metricValue } = await measured(
      'max-box-accuracy',
      { thresholds: 10 },
      lent([...regionMask.map((one) => ({ values, heat, regionMask: one })), { values, heat }]),
    );
    expect(metricValue).toMatchObject({
      pictures: 3,
      skipped: 1,
      parts: [{ name: 'at threshold', value: 0.5 }],
    });
    expect(metricValue.value).toBeCloseTo(2 / 3, 12);
    const other = await measured(
      'max-box-accuracy',
      { thresholds: 10 },
      lent([
        { values, heat, regionMask: wide },
        { values, regionMask: core },
      ]),
    );
    // An empty map finds nothing, but it is a picture.
    expect(other.metricValue).toMatchObject({ value: 0.5, pictures: 2, parts: [{ value: 0 }] });
    const none = await measured('max-box-accuracy', {}, lent([{ values, heat }]));
    expect(none.metricValue).toMatchObject({
      value: null,
      pictures: 0,
      skipped: 1,
      parts: [{ value: null }],
    });
  });

  it('top-1 segmentation wants the class and the mask', async () => {
    const corner = square(0, 6, () => 1);
    const { values: found, metricValue } = await measured(
      'top-1-segmentation',
      {},
      lent([
        { values, heat: wide, regionMask: wide },
        { values, heat: wide, regionMask: wide, labels: 1 }, // given class 0
        { values, heat: corner, regionMask: wide },
        { values, regionMask: wide }, // an empty map
        { values, heat: wide },
      ]),
    );
    expect(found).toEqual([1, 0, 0, 0, null]);
    expect(metricValue).toMatchObject({ value: 0.25, pictures: 4, skipped: 1 });
  });

  it('the pointing game can count every class the same', async () => {
    const hit: LentImage = { values, heat: core, regionMask: wide };
    const miss: LentImage = { values, heat: square(0, 1, () => 1), regionMask: wide, labels: 1 };
    const set: Lent = { ...lent([hit, hit, miss]), classes: [...classes, 'three'] };
    const method = 'input-gradient';
    const pooled = await measured('pointing-game', { method }, set);
    expect(pooled.metricValue.value).toBeCloseTo(2 / 3, 12);
    const { metricValue } = await measured('pointing-game', { method, mean: 'classes' }, set);
    expect(metricValue).toMatchObject({ value: 0.5, low: null, high: null, pictures: 3 });
    expect(metricValue.parts!.map(({ value }) => value)).toEqual([1, 0, null]);
  });

  it('the stochastic pointing game skips empty maps and pictures without a region', async () => {
    const half = square(4, 12, (x) => (x < 8 ? 3 : 1));
    const left = square(4, 12, (x) => Number(x < 8));
    const { values: found, metricValue } = await measured(
      'stochastic-pointing-game',
      { draws: 10_000, margin: 0 },
      lent([
        { values, heat: half, regionMask: left },
        { values, regionMask: left },
        { values, heat: half },
      ]),
    );
    // Three deviations of 10,000 draws: 0.013.
    expect(Math.abs(found[0]! - 0.75)).toBeLessThan(0.013);
    expect(metricValue).toMatchObject({ pictures: 1, skipped: 2 });
  });
});

describe('PGD accuracy', () => {
  it('wants a length in l2, and asks for what the attack itself knows', async () => {
    const asked: unknown[] = [];
    const lent: Lent = {
      ...small([four]),
      more: {
        attack({ eps, params }) {
          asked.push({ eps, ...params });
          return Promise.resolve({
            images: new Float32Array(12),
            logits: new Float32Array(2),
            changed: [true],
          });
        },
      },
    };
    await expect(measured('pgd-accuracy', { norm: 'l2' }, lent)).rejects.toThrow(
      /eps: in l2 epsilon is the length/,
    );
    await measured('pgd-accuracy', { norm: 'l2', eps: 0.5, keep: 'last' }, lent);
    const params = { norm: 'l2', steps: 20, step: 0.25, restarts: 1, keep: 'last' };
    expect(asked).toEqual([{ eps: 0.5, ...params }]);
    expect(() => checkParams(attackById('pgd'), params)).not.toThrow();
  });
});

describe('maps under attack', () => {
  /** The map of a picture is the picture; the attack gives these back. */
  const lent = (attacked: readonly { values: number[]; changed: boolean; keeps: boolean }[]): Lent => ({
    ...small(attacked.map(() => ({ values: [0.4, 0.3, 0.2, 0.1] }))),
    network: () => [1, 0],
    more: {
      attack: () =>
        Promise.resolve({
          images: Float32Array.from(attacked.flatMap(({ values }) => [...values, ...values, ...values])),
          logits: Float32Array.from(attacked.flatMap(({ keeps }) => (keeps ? [1, 0] : [0, 1]))),
          changed: attacked.map(({ changed }) => changed),
        }),
      maps: ({ images }) =>
        Promise.resolve({
          values: images.filter((_, i) => i % 12 < 4),
          side: 2,
        }),
    },
  });
  const moved = [0.1, 0.4, 0.3, 0.2];
  it('are compared by what stays on top, by pairs and by ranks', async () => {
    const one = lent([{ values: moved, changed: true, keeps: true }]);
    expect((await measured('top-k-intersection', { k: 2 }, one)).values).toEqual([0.5]);
    // Three pairs keep their order, three do not.
    expect((await measured('kendall-correlation', {}, one)).values).toEqual([0]);
    // Ranks move by 3, 1, 1 and 1: 1 - 6 * 12 / (4 * 15).
    expect((await measured('spearman-correlation', {}, one)).values[0]).toBeCloseTo(-0.2, 12);
  });
  it('count only where the picture was changed and its class stayed', async () => {
    const three = lent([
      { values: moved, changed: true, keeps: true },
      { values: moved, changed: true, keeps: false },
      { values: [0.4, 0.3, 0.2, 0.1], changed: false, keeps: true },
    ]);
    const { values, metricValue } = await measured('spearman-correlation', {}, three);
    expect(values.map((value) => value?.toFixed(6) ?? null)).toEqual(['-0.200000', null, null]);
    expect(metricValue).toMatchObject({ pictures: 1, skipped: 2 });
  });
  it('that became flat have nothing left of what they were, and those that were flat have no value', async () => {
    const flattened = { values: [0.4, 0.4, 0.4, 0.4], changed: true, keeps: true };
    const lost = lent([flattened]);
    const never = { ...lent([{ ...flattened, values: moved }]), images: [{ values: flattened.values }] };
    for (const id of ['top-k-intersection', 'kendall-correlation', 'spearman-correlation']) {
      expect((await measured(id, { k: 1 }, lost)).values, id).toEqual([0]);
      expect((await measured(id, { k: 1 }, never)).values, id).toEqual([null]);
    }
  });
});

describe('measures under noise', () => {
  const side = 16;
  const length = 3 * side * side;
  const lent = (value: number, more: Partial<MeasureContext> = {}): Lent => ({
    sizePx: side,
    classes: ['only'],
    more,
    // Of one class log-sum-exp is its logit: the change is normal, of deviation 0.1 * sqrt(length).
    network: (image) => [image.reduce((sum, one) => sum + one, 0)],
    images: [{ values: new Float32Array(side * side).fill(value) }],
  });
  it('the density moves as the mean magnitude of a normal number', async () => {
    const expected = 0.1 * Math.sqrt(length) * Math.sqrt(2 / Math.PI);
    const params = { deviation: 0.1, draws: 1000 };
    const { values } = await measured('density-robustness', params, lent(0.5));
    // Deviation of |normal| by its mean is 0.76: three of them over 1,000 draws are 7 %.
    expect(Math.abs(values[0]! / expected - 1)).toBeLessThan(0.07);
    const relative = await measured('density-robustness', { ...params, relative: true }, lent(0.5));
    expect(relative.values[0]).toBeCloseTo(values[0]! / (length / 2), 4);
  });
  it('the density has no relative change where it is 0', async () => {
    const { metricValue } = await measured('density-robustness', { relative: true }, lent(0));
    expect(metricValue).toMatchObject({ value: null, skipped: 1 });
  });
  it('a gradient that is the picture itself moves by the length of the noise', async () => {
    const program: MeasureContext['program'] = () => (_, feeds) => Promise.resolve({ grad: feeds.images });
    const params = { deviation: 0.1, draws: 20 };
    const { values } = await measured('gradient-robustness', params, lent(0.5, { program }));
    // Length of the noise over that of the picture; three deviations over 20 draws are 2 %.
    expect(Math.abs(values[0]! / (0.1 / 0.5) - 1)).toBeLessThan(0.02);
    const { metricValue } = await measured('gradient-robustness', params, lent(0, { program }));
    expect(metricValue).toMatchObject({ value: null, skipped: 1 });
  });
});

it('negative-quadrant heat skips what has no composite, picture by picture, and empty maps', async () => {
  // Of 4 in all, 3 lie in the upper left cell.
  const quarters: LentImage = { values: four.values, heat: [3, 0, 1, 0] };
  const { values, metricValue } = await measured(
    'negative-quadrant-heat',
    {},
    {
      ...small([quarters, quarters, { values: four.values }, quarters]),
      more: {
        composites: () => Promise.resolve({ images: new Float32Array(4 * 48), cells: [0, null, 1, 3] }),
      },
    },
  );
  expect(values).toEqual([0.25, null, null, 1]);
  expect(metricValue).toMatchObject({ value: 0.625, pictures: 2, skipped: 2 });
});

it('corruption error is the mean over severities and those corruptions that count', async () => {
  const blank: LentImage = { values: [0, 0, 0, 0] };
  const lent: Lent = {
    ...small([blank, { ...blank, labels: 1, trueClasses: [0, 1] }]),
    // Wrong, class 1, once a picture has gone grey.
    network: (image) => (image[0] > 0.35 ? [0, 1] : [1, 0]),
    more: {
      corruptions: [
        { id: 'grey', title: 'Grey', counted: true },
        { id: 'none', title: 'None', counted: true },
        { id: 'spare', title: 'Spare', counted: false },
      ],
      corrupt(_, id, severity, into, at) {
        into.fill(id === 'none' ? 0 : severity / 10, 12 * at, 12 * (at + 1));
        return Promise.resolve();
      },
    },
  };
  const { values, metricValue } = await measured('corruption-error', {}, lent);
  // Severities 4 and 5 of 5 in one of two corruptions; the second picture has both classes.
  expect(values).toEqual([0.2, 0]);
  expect(metricValue.parts).toEqual([
    { name: 'Grey', value: 0.2 },
    { name: 'None', value: 0 },
  ]);
  expect((await measured('corruption-error', { severity: '4' }, lent)).values).toEqual([0.5, 0]);
  const all = await measured('corruption-error', { corruptions: 'all' }, lent);
  expect(all.values[0]).toBeCloseTo(4 / 15, 12);
});

it('worst-group accuracy is of the least group that has pictures, with the interval of that group', async () => {
  const of = (group: number | undefined, labels: number): LentImage => ({
    values: [0, 0, 0, 0],
    labels,
    group,
  });
  // All are given class 0. Group 1 has nobody.
  const { values, metricValue } = await measured(
    'worst-group-accuracy',
    {},
    {
      ...small([of(0, 0), of(0, 0), of(2, 0), of(2, 1), of(2, 1), of(undefined, 1)]),
      network: () => [1, 0],
      more: { groups: ['a', 'b', 'c'] },
    },
  );
  expect(values).toEqual([1, 1, 1, 0, 0, null]);
  expect(metricValue.parts!.map(({ value }) => value)).toEqual([1, null, 1 / 3]);
  expect(metricValue).toMatchObject({ value: 1 / 3, pictures: 5, skipped: 1 });
  // Wilson of 1 in 3.
  expect([metricValue.low, metricValue.high].map((end) => end!.toFixed(4))).toEqual(['0.0615', '0.7923']);
});

describe('OOD AUROC', () => {
  const lent = (network: Lent['network'], others: number[], task?: Lent['task']): Lent => ({
    ...small([{ values: [1, 1, 1, 1] }, { values: [0, 0, 0, 0] }]),
    network,
    task,
    more: {
      against: async function* () {
        const images = Float32Array.from(others.flatMap((value) => Array<number>(12).fill(value)));
        yield await Promise.resolve({ images, count: others.length });
      },
    },
  });
  it('counts how often the own kind scores higher', async () => {
    // Own scores rise with 1 and 0, those of the others with 0.5, 0.25 and 0.
    const set = lent((image) => [3 * image[0], 0], [0.5, 0.25, 0]);
    for (const score of ['density', 'logit', 'probability']) {
      const { metricValue } = await measured('ood-auroc', { score }, set);
      expect(metricValue.value, score).toBeCloseTo((3 + 0.5) / 6, 12);
      expect(metricValue).toMatchObject({ pictures: 2, skipped: 0 });
    }
  });
  it('goes by the sigmoid of the best class where pictures have several', async () => {
    // By softmax the two classes of the bright pictures take from each other.
    const network: Lent['network'] = (image) => (image[0] > 0.7 ? [3, 3] : [1, -3]);
    const score = { score: 'probability' };
    expect((await measured('ood-auroc', score, lent(network, [0.5, 0], 'multi'))).metricValue.value).toBe(
      0.75,
    );
    expect((await measured('ood-auroc', score, lent(network, [0.5, 0]))).metricValue.value).toBe(0.25);
  });
});

describe('weight randomisation', () => {
  const request = { sizePx: 2, classes, network: () => [1, 0] };
  const values = [0, 0, 0, 0];
  const asked: string[][] = [];
  const more: Partial<MeasureContext> = {
    weights: {
      body: Float32Array.of(7),
      head: Float32Array.of(8),
      mean: Float32Array.of(9),
    },
    model: {
      parameters: [
        { name: 'body', shape: [1], init: 'ones', decay: true },
        { name: 'head', shape: [1], init: 'zeros', decay: true },
      ],
      head: ['head'],
    } as unknown as MeasureContext['model'],
    maps({ weights }) {
      if (weights) asked.push(Object.entries(weights).map(([name, [value]]) => `${name} ${value}`));
      const drawn = [1, 4, 3, 2, ...[1, 1, 1, 1]];
      return Promise.resolve({
        values: Float32Array.from(weights ? drawn : [4, 3, 2, 1, ...[4, 3, 2, 1]]),
        side: 2,
      });
    },
  };
  it('correlates ranks with those of new weights, and skips flat maps', async () => {
    const { values: found, metricValue } = await measured(
      'weight-randomisation',
      {},
      {
        ...request,
        more,
        images: [{ values }, { values }],
      },
    );
    expect(found[0]).toBeCloseTo(-0.2, 12);
    expect(found[1]).toBeNull();
    expect(metricValue).toMatchObject({ pictures: 1, skipped: 1 });
    expect(asked.pop()).toEqual(['body 1', 'head 0', 'mean 9']);
  });
  it('can draw the head alone', async () => {
    const images = [{ values }, { values }];
    await measured('weight-randomisation', { layers: 'head' }, { ...request, more, images });
    expect(asked.pop()).toEqual(['body 7', 'head 0', 'mean 9']);
  });
});
