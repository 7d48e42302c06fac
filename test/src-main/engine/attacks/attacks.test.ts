// What every attack keeps to, and what the attacks on the explanation reach.

import { afterAll, describe, expect, it } from 'vitest';
import {
  attackById,
  attackInfos,
  attacks,
  type AttackTarget,
  type Norm,
} from '../../../../src-main/engine/attacks/index.ts';
import { constant, matmul, reshape } from '../../../../src-main/engine/graph/index.ts';
import type { BuiltModel } from '../../../../src-main/engine/nn/model.ts';
import { imageNetNormalisation } from '../../../../src-main/engine/nn/normalise.ts';
import { judge, overlap, topMasks } from '../../../../src-main/engine/attacks/explanation.ts';
import { logitsOf, marginsOf, predictionsOf } from '../../../../src-main/engine/attacks/queries.ts';
import { checkParams } from '../../../../src-main/engine/nn/registry.ts';
import { randomFromSeed } from '../../../../src-main/engine/nn/random.ts';
import { attackImages, attackTarget } from '../../../../src-main/engine/inference/attack-images.ts';
import type { Architecture } from '../../../../src-main/engine/data/architecture.ts';
import {
  accuracyOf,
  architecture,
  attacked,
  classes,
  distancesOf,
  meansOfColours,
  imageLength,
  someImages,
  predictedOf,
  sessions,
  sizePx,
  weightsOf,
} from './small-networks.ts';

afterAll(() => sessions.dispose());

const explanation = { map: 'gradient', points: 4, beta: 30 };
/** Quick settings of every attack. */
const quick: Record<string, Record<string, unknown>> = {
  fgsm: {},
  pgd: { steps: 5 },
  mim: { steps: 5 },
  deepfool: { steps: 5 },
  'cw-l2': { searches: 2, steps: 20, weight: 1 },
  spsa: { steps: 3, samples: 16 },
  spatial: { shifts: 3, turns: 3 },
  'apgd-ce': { steps: 10 },
  'apgd-dlr': { steps: 10, targets: 2 },
  fab: { steps: 10, targets: 2, restarts: 2 },
  square: { queries: 40 },
  autoattack: { steps: 10, targets: 2, queries: 40 },
  'ifia-top-k': { k: 20, steps: 5, ...explanation },
  'ifia-centre': { steps: 5, ...explanation },
  'random-sign': { draws: 2, k: 20, map: 'gradient' },
  'targeted-explanation': { steps: 10, stepSize: 0.002, ...explanation },
  'targeted-mass': { k: 20, steps: 5, ...explanation },
};
const count = 12;
const epsOf = (norm: Norm | null): number => (norm === 'l2' ? 0.7 : 0.05);

describe('every attack', () => {
  it('is tried here, and has presets that its own schema accepts and that set every parameter', () => {
    expect(attacks.map(({ id }) => id)).toEqual(Object.keys(quick));
    for (const attack of attacks)
      for (const preset of attack.presets) expect(checkParams(attack, preset.params)).toEqual(preset.params);
    for (const { summary, citation, params, norm } of attackInfos()) {
      expect(summary).toMatch(/^[A-Z].*\.$/);
      expect(citation).toMatch(/\d{4}/);
      for (const { help } of params) expect(help).toMatch(/^[A-Z].*\.$/);
      expect(['linf', 'l2', null]).toContain(norm);
    }
  });

  for (const [id, settings] of Object.entries(quick)) {
    const attack = attackById(id);
    const norms: (Norm | null)[] =
      'norm' in attack.schema.shape ? ['linf', 'l2'] : [attack.norm(checkParams(attack, settings))];
    for (const norm of norms)
      it(`${id}${norm ? ` in ${norm}` : ''} stays in [0, 1] and in its budget, and is the same for the same seed`, async () => {
        const params = norms.length > 1 ? { ...settings, norm } : settings;
        const [one, same] = [
          await attacked(id, params, epsOf(norm), { count, seed: 7 }),
          await attacked(id, params, epsOf(norm), { count, seed: 7 }),
        ];
        expect(same.images).toEqual(one.images);
        expect(one.images.every((value) => value >= 0 && value <= 1)).toBe(true);
        if (norm) expect(Math.max(...distancesOf(one, norm))).toBeLessThan(epsOf(norm) + 1e-6);
        expect(one.changed.filter(Boolean).length).toBeGreaterThan(count / 3);
        const kept = one.changed.filter((_, i) => predictedOf(one, i) === i % classes).length;
        if (attack.aim === 'explanation') expect(kept).toBe(count);
      });
  }

  it('leaves alone, but for FGSM, what the network errs on without it', async () => {
    const { images } = someImages(count);
    const labels = Int32Array.from({ length: count }, (_, i) => (i + 1) % classes); // all wrong
    for (const { id } of attacks) {
      const result = await attackImages({
        architecture,
        weights: weightsOf('standard'),
        sessions,
        images,
        labels,
        eps: 0.05,
        attack: attackById(id),
        params: quick[id],
        random: randomFromSeed(1),
      });
      expect(result.changed.includes(true), id).toBe(id === 'fgsm');
    }
  });

  it('stops when asked to', async () => {
    const stop = new AbortController();
    const result = attackImages({
      architecture,
      weights: weightsOf('standard'),
      sessions,
      ...someImages(count),
      eps: 0.01,
      attack: attackById('square'),
      params: { queries: 1_000_000 },
      random: randomFromSeed(1),
      signal: stop.signal,
    });
    setTimeout(() => stop.abort(), 50);
    await expect(result).rejects.toThrow('the attack was cancelled');
  });

  it('gives the same whatever the batches it is cut into', async () => {
    const [whole, parts] = await Promise.all(
      [64, 5].map((batch) =>
        attackImages({
          architecture,
          weights: weightsOf('standard'),
          sessions,
          ...someImages(count),
          eps: 0.05,
          batch,
          attack: attackById('pgd'),
          params: quick.pgd,
          random: randomFromSeed(1),
        }),
      ),
    );
    whole.images.forEach((value, i) => expect(parts.images[i]).toBeCloseTo(value, 5));
  });
});

