// What must hold of heat maps whatever the network has learnt.

import { describe, expect, it } from 'vitest';
import { input, sum } from '../../../../src-main/engine/graph/index.ts';
import { selectedLogit } from '../../../../src-main/engine/nn/classification.ts';
import { mapOf } from '../../../../src-main/engine/measures/params.ts';
import { fullGradient } from '../../../../src-main/engine/saliency/fullgrad.ts';
import { randomMask } from '../../../../src-main/engine/saliency/rise.ts';
import { randomFromSeed } from '../../../../src-main/engine/nn/random.ts';
import { targetRows } from '../../../../src-main/engine/inference/heat-maps.ts';
import {
  batch,
  classes,
  evaluate,
  sizePx,
  tinyBatch,
  tinyNetwork,
  tinyWeights,
} from '../training/tiny-network.ts';
import {
  linear,
  linearWeights,
  mapsOf,
  own,
  images as someImages,
  rawOf,
  requestOf,
  signedOf,
  sumsOf,
} from './heat-of.ts';

const area = sizePx * sizePx;
const { images } = tinyBatch();

/** Logits of pictures, [N][K]. */
async function logitsOf(values: Float32Array, more: Parameters<typeof rawOf>[2] = {}): Promise<number[][]> {
  const count = values.length / (3 * area);
  const { logits } = await rawOf(
    'input-gradient',
    {},
    { images: values, targets: targetRows(Array<number>(count).fill(0), classes), ...more },
  );
  return Array.from({ length: count }, (_, i) => [...logits.subarray(i * classes, (i + 1) * classes)]);
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
/** Standard error of the mean of independent values. */
const errorOf = (values: readonly number[]): number =>
  Math.sqrt(mean(values.map((v) => (v - mean(values)) ** 2)) / (values.length - 1));

describe('integrated gradients', () => {
  const rise = async (baseline: Float32Array): Promise<number[]> => {
    const [from] = await logitsOf(baseline);
    return (await logitsOf(images)).map((logits, b) => logits[own[b]] - from[own[b]]);
  };

  it('sum to what the score gains on the way, and come nearer with more steps', async () => {
    const expected = await rise(new Float32Array(3 * area));
    const errors = [];
    for (const steps of [8, 1000]) {
      const sums = sumsOf(await signedOf('integrated-gradients', { steps }));
      errors.push(Math.max(...sums.map((value, b) => Math.abs(value - expected[b]))));
    }
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.1);
    expect(errors[1]).toBeLessThan(1e-3);
    expect(errors[0]).toBeGreaterThan(10 * errors[1]);
  });

  it('of a linear network are exact after one step, by every rule', async () => {
    for (const rule of ['midpoint', 'trapezoid', 'left', 'right']) {
      const map = await signedOf('integrated-gradients', { steps: 1, rule, baseline: 'grey' }, linear);
      const expected = Array.from({ length: batch * area }, (_, at) => {
        const [b, i] = [Math.floor(at / area), at % area];
        return [0, 1, 2].reduce(
          (total, c) =>
            total + linearWeights[(own[b] * 3 + c) * area + i] * (images[(b * 3 + c) * area + i] - 0.5),
          0,
        );
      });
      expected.forEach((value, i) => expect(map[i]).toBeCloseTo(value, 6));
    }
  });
});

describe('the full gradient', () => {
  it('of a ReLU network sums with the bias of the head to the logit', () => {
    for (const pool of ['average', 'max'] as const) {
      const model = tinyNetwork(pool);
      const given = tinyWeights(model);
      model.buffers.forEach(({ name }, i) => {
        given[name] = given[name].map((value, c) => value + 0.2 * Math.sin(i + c));
      });
      const weights = new Map(
        [...model.parameters, ...model.buffers].map(({ name, shape }) => [name, input(name, shape)]),
      );
      const x = input('images', [batch, 3, sizePx, sizePx]);
      const target = input('target', [batch, classes]);
      const pass = model.forward(x, weights, 'eval');
      const scores = selectedLogit(pass.logits, target);
      const { pixels, biases } = fullGradient(pass, x, sum(scores), model.normalisation);
      const parts = Object.fromEntries(
        [pixels, ...biases].map((part, i) => [`part${i}`, sum(part, [1, 2, 3])]),
      );
      const targets = targetRows(own, classes);
      const values = evaluate({ scores, ...parts }, { ...given, images, target: targets });
      expect(biases).toHaveLength(6);
      for (let b = 0; b < batch; b++) {
        let whole = given['fc.bias'][own[b]];
        for (const name of Object.keys(parts)) whole += values[name][b];
        expect(whole).toBeCloseTo(values.scores[b], 9);
      }
    }
  });
});

