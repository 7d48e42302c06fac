// Weight gradients in train mode against finite differences, both in float64: finds errors that every executor would
// share. Left out is what is constant for the gradient on purpose and yet depends on the weights: running statistics,
// steps of the Euclidean search, Group DRO's weights beyond a tiny step, a held target.

import { describe, expect, it } from 'vitest';
import { gradient } from '../../../../src-main/engine/graph/index.ts';
import type { Task } from '../../../../src-main/engine/nn/index.ts';
import { evaluate, tinyNetwork, wave } from '../training/tiny-network.ts';
import { tinyLoss } from './loss-graph.ts';

const width = 1e-6;
const search = { eps: 0.1, stepSize: 0.6, statistics: 'batch' };

describe('weight gradients of objectives', () => {
  it.each([
    ['input-grad', { of: 'logit', power: 1, lambda: 3 }],
    ['input-grad', { of: 'log-probability', reduction: 'batch' }],
    ['density', { lambda: 3 }],
    ['density', { lambda: 3, p: '1', power: 2, computation: 'stable', reduction: 'batch' }],
    ['density', { lambda: 3, p: 'inf', computation: 'efficient' }],
    ['hessian', { lambda: 0.01, beta: 5, directions: 2 }],
    ['hessian', { lambda: 0.1, beta: 0, of: 'loss' }],
    ['score-matching', { lambda: 1e-3, sigma: 0.05, samples: 2 }],
    ['cure', { lambda: 1, reach: 0.5, statistics: 'batch' }],
    ['fgsm-training', { eps: 0.1, cleanShare: 0.3 }],
    ['pgd-training', { ...search, steps: 2 }],
    ['trades', { ...search, steps: 2, lambda: 6 }],
    ['ig-norm', { ...search, steps: 1, points: 3 }],
    ['ig-sum-norm', { ...search, steps: 1, points: 3, reduction: 'sum' }],
    ['art', { ...search, steps: 2, lambda: 2, beta: 5 }],
    [
      'art',
      {
        ...search,
        steps: 1,
        lambda: 2,
        beta: 5,
        pairs: 'twins',
        searchShare: 0.3,
        channels: 'mean-magnitude',
      },
    ],
    ['art', { ...search, steps: 1, lambda: 2, beta: 5, distance: 'euclidean', negative: 'weakest' }],
    ['art', { ...search, steps: 1, lambda: 2, beta: 5, distance: 'change' }],
    ['group-dro', { groupStep: 1e-5 }],
    ['group-dro+density', { groupStep: 1e-5, 'density.lambda': 3 }],
    ['gradcam-consistency', { lambda: 1, reduction: 'sum', form: 'standard' }],
    ['gradcam-consistency', { lambda: 5, upsample: true }],
    ['gradcam-consistency', { lambda: 5 }, 'multi'],
    ['input-grad', { of: 'logit', lambda: 3 }, 'multi'],
    ['art', { ...search, steps: 1, lambda: 2, beta: 5, space: 'normalised', channels: 'mean' }],
    ['art', { ...search, steps: 1, lambda: 2, beta: 5, negative: 'none' }],
    ['art', { ...search, steps: 1, lambda: 2, beta: 5 }, 'multi'],
    ['blackout', {}],
    ['box-aware', { lambdaOutside: 4, of: 'log-probability', reduction: 'share' }],
    ['box-aware', { lambdaInside: 1, lambdaOutside: 3, reduction: 'share' }],
    ['box-aware', { lambdaOutside: 4, of: 'log-probability', reduction: 'share' }, 'multi'],
    ['mask-energy', { lambda: 2, heat: 'input-gradient' }],
    ['mask-energy', { lambda: 2, heat: 'grad-cam' }],
    ['mask-energy', { lambda: 2, heat: 'elementwise-grad-cam' }],
  ] as [string, Record<string, unknown>, Task?][])(
    'agree with finite differences: %s, %o',
    (objective, params, task) => {
      const pool = objective === 'gradcam-consistency' || objective === 'mask-energy' ? 'max' : 'average';
      const { terms, state, feeds } = tinyLoss(objective, params, { pool, task });
      const names = tinyNetwork(pool).parameters.map(({ name }) => name);
      // Each term by itself: beside the class loss a penalty of small weight could be wrong unseen.
      const grads = evaluate(
        Object.fromEntries(
          Object.entries(terms).flatMap(([term, loss]) =>
            gradient(
              loss,
              names.map((name) => state.get(name)!),
            ).map((grad, i) => [`${term}/${names[i]}`, grad]),
          ),
        ),
        feeds,
      );
      const families = [
        names.filter((name) => name.includes('conv') || name.includes('downsample.0')),
        names.filter((name) => name.includes('bn') || name.includes('downsample.1')),
        names.filter((name) => name.startsWith('fc')),
      ];
      for (const family of families) {
        const directions = new Map(family.map((name, i) => [name, wave(feeds[name].length, 2.1 + i)]));
        const lossesAt = (by: number): Record<string, Float64Array> =>
          evaluate(terms, {
            ...feeds,
            ...Object.fromEntries(
              [...directions].map(([name, direction]) => [
                name,
                Float64Array.from(feeds[name], (value, i) => value + by * direction[i]),
              ]),
            ),
          });
        const [above, below] = [lossesAt(width), lossesAt(-width)];
        for (const term of Object.keys(terms)) {
          const expected = (above[term][0] - below[term][0]) / (2 * width);
          let actual = 0;
          let size = 0; // of the derivative, were the direction that of the gradient
          for (const [name, direction] of directions) {
            const grad = grads[`${term}/${name}`];
            direction.forEach((d, i) => (actual += d * grad[i]));
            size += Math.hypot(...grad) * Math.hypot(...direction);
          }
          expect(
            Math.abs(actual - expected),
            `${term}, ${family[0]} …: ${actual} for ${expected}`,
          ).toBeLessThan(1e-3 * Math.max(Math.abs(expected), 0.1 * size) + 1e-8);
        }
      }
    },
  );
});