describe('attacks on the class', () => {
  it('leave no more standing together than each of them alone', async () => {
    const options = { network: 'standard', count: 60 } as const;
    const together = accuracyOf(await attacked('autoattack', { steps: 20, queries: 50 }, 0.04, options));
    for (const [id, params] of [
      ['apgd-ce', { steps: 20 }],
      ['square', { queries: 50 }],
    ] as const)
      expect(together).toBeLessThanOrEqual(accuracyOf(await attacked(id, params, 0.04, options)) + 1 / 60);
    expect(together).toBeLessThan(0.7);
  });

  it('reach more with more room, more attempts and more steps', async () => {
    const under = async (eps: number, params: Record<string, unknown>) =>
      accuracyOf(await attacked('pgd', params, eps, { count: 100 }));
    const curve = [await under(0.02, {}), await under(0.04, {}), await under(0.06, {})];
    expect(curve[0]).toBeGreaterThan(curve[1]);
    expect(curve[1]).toBeGreaterThan(curve[2]);
    expect(await under(0.05, { steps: 40, restarts: 5 })).toBeLessThanOrEqual(
      await under(0.05, { steps: 2 }),
    );
  });

  it('pass from one network to another, though less well than made for it', async () => {
    const options = { network: 'standard', count: 100 } as const;
    for (const id of ['mim', 'pgd', 'apgd-ce']) {
      const own = accuracyOf(await attacked(id, {}, 0.08, options));
      const passed = await attacked(id, {}, 0.08, { ...options, source: 'robust' });
      expect(accuracyOf(passed), id).toBeGreaterThan(own);
      expect(accuracyOf(passed), id).toBeLessThan(0.3);
    }
  });

  it('made for another network go on with all pictures, those that their own network errs on too', async () => {
    const { images } = someImages(count);
    const labels = Int32Array.from({ length: count }, (_, i) => (i + 1) % classes); // all wrong
    const network = { architecture, weights: weightsOf('standard') };
    const smallest = ['deepfool', 'cw-l2', 'fab']; // end at the boundary
    for (const { id, aim } of attacks)
      if (aim === 'class' && !smallest.includes(id)) {
        const request = { ...network, sessions, images, labels, eps: 0.05, random: randomFromSeed(1) };
        const attack = { attack: attackById(id), params: quick[id] };
        const passed = await attackImages({ ...request, ...attack, source: network });
        expect(passed.changed.filter(Boolean).length, id).toBe(count);
        const lossesOf = (logits: Float32Array) => marginsOf(logits, labels, classes);
        const before = lossesOf(await logitsOf(attackTarget({ ...network, sessions }), images));
        const mean = (values: Float64Array) => values.reduce((sum, one) => sum + one, 0) / count;
        expect(mean(lossesOf(passed.logits)), id).toBeGreaterThan(mean(before));
      }
  });

  it('hold but so many copies of pictures at a time, whatever their size', async () => {
    const [large, count] = [224, 30];
    const one = 3 * large ** 2;
    const colours: Architecture = { key: 'colours', model: meansOfColours, classes: 3, sizePx: large };
    const weights = { w: Float32Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1]) };
    const target = attackTarget({ architecture: colours, weights, sessions, batch: 32 });
    const images = new Float32Array(count * one);
    for (let i = 0; i < count; i++)
      [0.5, 0.45 + i / 1000, 0.47].forEach((value, c) =>
        images.fill(value, i * one + (c * one) / 3, i * one + ((c + 1) * one) / 3),
      );
    let most = 0;
    const watched: AttackTarget = {
      ...target,
      program(...asked) {
        const run = target.program(...asked);
        return (rows, feeds) => {
          most = Math.max(most, rows);
          return run(rows, feeds);
        };
      },
    };
    for (const [id, some, params] of [
      ['deepfool', count, { norm: 'linf' }],
      ['fab', count, { steps: 1, targets: 0 }],
      ['spsa', 1, { steps: 1, samples: 40 }],
    ] as const) {
      const attack = attackById(id);
      const made = (part: Float32Array) => {
        const input = { images: part, labels: new Int32Array(part.length / one), eps: 0.1 };
        return attack.run(watched, input, checkParams(attack, params), randomFromSeed(1));
      };
      most = 0;
      const all = await made(images.slice(0, some * one));
      expect(most, id).toBeGreaterThan(50);
      expect(most, id).toBeLessThanOrEqual(56); // 32 MB and one
      const last = await made(images.slice((some - 1) * one, some * one));
      expect(
        last.every((value, i) => value === all[(some - 1) * one + i]),
        id,
      ).toBe(true);
      if (some > 1) expect(predictionsOf(await logitsOf(target, all), 3), id).not.toContain(0);
    }
  });

  it('refuse a source whose classes differ, and parameters they do not know', async () => {
    const base = { architecture, weights: weightsOf('standard'), sessions, ...someImages(2), eps: 0.05 };
    const request = { ...base, attack: attackById('pgd'), params: {}, random: randomFromSeed(1) };
    const source = {
      architecture: { ...architecture, classes: 4, key: 'other' },
      weights: weightsOf('robust'),
    };
    await expect(attackImages({ ...request, source })).rejects.toThrow('differ in classes or picture size');
    await expect(attackImages({ ...request, params: { stepSize: 1 } })).rejects.toThrow(
      'pgd has no parameter "stepSize"',
    );
  });

  it('spatial shifts by whole pixels where the share of the side is whole', async () => {
    const { images } = someImages(1);
    const random = randomFromSeed(1);
    const request = { architecture, weights: weightsOf('standard'), sessions, images, eps: 0, random };
    // A label that is wrong, and another network in name: the corner of the grid with the largest margin is taken.
    const { images: moved } = await attackImages({
      ...request,
      labels: Int32Array.of(1),
      source: request,
      attack: attackById('spatial'),
      params: { shift: 0.2, turn: 0, shifts: 2, turns: 1 },
    });
    const shifted = (right: number, down: number) =>
      images.map((_, i) => {
        const [row, column] = [(Math.floor(i / sizePx) % sizePx) + down, (i % sizePx) + right];
        const isInside = [row, column].every((place) => place >= 0 && place < sizePx);
        return isInside ? images[i + down * sizePx + right] : 0;
      });
    const corners = [-2, 2].flatMap((right) => [-2, 2].map((down) => shifted(right, down)));
    expect(corners).toContainEqual(moved);
  });

  it('spsa finds with logits alone some of what PGD finds with slopes', async () => {
    const params = { steps: 10, samples: 64, stepSize: 0.02 };
    expect(accuracyOf(await attacked('spsa', params, 0.06, { count: 20 }))).toBeLessThan(0.8);
  });
});

