// How often the model errs on pictures that have gone bad by themselves: noise, blur, weather, compression.

import { z } from 'zod';
import { hitsOf } from './accuracy.ts';
import { meanValue, meanOf } from './metric-values.ts';
import { measure } from './measure.ts';

export const corruptionError = measure({
  id: 'corruption-error',
  title: 'Corruption error',
  summary:
    'Mean share of wrong answers over the common corruptions and their severities, not scaled by another model’s. Frost is drawn; the published sets lay photographs of it over the pictures.',
  citation: 'Hendrycks & Dietterich 2019; averaged over severities as in CIFAR-10-C.',
  direction: 'lower',
  range: [0, 1],
  unit: 'share',
  cost: 'long',
  needs: [],
  schema: z.object({
    severity: z.enum(['all', '1', '2', '3', '4', '5']).default('all').meta({
      title: 'Severity',
      help: 'How bad the pictures are, from 1 to 5, or the mean over all five, which takes five times as long.',
      main: true,
    }),
    corruptions: z.enum(['counted', 'all']).default('counted').meta({
      title: 'Corruptions',
      help: 'The fifteen that count, or those and the four that are meant for tuning.',
    }),
  }),
  presets: [],
  begin(context, { severity, corruptions }) {
    const chosen = context.corruptions.filter(({ counted }) => counted || corruptions === 'all');
    const severities = severity === 'all' ? [1, 2, 3, 4, 5] : [Number(severity)];
    const errors: number[][] = chosen.map(() => []);
    return {
      async read({ images, labels, trueClasses, start }) {
        const byImage: number[][] = labels.map(() => []);
        const changed = new Float32Array(images.length);
        for (const [c, { id }] of chosen.entries())
          for (const level of severities) {
            for (const i of labels.keys()) await context.corrupt(start + i, id, level, changed, i);
            hitsOf(await context.predict(changed), context.classes.length, trueClasses).forEach((hit, i) => {
              byImage[i].push(1 - hit);
              errors[c].push(1 - hit);
            });
          }
        return byImage.map(meanOf);
      },
      metricValue: (values) => ({
        ...meanValue(values, context.random('corruption-error')),
        parts: chosen.map(({ title }, c) => ({ name: title, value: meanOf(errors[c]) })),
      }),
    };
  },
});
