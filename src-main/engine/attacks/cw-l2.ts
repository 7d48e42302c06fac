// Carlini & Wagner's attack: the smallest change that fools the model, found by descent on distance and margin.

import { z } from 'zod';
import { adam } from './adam.ts';
import { attack } from './attack.ts';
import { stepsField } from './fields.ts';
import { withRestarts } from './restarts.ts';
import { imageLength, gradientsOf } from './queries.ts';
import { distance, project, put, rowOf } from './rows.ts';

const schema = z.object({
  steps: stepsField(200),
  searches: z.int().min(1).max(20).default(9).meta({
    title: 'Searches',
    help: 'How many weights of the margin are tried, ten times larger until one fools the model, then halving the gap.',
  }),
  stepSize: z.number().min(1e-5).max(1).default(0.01).meta({
    title: 'Step size',
    help: 'Step of the optimiser Adam, in the space of the inverse hyperbolic tangent.',
  }),
  weight: z.number().min(1e-6).max(1e6).default(1e-3).meta({
    title: 'First weight',
    help: 'Weight of the margin against the distance in the first search.',
  }),
  confidence: z.number().min(0).max(100).default(0).meta({
    title: 'Confidence',
    help: 'By how much the wrong logit must exceed the true one.',
  }),
});

/** Keeps the inverse hyperbolic tangent of pictures that touch 0 or 1 finite. */
const almostOne = 0.999999;

/**
 * x' = (tanh(w) + 1) / 2; minimises ||x' - x||_2^2 + c * max(0, f_y - max_other f + confidence) over w by Adam, with a
 * search for the least c that works, for each picture on its own. What is then farther away than eps is brought back.
 */
export const cwL2 = attack({
  id: 'cw-l2',
  title: 'Carlini & Wagner L2',
  summary:
    'Looks for the shortest change that fools the model, weighing distance against the margin of the logits.',
  citation: 'Carlini & Wagner 2017, arXiv 1608.04644, section V-B and VI-A',
  schema,
  presets: [
    {
      id: 'paper',
      title: 'As in the paper',
      source:
        'Carlini & Wagner 2017 and their code: 9 searches of up to 10,000 steps of 0.01, first weight 0.001',
      params: { steps: 10_000, searches: 9, stepSize: 0.01, weight: 1e-3, confidence: 0 },
    },
  ],
  aim: 'class',
  norm: () => 'l2',
  run(target, input, { steps, searches, stepSize, weight, confidence }) {
    const length = imageLength(target);
    return withRestarts(target, input, 1, async ({ images, labels, eps }) => {
      const rows = Array.from(labels, (_, i) => i);
      const found = images.slice();
      const least = new Float64Array(rows.length).fill(Infinity);
      const start = new Float64Array(images.length);
      for (let i = 0; i < start.length; i++) start[i] = Math.atanh((2 * images[i] - 1) * almostOne);
      const centre = imagesAt(start);
      const weights = new Float64Array(rows.length).fill(weight);
      const low = new Float64Array(rows.length);
      const high = new Float64Array(rows.length).fill(Infinity);
      for (let search = 0; search < searches; search++) {
        const w = start.slice();
        const descend = adam(w.length, stepSize);
        const fooled = rows.map(() => false);
        for (let step = 0; step < steps; step++) {
          const x = imagesAt(w);
          const { losses: margins, gradient } = await gradientsOf(target, 'margin', x, labels);
          const grad = new Float64Array(w.length);
          for (const row of rows) {
            const attacked = rowOf(x, row, length);
            if (margins[row] > 0 && margins[row] >= confidence) {
              fooled[row] = true;
              const away = distance(attacked, rowOf(images, row, length), 'l2');
              if (away < least[row]) {
                least[row] = away;
                put(found, [row], attacked, length);
              }
            }
            const pulls = margins[row] < confidence ? weights[row] : 0;
            for (let i = row * length; i < (row + 1) * length; i++) {
              const tanh = 2 * x[i] - 1;
              grad[i] = (2 * (x[i] - centre[i]) - pulls * gradient[i]) * 0.5 * (1 - tanh * tanh);
            }
          }
          descend(w, grad);
        }
        for (const row of rows) {
          if (fooled[row]) high[row] = weights[row];
          else low[row] = weights[row];
          weights[row] = high[row] === Infinity ? weights[row] * 10 : (low[row] + high[row]) / 2;
        }
      }
      for (const row of rows) project(rowOf(found, row, length), rowOf(images, row, length), eps, 'l2');
      return found;
    });
  },
});

function imagesAt(w: Float64Array): Float32Array {
  const x = new Float32Array(w.length);
  for (let i = 0; i < w.length; i++) x[i] = (Math.tanh(w[i]) + 1) / 2;
  return x;
}
