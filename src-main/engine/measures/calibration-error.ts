// Does a score of 0.8 mean right in 80 of 100 cases?

import { z } from 'zod';
import { bootstrapped } from './metric-values.ts';
import { measure } from './measure.ts';

export const calibrationError = measure({
  id: 'calibration-error',
  title: 'Calibration error',
  summary: 'How far the scores of the predicted classes are from the shares that are right (ECE).',
  citation: 'Naeini et al. 2015; Guo et al. 2017, eq. 3.',
  direction: 'lower',
  range: [0, 1],
  unit: 'share',
  cost: 'cheap',
  needs: [],
  schema: z.object({
    bins: z.int().min(1).max(1000).default(15).meta({
      title: 'Bins',
      help: 'Equal intervals of the score over which right answers are counted; more see finer and are noisier.',
    }),
  }),
  presets: [],
  begin({ random }, { bins }) {
    const scores: number[] = [];
    const hits: number[] = [];
    return {
      read(batch) {
        batch.predicted.forEach((predicted, i) => {
          scores.push(batch.scores(i)[predicted]);
          hits.push(Number(batch.trueClasses[i].includes(predicted)));
        });
      },
      metricValue: () =>
        bootstrapped(
          scores.length,
          (places) => eceOf(scores, hits, bins, places),
          random('calibration-error'),
        ),
    };
  },
});

/** Sum over bins of (share of pictures in the bin) * |mean score - share right|; bins are (low, high]. */
export function eceOf(
  scores: readonly number[],
  hits: readonly number[],
  bins: number,
  places: ArrayLike<number> = scores.map((_, i) => i),
): number | null {
  const gaps = new Float64Array(bins);
  for (let i = 0; i < places.length; i++) {
    const score = scores[places[i]];
    gaps[Math.min(bins - 1, Math.max(0, Math.ceil(score * bins) - 1))] += score - hits[places[i]];
  }
  return places.length > 0 ? gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / places.length : null; // eq. 3
}