describe('expected gradients and GradSHAP', () => {
  it('of a linear network sum to what the score has more than that of the starts', async () => {
    const references = [someImages(0.9), someImages(1.4)];
    const starts = await logitsOf(Float32Array.from([...references[0], ...references[1]]), linear);
    const logits = await logitsOf(images, linear);
    for (const [method, params] of [
      ['expected-gradients', { samples: 2 }],
      ['gradshap', { samples: 2, noise: 0, baseline: 'pictures' }],
    ] as const) {
      const sums = sumsOf(await signedOf(method, params, { ...linear, references }));
      sums.forEach((value, b) =>
        expect(value).toBeCloseTo(logits[b][own[b]] - (starts[0][own[b]] + starts[1][own[b]]) / 2, 4),
      );
    }
  });

  it('sum to it on average for any network', async () => {
    const references = [someImages(0.9), someImages(1.4)];
    const starts = await logitsOf(Float32Array.from([...references[0], ...references[1]]));
    const logits = await logitsOf(images);
    const bySeed: number[][] = [];
    for (let seed = 0; seed < 8; seed++)
      bySeed.push(sumsOf(await signedOf('expected-gradients', { samples: 200, seed }, { references })));
    for (let b = 0; b < batch; b++) {
      const values = bySeed.map((sums) => sums[b]);
      const expected = logits[b][own[b]] - (starts[0][own[b]] + starts[1][own[b]]) / 2;
      expect(Math.abs(mean(values) - expected)).toBeLessThan(4 * errorOf(values));
      expect(errorOf(values)).toBeLessThan(0.2 * Math.abs(expected) + 0.05);
    }
  });

  it('are the same method without noise', async () => {
    const params = { samples: 5, seed: 3 };
    expect(await mapsOf('gradshap', { ...params, noise: 0, baseline: 'pictures' })).toEqual(
      await mapsOf('expected-gradients', params),
    );
  });
});

describe('occlusion', () => {
  it('of a linear network is the mean fall over the patches that cover a pixel', async () => {
    const [side, step] = [3, 2];
    const starts = [0, 2, 4, 6]; // the last patch is cut at the rim
    const map = await signedOf(
      'occlusion',
      { score: 'logit', window: 3 / 8, stride: 2 / 3, fill: 'mean' },
      linear,
    );
    const colour = [0.485, 0.456, 0.406];
    const covers = (start: number, i: number): boolean => i >= start && i < start + side;
    const worth = (b: number, y: number, x: number): number =>
      [0, 1, 2].reduce((total, c) => {
        const at = y * sizePx + x;
        return (
          total + linearWeights[(own[b] * 3 + c) * area + at] * (images[(b * 3 + c) * area + at] - colour[c])
        );
      }, 0);
    expect(starts).toEqual([0, 1, 2, 3].map((i) => i * step));
    for (const [b, y, x] of [
      [0, 0, 0],
      [1, 3, 4],
      [2, 7, 6],
      [3, 2, 7],
    ]) {
      const falls = [];
      for (const top of starts.filter((start) => covers(start, y)))
        for (const left of starts.filter((start) => covers(start, x))) {
          let fall = 0;
          for (let row = top; row < Math.min(sizePx, top + side); row++)
            for (let column = left; column < Math.min(sizePx, left + side); column++)
              fall += worth(b, row, column);
          falls.push(fall);
        }
      expect(map[b * area + y * sizePx + x]).toBeCloseTo(mean(falls), 5);
    }
  });
});

