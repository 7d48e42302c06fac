// How far gradients and density move when a little noise is laid on the picture.

import { z } from 'zod';
import { gradient, sum } from '../graph/index.ts';
import { selectedLogit } from '../nn/classification.ts';
import { meanValue, meanOf } from './metric-values.ts';
import { measure, type BatchView, type MeasureContext } from './measure.ts';

const noise = {
  deviation: z.number().min(0).max(1).default(0.05).meta({
    title: 'Noise',
    help: 'Standard deviation of the noise, as a share of the pixel range; more moves both further.',
    main: true,
  }),
  draws: z.int().min(1).max(1000).default(4).meta({
    title: 'Draws',
    help: 'Noisy copies of each picture; more give a steadier figure.',
  }),
};

const shared = {
  direction: 'lower',
  range: [0, null],
  needs: [],
  presets: [],
  citation: 'Yang et al. 2024; the formula is our reading.',
} as const;

export const gradientRobustness = measure({
  ...shared,
  id: 'gradient-robustness',
  title: 'Relative gradient change',
  summary: 'How much the gradient of the class’s logit changes under noise, by its own length.',
  unit: 'share',
  cost: 'gradient',
  schema: z.object(noise),
  begin: (context, { deviation, draws }) => ({
    async read(batch) {
      const grads = context.program('logit-gradient', ({ rows, forward, classes, sizePx }) => {
        const images = rows('images', [3, sizePx, sizePx]);
        const { logits } = forward(images);
        const [grad] = gradient(sum(selectedLogit(logits, rows('labels', [classes]))), [images]);
        return { grad };
      });
      const count = batch.labels.length;
      const oneHot = new Float32Array(count * context.classes.length);
      batch.labels.forEach((label, i) => (oneHot[i * context.classes.length + label] = 1));
      const { grad: clean } = await grads(count, { images: batch.images, labels: oneHot });
      return overNoise(context, batch, 'gradient-robustness', deviation, draws, async (images) => {
        const { grad } = await grads(count, { images, labels: oneHot });
        return batch.labels.map((_, i) => relativeChange(grad, clean, i, grad.length / count));
      });
    },
    metricValue: (values) => meanValue(values, context.random('gradient-robustness')),
  }),
});

export const densityRobustness = measure({
  ...shared,
  id: 'density-robustness',
  title: 'Density change',
  summary: 'How much the log-density that the logits stand for (log-sum-exp) changes under noise.',
  unit: 'nats',
  cost: 'cheap',
  schema: z.object({
    ...noise,
    relative: z.boolean().default(false).meta({
      title: 'Relative',
      help: 'Divide by the magnitude of the log-density itself, as the paper’s supplement does; the figure is then a share.',
    }),
  }),
  begin: (context, { deviation, draws, relative }) => ({
    read: (batch) =>
      overNoise(context, batch, 'density-robustness', deviation, draws, async (images) => {
        const logits = await context.predict(images);
        return batch.labels.map((_, i) => {
          const clean = logSumExpOf(batch.logits, context.classes.length, i);
          const change = Math.abs(logSumExpOf(logits, context.classes.length, i) - clean);
          if (!relative) return change;
          return clean === 0 ? null : change / Math.abs(clean);
        });
      }),
    metricValue: (values) => meanValue(values, context.random('density-robustness')),
  }),
});

/** Mean over draws of what `measured` finds in each picture; a picture's noise does not depend on its batch. */
async function overNoise(
  { random, sizePx }: MeasureContext,
  { images, start, labels }: BatchView,
  name: string,
  deviation: number,
  draws: number,
  measured: (images: Float32Array) => Promise<(number | null)[]>,
): Promise<(number | null)[]> {
  const found: (number | null)[][] = labels.map(() => []);
  const length = 3 * sizePx * sizePx;
  for (let draw = 0; draw < draws; draw++) {
    const noisy = images.slice();
    for (const i of labels.keys()) {
      const dice = random(`${name}/${start + i}/${draw}`);
      for (let at = i * length; at < (i + 1) * length; at++) noisy[at] += deviation * dice.normal();
    }
    (await measured(noisy)).forEach((value, i) => found[i].push(value));
  }
  return found.map(meanOf);
}

/** |a - b| / |b| of the i-th rows; null where b is all zero. */
export function relativeChange(a: Float32Array, b: Float32Array, i: number, length: number): number | null {
  let change = 0;
  let whole = 0;
  for (let at = i * length; at < (i + 1) * length; at++) {
    change += (a[at] - b[at]) ** 2;
    whole += b[at] ** 2;
  }
  return whole > 0 ? Math.sqrt(change / whole) : null;
}

/** log of the sum of exponentials of one row of [pictures, classes]. */
export function logSumExpOf(logits: Float32Array, classes: number, row: number): number {
  const values = logits.subarray(row * classes, (row + 1) * classes);
  const most = values.reduce((top, value) => Math.max(top, value), -Infinity);
  return most + Math.log(values.reduce((total, value) => total + Math.exp(value - most), 0));
}
