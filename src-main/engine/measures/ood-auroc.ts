// Can the model's scores tell its own kind of pictures from others?

import { z } from 'zod';
import { AppError } from '../../contracts/errors.ts';
import { aurocWithInterval } from '../nn/rank-correlation.ts';
import { scoresFor } from './accuracy.ts';
import { measure } from './measure.ts';
import { logSumExpOf } from './noise-robustness.ts';

export const oodAuroc = measure({
  id: 'ood-auroc',
  title: 'OOD AUROC',
  summary: 'How often a picture of this project scores higher than one of another kind; a half is chance.',
  citation: 'Hendrycks & Gimpel 2017; scores as in Yang et al. 2024; interval of DeLong et al. 1988.',
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
  imageUnit: 'score',
  cost: 'cheap',
  needs: ['against'],
  schema: z.object({
    score: z.enum(['density', 'logit', 'probability']).default('density').meta({
      title: 'Score',
      help: 'What should be higher for the project’s own pictures: log-sum-exp of the logits, the highest logit, or the highest probability.',
      main: true,
    }),
  }),
  presets: [],
  begin({ against, classes, predict, task }, { score }) {
    if (!against)
      throw new AppError('bad-input', 'ood-auroc needs pictures of another kind to compare with', {
        reason: 'name a project or folder with --against',
      });
    const scoreOf = (logits: Float32Array, i: number): number => {
      if (score === 'density') return logSumExpOf(logits, classes.length, i);
      const own = logits.subarray(i * classes.length, (i + 1) * classes.length);
      return Math.max(...(score === 'logit' ? own : scoresFor(task)(logits, classes.length, i)));
    };
    return {
      read: ({ logits, labels }) => labels.map((_, i) => scoreOf(logits, i)),
      async metricValue(values) {
        const own = values.map((value) => value!);
        const others: number[] = [];
        for await (const { images, count } of against()) {
          const logits = await predict(images);
          for (let i = 0; i < count; i++) others.push(scoreOf(logits, i));
        }
        return { ...aurocWithInterval(own, others), pictures: own.length, skipped: 0 };
      },
    };
  },
});
