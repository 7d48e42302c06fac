// How much of the attribution falls on what is known to say nothing.

import { z } from 'zod';
import { meanValue, meanOf } from './metric-values.ts';
import { measure } from './measure.ts';

export const featureLeakage = measure({
  id: 'feature-leakage',
  title: 'Feature leakage',
  summary:
    'Sum of the magnitudes of the integrated gradients outside the box or mask: the null block of BlockMNIST.',
  citation: 'Yang et al. 2024, after Shah et al. 2021; the L1 norm is our reading.',
  direction: 'lower',
  range: [0, null],
  unit: 'logits',
  partUnit: 'share',
  cost: 'long',
  needs: ['region'],
  schema: z.object({
    steps: z.int().min(1).max(1000).default(50).meta({
      title: 'Steps',
      role: 'steps',
      help: 'Points on the way from black to the picture; more follow the integral closer.',
    }),
    norm: z.enum(['l1', 'l2']).default('l1').meta({
      title: 'Norm',
      help: 'Sum of the magnitudes, or root of the sum of squares, over pixels (channels are summed by magnitude).',
    }),
  }),
  presets: [],
  begin(context, { steps, norm }) {
    const shares: (number | null)[] = [];
    return {
      async read(batch) {
        const { values, side } = await context.maps({
          method: 'integrated-gradients',
          params: { steps, score: 'logit', reduction: 'absolute-sum', baseline: 'black' },
          images: batch.images,
          targets: batch.labels,
        });
        return batch.labels.map((_, i) => {
          const regionMask = batch.regionMask(i);
          const map = values.subarray(i * side * side, (i + 1) * side * side);
          shares.push(regionMask && leakageShare(map, regionMask));
          return regionMask && leakage(map, regionMask, norm);
        });
      },
      metricValue: (values) => ({
        ...meanValue(values, context.random('feature-leakage')),
        parts: [{ name: shareName, value: meanOf(shares) }],
      }),
    };
  },
});

/** Does not move where all logits are scaled, as the leakage itself does. */
const shareName = 'share of all attribution';

/** Share of a map's magnitude that lies outside the region; null for an empty map. */
export function leakageShare(map: Float32Array, regionMask: ArrayLike<number>): number | null {
  const all = map.reduce((sum, value) => sum + Math.abs(value), 0);
  return all > 0 ? leakage(map, regionMask, 'l1') / all : null;
}

/** Norm of a map outside the region. */
export function leakage(map: Float32Array, regionMask: ArrayLike<number>, norm: 'l1' | 'l2'): number {
  let sum = 0;
  for (let i = 0; i < map.length; i++)
    if (!(regionMask[i] > 0)) sum += norm === 'l1' ? Math.abs(map[i]) : map[i] ** 2;
  return norm === 'l1' ? sum : Math.sqrt(sum);
}
