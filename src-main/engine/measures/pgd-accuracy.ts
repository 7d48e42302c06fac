// Accuracy under a strong attack of many steps.

import { z } from 'zod';
import { lengthWanted, usualEps } from '../../contracts/methods.ts';
import { hitsOf } from './accuracy.ts';
import { shareValue } from './metric-values.ts';
import { measure } from './measure.ts';
import { epsParam } from './params.ts';

export const pgdAccuracy = measure({
  id: 'pgd-accuracy',
  title: 'PGD accuracy',
  summary: 'Share of the pictures still given their own class after projected gradient descent.',
  citation: 'Madry et al. 2018; pixel space.',
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
  cost: 'attack',
  needs: [],
  schema: z
    .object({
      eps: epsParam(usualEps),
      steps: z.int().min(1).max(1000).default(20).meta({
        title: 'Steps',
        role: 'steps',
        help: 'Steps of the attack; more are stronger, up to a point, and take as many more forward passes.',
        main: true,
      }),
      norm: z.enum(['linf', 'l2']).default('linf').meta({
        title: 'Norm',
        help: 'What epsilon bounds: the change of each value, or the length of the whole change; in l2 epsilon must be said.',
      }),
      step: z.number().min(0.001).max(2).default(0.25).meta({
        title: 'Step size',
        help: 'Length of one step as a share of epsilon.',
      }),
      restarts: z.int().min(1).max(100).default(1).meta({
        title: 'Restarts',
        help: 'Attempts from other random starts; more are stronger.',
      }),
      keep: z.enum(['best', 'last']).default('best').meta({
        title: 'Keep',
        help: 'Which picture of an attempt counts: the first that fools the model or else the one of highest loss, or always that of the last step.',
      }),
    })
    .refine(({ eps, norm }) => norm === 'linf' || eps !== usualEps, { path: ['eps'], error: lengthWanted }),
  presets: [
    {
      id: 'paper-art',
      title: 'PGD-40 as in the ART paper',
      source: 'Singh et al. 2020: 40 steps of 2/255 at epsilon 8/255, the last step counts',
      params: { eps: usualEps, steps: 40, norm: 'linf', step: 0.25, restarts: 1, keep: 'last' },
    },
  ],
  begin: (context, { eps, ...params }) => ({
    async read({ images, labels, trueClasses, start }) {
      const { logits } = await context.attack({
        attack: 'pgd',
        eps,
        images,
        params,
        labels,
        trueClasses,
        random: context.random(`pgd-accuracy/${start}`),
      });
      return hitsOf(logits, context.classes.length, trueClasses);
    },
    metricValue: shareValue,
  }),
});
