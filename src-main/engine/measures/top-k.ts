// Share of pictures whose class is among the k most likely.

import { z } from 'zod';
import { highest } from '../nn/rank-correlation.ts';
import { shareValue } from './metric-values.ts';
import { measure } from './measure.ts';

export const topK = measure({
  id: 'top-k-accuracy',
  title: 'Top-k accuracy',
  summary: 'Share of the pictures whose class is among the k that are given the highest scores.',
  citation: 'Russakovsky et al. 2015 (ImageNet, k = 5).',
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
  cost: 'cheap',
  needs: [],
  schema: z.object({
    k: z.int().min(1).max(1000).default(5).meta({
      title: 'k',
      help: 'Guesses allowed; more is easier, and with as many as there are classes all is right.',
      main: true,
    }),
  }),
  presets: [],
  begin: ({ classes }, { k }) => ({
    read: ({ trueClasses, logits }) =>
      trueClasses.map((classIndices, i) => {
        const guesses = highest(logits.subarray(i * classes.length, (i + 1) * classes.length), k);
        return Number(classIndices.some((one) => guesses.includes(one)));
      }),
    metricValue: shareValue,
  }),
});
