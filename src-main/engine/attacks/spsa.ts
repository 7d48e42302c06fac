// SPSA: gradients guessed from logits at random points, for models whose gradient hides.

import { z } from 'zod';
import { adam } from './adam.ts';
import { attack } from './attack.ts';
import { stepsField } from './fields.ts';
import { withRestarts } from './restarts.ts';
import { copiesTogether, logitsOf, marginsOf, imageLength } from './queries.ts';
import { project, put, rowOf } from './rows.ts';

const schema = z.object({
  steps: stepsField(20),
  samples: z.int().min(1).max(100_000).default(128).meta({
    title: 'Samples',
    help: 'Random directions for one guess of the gradient; each costs two forward passes.',
    main: true,
  }),
  delta: z.number().min(1e-5).max(1).default(0.01).meta({
    title: 'Probe',
    help: 'How far from the picture the samples are taken; the pixel range is 1.',
  }),
  stepSize: z.number().min(1e-5).max(1).default(0.01).meta({
    title: 'Step size',
    help: 'Step of the optimiser Adam; the pixel range is 1.',
  }),
});

/** g = mean over v in {-1, 1}^d of (margin(x + delta v) - margin(x - delta v)) / (2 delta) * v; Adam up g, projected. */
export const spsa = attack({
  id: 'spsa',
  title: 'SPSA',
  summary: 'Estimates the gradient from the outputs at random points near the picture.',
  citation: 'Uesato et al. 2018, arXiv 1802.05666, algorithm 1',
  schema,
  presets: [
    {
      id: 'paper',
      title: 'As in the paper',
      source: 'Uesato et al. 2018: 2,048 samples, 100 steps of 0.01, probes at 0.01',
      params: { steps: 100, samples: 2048, delta: 0.01, stepSize: 0.01 },
    },
  ],
  aim: 'class',
  norm: () => 'linf',
  run(target, input, { steps, samples, delta, stepSize }, random) {
    const { classes } = target;
    const length = imageLength(target);
    const together = Math.ceil(copiesTogether(target) / 2);
    return withRestarts(target, input, 1, async ({ images, labels, eps, transfer }) => {
      const result = images.slice();
      for (let row = 0; row < labels.length; row++) {
        const clean = rowOf(images, row, length);
        const draws = random.fork(`picture/${row}`);
        const climb = adam(length, stepSize);
        const x = clean.slice();
        let highest = -Infinity;
        for (let step = 0; step <= steps; step++) {
          const [now] = marginsOf(await logitsOf(target, x), [labels[row]], classes);
          if (now > highest) put(result, [row], x, length);
          highest = Math.max(highest, now);
          if ((now > 0 && !transfer) || step === steps) break;
          const grad = await guess(x);
          const moved = Float64Array.from(x);
          climb(
            moved,
            grad.map((value) => -value),
          );
          x.set(moved);
          project(x, clean, eps, 'linf');
        }

        async function guess(centre: Float32Array): Promise<Float64Array> {
          const grad = new Float64Array(length);
          for (let done = 0; done < samples; done += together) {
            const count = Math.min(together, samples - done);
            const signs = Int8Array.from({ length: count * length }, () => (draws.uniform() < 0.5 ? -1 : 1));
            const probes = new Float32Array(2 * count * length);
            for (let i = 0; i < signs.length; i++) {
              probes[i] = centre[i % length] + delta * signs[i];
              probes[count * length + i] = centre[i % length] - delta * signs[i];
            }
            const trueLabels = new Int32Array(2 * count).fill(labels[row]);
            const margins = marginsOf(await logitsOf(target, probes), trueLabels, classes);
            for (let sample = 0; sample < count; sample++) {
              const rise = (margins[sample] - margins[count + sample]) / (2 * delta * samples);
              for (let i = 0; i < length; i++) grad[i] += rise * signs[sample * length + i];
            }
          }
          return grad;
        }
      }
      return result;
    });
  },
});
