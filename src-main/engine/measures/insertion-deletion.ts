// What happens to the score as pixels come, or go, in the order of their heat.

import { z } from 'zod';
import { highest, isFlat } from '../nn/rank-correlation.ts';
import { scoresFor } from './accuracy.ts';
import { heatOf } from './energy-in-box.ts';
import { meanValue, pointAt } from './metric-values.ts';
import { measure, type Measure } from './measure.ts';
import { methodParam } from './params.ts';

const schema = z.object({
  method: methodParam('integrated-gradients'),
  steps: z.int().min(1).max(1000).default(28).meta({
    title: 'Steps',
    role: 'steps',
    help: 'Equal parts in which the pixels come or go; each takes one more forward pass of every picture.',
  }),
  fill: z.enum(['black', 'grey']).default('black').meta({
    title: 'Fill',
    help: 'What stands where a pixel is not there.',
  }),
  relative: z.boolean().default(false).meta({
    title: 'Relative',
    help: 'Divide by the score of the whole picture, so that sure and unsure models compare.',
  }),
});

const shared = {
  range: [0, null],
  unit: 'share',
  curve: 'share of pixels',
  cost: 'long',
  needs: [],
  schema,
} as const;

const gameOf =
  (id: string, inserts: boolean): Measure<typeof schema>['begin'] =>
  (context, { steps, fill, relative, ...map }) => {
    /** [step][picture], relative ones if that is asked for; of pictures that have a value. */
    const along: number[][] = Array.from({ length: steps + 1 }, () => []);
    return {
      async read(batch) {
        const { classes, sizePx, task } = context;
        const pixels = sizePx * sizePx;
        const heat = await heatOf(context, batch, map);
        const orders = heat.map((map) => highest(map, pixels));
        const filled = new Float32Array(batch.images.length).fill(fill === 'black' ? 0 : 0.5);
        const [shown, from] = inserts ? [filled, batch.images] : [batch.images.slice(), filled];
        const curves: number[][] = batch.labels.map(() => []);
        for (let step = 0; step <= steps; step++) {
          if (step > 0)
            orders.forEach((order, i) => {
              const part = order.subarray(
                Math.round((pixels * (step - 1)) / steps),
                Math.round((pixels * step) / steps),
              );
              for (const place of part)
                for (let c = 0; c < 3; c++) {
                  const at = (3 * i + c) * pixels + place;
                  shown[at] = from[at];
                }
            });
          const logits = await context.predict(shown);
          batch.labels.forEach((label, i) =>
            curves[i].push(scoresFor(task)(logits, classes.length, i)[label]),
          );
        }
        return curves.map((curve, i) => {
          const whole = relative ? batch.scores(i)[batch.labels[i]] : 1;
          // A flat map gives no order: pixels would come row by row, which says nothing of the map.
          if (isFlat(heat[i]) || whole === 0) return null;
          curve.forEach((score, step) => along[step].push(score / whole));
          return areaUnder(curve) / whole;
        });
      },
      metricValue: (values) => ({
        ...meanValue(values, context.random(id)),
        curve: along.map((scores, step) =>
          pointAt(step / steps, meanValue(scores, context.random(`${id}/${step}`))),
        ),
      }),
    };
  };

export const insertion = measure({
  ...shared,
  id: 'insertion',
  title: 'Insertion',
  summary: 'Mean score of the class while pixels come into an empty picture, the hottest first.',
  citation:
    'Petsiuk et al. 2018 (RISE), who begin with a blurred picture; Yang et al. 2024 with a black one, by integrated gradients.',
  direction: 'higher',
  presets: [
    {
      id: 'paper-density',
      title: 'As in the density paper',
      source: 'Yang et al. 2024: relative to the whole picture’s output',
      params: { method: 'integrated-gradients', fill: 'black', relative: true },
    },
  ],
  begin: gameOf('insertion', true),
});

export const deletion = measure({
  ...shared,
  id: 'deletion',
  title: 'Deletion',
  summary: 'Mean score of the class while pixels go from the picture, the hottest first.',
  citation: 'Petsiuk et al. 2018 (RISE).',
  direction: 'lower',
  presets: [],
  begin: gameOf('deletion', false),
});

/** Trapezoid rule over equal steps of a way of length 1. */
export const areaUnder = (curve: readonly number[]): number =>
  curve.slice(1).reduce((sum, value, i) => sum + (value + curve[i]) / 2, 0) / (curve.length - 1);
