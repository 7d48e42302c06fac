// Does taking away cold pixels harm less than taking away hot ones?

import { z } from 'zod';
import { highest, isFlat } from '../nn/rank-correlation.ts';
import { scoresFor } from './accuracy.ts';
import { heatOf } from './energy-in-box.ts';
import { meanValue } from './metric-values.ts';
import { measure } from './measure.ts';
import { methodParam } from './params.ts';

export const pixelPerturbation = measure({
  id: 'pixel-perturbation',
  title: 'Pixel perturbation',
  summary:
    'Score kept when the coldest pixels are replaced, less the score kept when the hottest are; by the picture’s own score.',
  citation:
    'Yang et al. 2024, in the manner of Srinivas & Fleuret 2019; filled with the mean of the pixels kept.',
  direction: 'higher',
  range: [null, null],
  unit: 'share',
  cost: 'long',
  needs: [],
  schema: z.object({
    method: methodParam('smoothgrad'),
    share: z.number().min(0.001).max(0.999).default(0.1).meta({
      title: 'Share replaced',
      help: 'Share of the pixels that are replaced; small shares separate maps best. Of equally cold pixels the lowest in the picture go first, so that maps with large empty parts are told apart less.',
      main: true,
    }),
    score: z.enum(['probability', 'logit']).default('probability').meta({
      title: 'Score',
      help: 'Whose ratio is taken: the probability of the class, or its logit, which may be near 0, or below it: then the ratio turns round.',
    }),
  }),
  presets: [
    {
      id: 'paper-density',
      title: 'As in the density paper',
      source:
        'Yang et al. 2024: SmoothGrad, ratio of logits; the filling is that of the authors’ earlier code',
      params: { method: 'smoothgrad', score: 'logit' },
    },
  ],
  begin: (context, { share, score, ...map }) => ({
    async read(batch) {
      const { classes, sizePx, task } = context;
      const pixels = sizePx * sizePx;
      // At least one pixel goes, and one stays to fill with.
      const count = Math.min(pixels - 1, Math.max(1, Math.round(share * pixels)));
      const heat = await heatOf(context, batch, map);
      const orders = heat.map((map) => highest(map, pixels));
      const scoreOf = (logits: Float32Array, i: number): number =>
        score === 'logit'
          ? logits[i * classes.length + batch.labels[i]]
          : scoresFor(task)(logits, classes.length, i)[batch.labels[i]];
      const without = async (pick: (order: Uint32Array) => Uint32Array): Promise<Float32Array> => {
        const changed = batch.images.slice();
        orders.forEach((order, i) =>
          fillWithMean(changed.subarray(i * 3 * pixels, (i + 1) * 3 * pixels), pick(order)),
        );
        return context.predict(changed);
      };
      const cold = await without((order) => order.subarray(pixels - count));
      const hot = await without((order) => order.subarray(0, count));
      return batch.labels.map((_, i) => {
        const whole = scoreOf(batch.logits, i);
        // A flat map gives no order: its coldest pixels would be the lowest rows.
        return isFlat(heat[i]) || whole === 0 ? null : (scoreOf(cold, i) - scoreOf(hot, i)) / whole;
      });
    },
    metricValue: (values) => meanValue(values, context.random('pixel-perturbation')),
  }),
});

/** Gives the pixels at `places` the mean of all others, channel by channel. @param image  [3, pixels], written */
export function fillWithMean(image: Float32Array, places: Uint32Array): void {
  const pixels = image.length / 3;
  for (let c = 0; c < 3; c++) {
    const plane = image.subarray(c * pixels, (c + 1) * pixels);
    let sum = 0;
    for (const value of plane) sum += value;
    for (const place of places) sum -= plane[place];
    const mean = sum / (pixels - places.length);
    for (const place of places) plane[place] = mean;
  }
}
