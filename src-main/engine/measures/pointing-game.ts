// Does the hottest pixel lie on the object? And, with pixels drawn from the map instead of its highest, how often?

import { z } from 'zod';
import { meanValue, meanOf, shareValue } from './metric-values.ts';
import { heatOf } from './energy-in-box.ts';
import { measure } from './measure.ts';
import { isGradientEnergy, marginParam, methodParam } from './params.ts';
import type { Random } from '../nn/random.ts';

const shared = {
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
  cost: 'gradient',
  needs: ['region'],
} as const;

export const pointingGame = measure({
  ...shared,
  id: 'pointing-game',
  title: 'Pointing game',
  summary:
    'Share of the pictures whose hottest pixel lies inside the box or mask, or nearer to it than a margin.',
  citation: 'Zhang et al. 2018 (excitation backprop); margin as in Pillai & Pirsiavash 2021.',
  isUsual: true,
  usesGradient: isGradientEnergy,
  schema: z.object({
    margin: marginParam,
    method: methodParam('gradient-energy'),
    mean: z.enum(['pictures', 'classes']).default('pictures').meta({
      title: 'Mean over',
      help: 'All pictures alike, or the classes’ own shares, in which each class counts the same.',
    }),
  }),
  presets: [
    {
      id: 'paper-gradcam-consistency',
      title: 'As in the Grad-CAM consistency paper',
      source: 'Pillai & Pirsiavash 2021: element-wise Grad-CAM, mean of the classes’ hit rates',
      params: { method: 'grad-cam-elementwise', mean: 'classes' },
    },
  ],
  begin(context, params) {
    const { margin, mean } = params;
    const { sizePx, classes } = context;
    const byClass: number[][] = classes.map(() => []);
    return {
      async read(batch) {
        const heat = await heatOf(context, batch, params);
        return batch.labels.map((label, i) => {
          const regionMask = batch.regionMask(i);
          const hit = regionMask && pointingHit(heat[i], regionMask, sizePx, margin * sizePx);
          if (hit !== null) byClass[label].push(Number(hit));
          return hit === null ? null : Number(hit);
        });
      },
      metricValue(values) {
        const metricValue = shareValue(values);
        if (mean === 'pictures') return metricValue;
        const parts = classes.map((name, k) => ({ name, value: meanOf(byClass[k]) }));
        return {
          ...metricValue,
          value: meanOf(parts.map(({ value }) => value)),
          low: null,
          high: null,
          parts,
        };
      },
    };
  },
});

export const stochasticPointingGame = measure({
  ...shared,
  id: 'stochastic-pointing-game',
  title: 'Stochastic pointing game',
  summary:
    'Share of the pixels drawn from the heat map that lie inside the box or mask, or nearer to it than a margin.',
  citation: 'Pillai & Pirsiavash 2021 (SPG): 100 draws.',
  schema: z.object({
    method: methodParam('grad-cam-elementwise'),
    draws: z.int().min(1).max(10_000).default(100).meta({
      title: 'Draws',
      help: 'Pixels drawn from each map, in proportion to their heat; more give a steadier figure.',
    }),
    margin: marginParam,
  }),
  presets: [
    {
      id: 'paper-gradcam-consistency',
      title: 'As in the Grad-CAM consistency paper',
      source: 'Pillai & Pirsiavash 2021: the mean of five runs of 100 draws, which is that of 500 draws',
      params: { method: 'grad-cam-elementwise', draws: 500 },
    },
  ],
  begin: (context, params) => ({
    async read(batch) {
      const { draws, margin } = params;
      const { sizePx } = context;
      const heat = await heatOf(context, batch, params);
      return batch.labels.map((_, i) => {
        const regionMask = batch.regionMask(i);
        if (!regionMask) return null;
        const random = context.random(`stochastic-pointing-game/${batch.start + i}`);
        return drawnHits(heat[i], regionMask, sizePx, margin * sizePx, draws, random);
      });
    },
    metricValue: (values) => meanValue(values, context.random('stochastic-pointing-game')),
  }),
});

/** Values that differ by less of the maximum are the same: maps that were enlarged are flat at the rim but for rounding. */
const sameShare = 1e-5;

/**
 * @param map         [height, width], >= 0; of several maxima the first in reading order counts
 * @param regionMask  [height, width], 1 inside the region
 * @param marginPx    a miss by a distance below this is a hit, one by just this distance is none; 0: none
 * @returns           null if the map is all zero or the region has no pixel
 */
export function pointingHit(
  map: Float32Array,
  regionMask: ArrayLike<number>,
  widthPx: number,
  marginPx: number,
): boolean | null {
  const most = map.reduce((found, value) => Math.max(found, value), 0);
  if (!(most > 0)) return null;
  const hottest = map.findIndex((value) => value >= most * (1 - sameShare));
  return isNear(hottest, regionMask, widthPx, marginPx);
}

/** Share of `draws` pixels, drawn by their heat, that hit. Null as of `pointingHit`. */
export function drawnHits(
  map: Float32Array,
  regionMask: ArrayLike<number>,
  widthPx: number,
  marginPx: number,
  draws: number,
  random: Random,
): number | null {
  const sums = new Float64Array(map.length);
  let total = 0;
  for (let i = 0; i < map.length; i++) sums[i] = total += map[i];
  if (!(total > 0)) return null;
  let hits = 0;
  for (let n = 0; n < draws; n++) {
    const wanted = random.uniform() * total;
    let [low, high] = [0, map.length - 1]; // the first whose sum is above
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] > wanted) high = middle;
      else low = middle + 1;
    }
    const near = isNear(low, regionMask, widthPx, marginPx);
    if (near === null) return null;
    hits += Number(near);
  }
  return hits / draws;
}

/** Whether a pixel is inside, or nearer than the margin to what is; null if nothing is. */
function isNear(
  place: number,
  regionMask: ArrayLike<number>,
  widthPx: number,
  marginPx: number,
): boolean | null {
  if (regionMask[place] > 0) return true;
  const x = place % widthPx;
  const y = Math.floor(place / widthPx);
  let nearest = Infinity;
  for (let i = 0; i < regionMask.length; i++)
    if (regionMask[i] > 0)
      nearest = Math.min(nearest, (x - (i % widthPx)) ** 2 + (y - Math.floor(i / widthPx)) ** 2);
  // Squared distances are whole numbers, and the margin is a share of the side that rounding may have raised.
  return nearest === Infinity ? null : nearest < marginPx ** 2 - 1e-6;
}
