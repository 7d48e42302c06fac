// Projected gradient descent: many small steps uphill in the loss, each brought back into the ball.

import { z } from 'zod';
import { ascend } from './ascent.ts';
import { attack } from './attack.ts';
import { normField, restartsField, stepField, stepsField } from './fields.ts';
import { withRestarts } from './restarts.ts';
import { imageLength } from './queries.ts';
import { randomStart, rowOf } from './rows.ts';

const schema = z.object({
  norm: normField,
  steps: stepsField(40),
  step: stepField(0.25),
  randomStart: z.boolean().default(true).meta({
    title: 'Random start',
    help: 'Begin at a random point of the ball instead of the picture itself.',
  }),
  restarts: restartsField(),
  loss: z.enum(['cross-entropy', 'margin']).default('cross-entropy').meta({
    title: 'Loss',
    help: 'What is raised: the cross-entropy, or the margin of the best wrong class over the true one.',
  }),
  keep: z.enum(['best', 'last']).default('best').meta({
    title: 'Keep',
    help: 'Which picture of an attempt counts: the first that fools the model or else (and always where another network judges) the one of highest loss, or always that of the last step.',
  }),
});

const preset = { norm: 'linf', randomStart: true, restarts: 1, loss: 'cross-entropy' } as const;

/** x' <- project(x' + step * direction(d loss / d x')): the sign for linf, the unit gradient for l2. */
export const pgd = attack({
  id: 'pgd',
  title: 'PGD',
  summary: 'Takes many small steps that raise the loss and never leaves the allowed distance.',
  citation: 'Madry et al. 2018, arXiv 1706.06083, section 2.1',
  schema,
  presets: [
    {
      id: 'paper-art',
      title: 'PGD-40 as in the ART paper',
      source: 'Singh et al. 2020: 40 steps of 2/255 at epsilon 8/255, random start, the last step counts',
      params: { ...preset, steps: 40, step: 0.25, keep: 'last' },
    },
    {
      id: 'paper-density',
      title: 'PGD-20',
      source: 'Yang et al. 2024: 20 steps; their step size is not known, a quarter of epsilon is ours',
      params: { ...preset, steps: 20, step: 0.25, keep: 'best' },
    },
  ],
  aim: 'class',
  norm: ({ norm }) => norm,
  run(target, input, { norm, steps, step, restarts, loss, keep, ...params }, random) {
    const length = imageLength(target);
    // Without a random start every attempt would be the same.
    return withRestarts(
      target,
      input,
      params.randomStart ? restarts : 1,
      async ({ images, labels, eps, transfer }, round) => {
        const start = images.slice();
        if (params.randomStart) {
          const draws = random.fork(`start/${round}`);
          for (let i = 0; i < labels.length; i++)
            start.set(randomStart(rowOf(images, i, length), eps, norm, draws), i * length);
        }
        return ascend(target, {
          images,
          labels,
          eps,
          norm,
          loss,
          steps,
          stepSize: step * eps,
          start,
          keep: transfer && keep === 'best' ? 'highest' : keep,
        });
      },
    );
  },
});