describe('RISE', () => {
  const [cells, shown] = [4, 0.5];
  const cellPx = Math.ceil(sizePx / cells);
  /** Weight of grid line g in pixel i of a mask cut at `start`: a hat round it. */
  const hat = (start: number, i: number, g: number): number => {
    const place = ((start + i + 0.5) * cells) / ((cells + 1) * cellPx) - 0.5;
    return Math.max(0, 1 - Math.abs(Math.min(cells - 1, Math.max(0, place)) - g));
  };
  const starts = Array.from({ length: cellPx }, (_, i) => i);
  const lines = Array.from({ length: cells }, (_, g) => g);
  /** Sum over grid lines of the weights they have in both pixels, for one cut. */
  const common = (start: number, i: number, j: number): number =>
    lines.reduce((total, g) => total + hat(start, i, g) * hat(start, j, g), 0);

  it('has masks whose mean is the share shown and that go together as their cells do', () => {
    const masks = Array.from({ length: 4000 }, (_, i) => randomMask(randomFromSeed(i), cells, shown, sizePx));
    const values = masks.map((mask) => mask[19]);
    expect(Math.abs(mean(values) - shown)).toBeLessThan(4 * errorOf(values));
    const products = masks.map((mask) => mask[19] * mask[27]); // (2, 3) and (3, 3)
    const across = mean(starts.map((start) => common(start, 3, 3)));
    const down = mean(starts.map((start) => common(start, 2, 3)));
    const expected = shown ** 2 + shown * (1 - shown) * across * down;
    expect(Math.abs(mean(products) - expected)).toBeLessThan(4 * errorOf(products));
  });

  it('of a linear network has the map that the masks’ covariance says, within the sampling error', async () => {
    const bySeed: Float32Array[] = [];
    for (let seed = 0; seed < 8; seed++)
      bySeed.push(
        await signedOf('rise', { masks: 1000, cells, shown, score: 'logit', fill: 'black', seed }, linear),
      );
    const [across, down] = [0, 1].map(() =>
      Array.from({ length: sizePx }, (_, i) =>
        Array.from({ length: sizePx }, (_, j) => mean(starts.map((start) => common(start, i, j)))),
      ),
    );
    let worst = 0;
    for (let b = 0; b < batch; b++)
      for (const at of [0, 19, 36, 63]) {
        const [y, x] = [Math.floor(at / sizePx), at % sizePx];
        let expected = 1 * shown; // the bias of the network, times the mask's mean
        for (let pixel = 0; pixel < area; pixel++) {
          const [row, column] = [Math.floor(pixel / sizePx), pixel % sizePx];
          const together = shown ** 2 + shown * (1 - shown) * down[y][row] * across[x][column];
          for (let c = 0; c < 3; c++)
            expected +=
              together * linearWeights[(own[b] * 3 + c) * area + pixel] * images[(b * 3 + c) * area + pixel];
        }
        const values = bySeed.map((map) => map[b * area + at]);
        worst = Math.max(worst, Math.abs(mean(values) - expected / shown) / errorOf(values));
      }
    expect(worst).toBeLessThan(5); // the largest of 16 deviations, each by its own standard error
  });
});

describe('maps of features', () => {
  const cells = (sizePx / 2) ** 2;

  it('agree between HiResCAM and element-wise Grad-CAM always, and Grad-CAM under average pooling', async () => {
    for (const pool of ['average', 'max'] as const) {
      const hires = (await rawOf('hirescam', {}, { pool })).values;
      expect(hires).toEqual((await rawOf('grad-cam', { form: 'elementwise' }, { pool })).values);
      const standard = (await rawOf('grad-cam', { form: 'standard' }, { pool })).values;
      const apart = Math.max(...hires.map((value, i) => Math.abs(value - standard[i])));
      if (pool === 'average') expect(apart).toBeLessThan(1e-6);
      else expect(apart).toBeGreaterThan(1e-2);
    }
  });

  it('that measures call Grad-CAM and element-wise Grad-CAM are two: only the second is HiResCAM', async () => {
    const [standard, elementwise, hires] = await Promise.all(
      (['grad-cam', 'grad-cam-elementwise', 'hirescam'] as const).map(async (choice) => {
        const { method, params } = mapOf({ method: choice });
        return (await rawOf(method, params, { pool: 'max' })).values;
      }),
    );
    expect(elementwise).toEqual(hires);
    expect(Math.max(...hires.map((value, i) => Math.abs(value - standard[i])))).toBeGreaterThan(1e-2);
  });

  it('of CAM are those of Grad-CAM times the number of cells, under average pooling and a linear head', async () => {
    const { values } = await rawOf('cam', { sign: 'positive' });
    const gradCam = (await rawOf('grad-cam', { form: 'standard' })).values;
    expect(Math.max(...values)).toBeGreaterThan(0.1);
    values.forEach((value, i) => expect(value).toBeCloseTo(cells * gradCam[i], 4));
  });

  it('of excitation without contrast are shares of the last stage that sum to 1', async () => {
    const { values } = await rawOf('cmwp', { contrast: false, stagesBack: 0 });
    for (const sum of sumsOf(values)) expect(sum).toBeCloseTo(1, 5);
  });
});

describe('the difference of two classes', () => {
  it('has as its map the difference of the maps, where a method is linear in the score', async () => {
    const versus = targetRows([2, 2, 2, 2], classes);
    const against = targetRows([0, 0, 1, 1], classes, 2);
    for (const [method, params] of [
      ['gradient-x-input', {}],
      ['integrated-gradients', { steps: 5 }],
      ['smoothgrad', { samples: 3 }],
      ['occlusion', { window: 0.3 }],
    ] as const) {
      const [one, other, both] = await Promise.all(
        [targetRows([0, 0, 1, 1], classes), versus, against].map((targets) =>
          signedOf(method, params, { targets }),
        ),
      );
      both.forEach((value, i) => expect(value).toBeCloseTo(one[i] - other[i], 4));
    }
  });

  it('is refused for a class against itself', () => {
    expect(() => targetRows([1, 2], 3, 2)).toThrow('held against itself');
  });

  it('asks for a row of targets for each picture', async () => {
    const request = requestOf('hirescam', {}, { targets: targetRows([1], classes) });
    await expect(mapsOf('hirescam', {}, request)).rejects.toThrow('row of targets');
  });
});
