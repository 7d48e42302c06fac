// How maps are made of many pictures and many looks: batched, repeatable, stopped when asked.

import { describe, expect, it } from 'vitest';
import { relu } from '../../../../src-main/engine/graph/index.ts';
import type { BuiltModel } from '../../../../src-main/engine/nn/index.ts';
import type { Executor } from '../../../../src-main/engine/runtime/index.ts';
import { saliencyInfos, saliencyMethods } from '../../../../src-main/engine/saliency/index.ts';
import { targetRows } from '../../../../src-main/engine/inference/heat-maps.ts';
import { classes, sizePx } from '../training/tiny-network.ts';
import { linear, mapsOf, onnx, rawOf } from './heat-of.ts';

/** Few looks, so that every method is quick here; an odd number, so that the last run is not full. */
const few: Record<string, Record<string, number>> = {
  'integrated-gradients': { steps: 7 },
  smoothgrad: { samples: 7 },
  gradshap: { samples: 7 },
  'expected-gradients': { samples: 7 },
  occlusion: { window: 0.4 },
  rise: { masks: 7 },
};
const ids = saliencyMethods.map(({ id }) => id);

/** An executor that counts its runs. */
function counting(onRun: (runs: number) => void): Executor {
  let runs = 0;
  return {
    id: 'counting',
    async compile(program) {
      const session = await onnx.compile(program);
      return {
        run(feeds) {
          onRun(++runs);
          return session.run(feeds);
        },
        dispose: () => session.dispose(),
      };
    },
  };
}

describe('every method', () => {
  it.each(ids)('%s gives maps that are not negative, not flat, and the same again', async (method) => {
    const maps = await mapsOf(method, few[method]);
    expect(maps.length).toBe(4 * sizePx * sizePx);
    expect(maps.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
    expect(Math.max(...maps)).toBeGreaterThan(Math.min(...maps));
    expect(await mapsOf(method, few[method])).toEqual(maps);
  });

  it.each(ids)(
    '%s gives a picture the same map alone and among others, however looks are batched',
    async (method) => {
      const together = await mapsOf(method, few[method]);
      for (const batch of [3, 9]) {
        const maps = await mapsOf(method, few[method], { batch });
        const largest = Math.max(...together);
        maps.forEach((value, i) => expect(Math.abs(value - together[i])).toBeLessThan(1e-5 * largest));
      }
    },
  );

  it.each(ids)('%s explains the difference of two classes', async (method) => {
    const one = await mapsOf(method, few[method], { targets: targetRows([0, 0, 1, 1], classes) });
    const both = await mapsOf(method, few[method], { targets: targetRows([0, 0, 1, 1], classes, 2) });
    expect(both.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
    expect(both).not.toEqual(one);
  });
});

it.each(ids)('%s explains a network with softplus, as one with ReLU where it is sharp', async (method) => {
  const maps = await mapsOf(method, few[method], { activation: { kind: 'softplus', beta: 10 } });
  expect(maps.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
  const sharp = await mapsOf(method, few[method], { activation: { kind: 'softplus', beta: 1e5 } });
  const plain = await mapsOf(method, few[method]);
  const largest = Math.max(...plain);
  sharp.forEach((value, i) => expect(Math.abs(value - plain[i])).toBeLessThan(1e-2 * largest));
});

it('random methods give another map for another seed', async () => {
  for (const method of ['smoothgrad', 'gradshap', 'expected-gradients', 'rise'])
    expect(await mapsOf(method, { ...few[method], seed: 1 })).not.toEqual(
      await mapsOf(method, { ...few[method], seed: 2 }),
    );
});

it('SmoothGrad of a linear network is its gradient, whatever the noise', async () => {
  const smooth = await mapsOf('smoothgrad', { samples: 3, noise: 0.5 }, linear);
  const plain = await mapsOf('input-gradient', {}, linear);
  plain.forEach((value, i) => expect(smooth[i]).toBeCloseTo(value, 5));
});

it('tells of each method how often it looks', () => {
  const many = saliencyInfos().filter(({ passes }) => passes === 'many');
  expect(many.map(({ id }) => id)).toEqual(Object.keys(few).sort((a, b) => ids.indexOf(a) - ids.indexOf(b)));
});

describe('many looks', () => {
  it('are run as full batches of pictures, without a run more than needed', async () => {
    const runs: number[] = [];
    await mapsOf('rise', { masks: 100 }, { batch: 40, executor: counting((n) => runs.push(n)) });
    expect(runs).toHaveLength(10); // four pictures ten looks at a time
  });

  it('stop soon after they are cancelled', async () => {
    const abort = new AbortController();
    let runs = 0;
    const executor = counting((n) => {
      runs = n;
      if (n === 3) abort.abort();
    });
    await expect(
      mapsOf('rise', { masks: 1000 }, { batch: 8, executor, signal: abort.signal }),
    ).rejects.toMatchObject({ code: 'cancelled' });
    expect(runs).toBe(3);
  });
});

describe('what a method needs', () => {
  it('is asked for in words', async () => {
    const refused = (...args: Parameters<typeof rawOf>) => expect(rawOf(...args)).rejects;
    await refused('expected-gradients', {}, { references: [] }).toThrow('training pictures');
    await refused('grad-cam', { stagesBack: 2 }).toThrow('2 convolution stages');
    await refused('hirescam', {}, linear).toThrow('no convolutions');
    await refused('cam', {}, linear).toThrow('convolutions');
    await refused('rise', { mask: 3 }).toThrow('mask');
  });

  it('is a head that reads the maps, for CAM', async () => {
    const model: BuiltModel = {
      ...linear.architecture.model,
      forward(images, weights, mode) {
        const features = relu(images);
        const pass = linear.architecture.model.forward(features, weights, mode);
        return { ...pass, features, stages: [features] };
      },
    };
    const architecture = { ...linear.architecture, model };
    await expect(rawOf('cam', {}, { ...linear, architecture })).rejects.toThrow('pooled feature maps');
    expect((await rawOf('hirescam', {}, { ...linear, architecture })).side).toBe(sizePx);
  });
});