describe('attacks on the explanation', () => {
  it('change what keeps its class, also where its heat cannot be moved', async () => {
    // Of a linear network the gradient is the same everywhere.
    const linear: BuiltModel = {
      parameters: [],
      buffers: [],
      head: [],
      unpublished: [],
      normalisation: imageNetNormalisation,
      forward(images) {
        const flat = reshape(images, [images.shape[0], 12]);
        const logits = matmul(
          flat,
          constant(
            Float32Array.from({ length: 24 }, (_, i) => 24 - i),
            [12, 2],
          ),
        );
        return { logits, features: images, pooled: logits, stages: [], biased: [], bufferUpdates: new Map() };
      },
    };
    for (const { id, aim } of attacks)
      if (aim === 'explanation') {
        const { changed, logits } = await attackImages({
          architecture: { key: 'linear', model: linear, classes: 2, sizePx: 2 },
          weights: {},
          sessions,
          eps: 0.01,
          random: randomFromSeed(1),
          attack: attackById(id),
          params: { map: 'gradient' },
          images: Float32Array.from({ length: 24 }, (_, i) => 0.3 + i / 60),
          labels: Int32Array.of(0, 0),
        });
        // Adam stays where it is without a gradient.
        if (id !== 'targeted-explanation') expect(changed, id).toEqual([true, true]);
        expect([...predictionsOf(logits, 2)], id).toEqual([0, 0]);
      }
  });

  const n = 20;
  const k = 20;
  const side = imageLength / 3;
  const params = { map: 'integrated-gradients', score: 'logit', points: 10, beta: 30 } as const;
  const target = attackTarget({ architecture, weights: weightsOf('standard'), sessions });
  const heatOf = async (images: Float32Array) =>
    (await judge(target, images, someImages(n).labels, params)).heat;
  const rowOf = (rows: Float32Array, i: number) => rows.subarray(i * side, (i + 1) * side);
  const shared = (heat: Float32Array, masks: Float32Array): number =>
    Array.from({ length: n }, (_, i) => overlap(rowOf(heat, i), rowOf(masks, i), k) / n).reduce(
      (a, b) => a + b,
    );
  const reached = async (id: string, more: Record<string, unknown>) => {
    const { beta, ...looks } = params;
    const own = id === 'random-sign' ? looks : { ...looks, beta };
    return heatOf((await attacked(id, { ...own, ...more }, 0.03, { count: n })).images);
  };

  it('explain a picture by integrated gradients that sum to 1', async () => {
    const heat = await heatOf(someImages(n).images);
    for (let i = 0; i < n; i++) expect(rowOf(heat, i).reduce((a, b) => a + b)).toBeCloseTo(1, 4);
  });

  it('draw the hottest pixels away by slopes where a random change of the same size hardly does', async () => {
    const masks = topMasks(await heatOf(someImages(n).images), side, k);
    const random = shared(await reached('random-sign', { k, draws: 1 }), masks);
    const drawn = shared(await reached('ifia-top-k', { k, steps: 15 }), masks);
    expect(random).toBeGreaterThan(0.85);
    expect(drawn).toBeLessThan(random - 0.15);
  });

  it('end at whole grey levels if they shall, and as far as they may', async () => {
    const { images } = await attacked('ifia-top-k', { ...params, k, steps: 15, wholeLevels: true }, 8 / 255, {
      count: n,
    });
    const changes = images.map((value, i) => 255 * (value - someImages(n).images[i]));
    for (const change of changes) expect(Math.abs(change - Math.round(change))).toBeLessThan(1e-3);
    expect(new Set(changes.map(Math.round))).toContain(8);
    expect(Math.max(...changes.map(Math.abs))).toBeLessThan(8.001);
  });

  it('move the centre of the heat', async () => {
    const centre = (heat: Float32Array): number[] => {
      const size = Math.sqrt(side);
      const at = [0, 0];
      heat.forEach((value, i) => {
        at[0] += value * (i % size);
        at[1] += value * Math.floor(i / size);
      });
      return at;
    };
    const clean = await heatOf(someImages(n).images);
    const moves = async (id: string, more: Record<string, unknown>) => {
      const now = await reached(id, more);
      let sum = 0;
      for (let i = 0; i < n; i++) {
        const [from, to] = [centre(rowOf(clean, i)), centre(rowOf(now, i))];
        sum += Math.hypot(to[0] - from[0], to[1] - from[1]) / n;
      }
      return sum;
    };
    expect(await moves('ifia-centre', { steps: 15 })).toBeGreaterThan(
      2 * (await moves('random-sign', { k })),
    );
  });

  it("bring the heat nearer to the next picture's", async () => {
    const clean = await heatOf(someImages(n).images);
    const goals = new Float32Array(clean.length);
    goals.set(clean.subarray(side));
    goals.set(clean.subarray(0, side), clean.length - side);
    const apart = (heat: Float32Array): number =>
      heat.reduce((sum, value, i) => sum + (value - goals[i]) ** 2, 0);
    const given = await reached('targeted-explanation', { steps: 40, stepSize: 0.002 });
    expect(apart(given)).toBeLessThan(0.75 * apart(clean));
    const masks = topMasks(goals, side, k);
    const drawn = await reached('targeted-mass', { k, steps: 15 });
    expect(shared(drawn, masks)).toBeGreaterThan(shared(clean, masks) + 0.08);
  });
});
