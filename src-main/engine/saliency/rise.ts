// RISE: the score behind random masks, credited to what each mask lets through.

import { z } from 'zod';
import { add, mul, sub } from '../graph/index.ts';
import type { Random } from '../nn/random.ts';
import { colourField, colourOf } from './plain-colour.ts';
import { asColumn, sampledMethod, type Samples } from './saliency.ts';
import { scoreField, scoreOf } from './score.ts';
import { randomOfSample, seedField } from './seed.ts';
import { reduceSigned, signField } from './sign.ts';

const schema = z.object({
  score: scoreField('probability'),
  sign: signField('above-minimum'),
  masks: z.int().min(1).max(20_000).default(500).meta({
    title: 'Masks',
    help: 'Random masks; more make the map calmer, at the same multiple of the cost.',
    main: true,
  }),
  cells: z.int().min(2).max(64).default(7).meta({
    title: 'Cells',
    help: 'Cells of a mask along a side; more mark more exactly and need more masks.',
  }),
  shown: z.number().min(0.05).max(0.95).default(0.5).meta({
    title: 'Share shown',
    help: 'Probability that a cell lets the picture through; the rest is covered.',
  }),
  fill: colourField('mean', 'Covered with', 'The colour of what is hidden.'),
  seed: seedField(),
});

/**
 * Mean over N masks m of score(x m + fill (1 - m)) * m / p. A mask is a grid of cells that are 1 with probability p,
 * enlarged bilinearly to (cells + 1) cells and cut at a random place.
 * @see Petsiuk et al. 2018, eq. 6 and section 3.2
 */
export const rise = sampledMethod({
  id: 'rise',
  title: 'RISE',
  summary: 'Averages random masks, each weighted by the score of the picture behind it.',
  citation: 'Petsiuk et al. 2018, arXiv 1806.07421',
  schema,
  presets: [
    {
      id: 'paper',
      title: 'As in Petsiuk et al.',
      source:
        'Petsiuk et al. 2018, section 4.1: for ResNet-50, 8000 masks of 7 x 7 cells, half of them shown',
      params: {
        score: 'probability',
        sign: 'above-minimum',
        masks: 8000,
        cells: 7,
        shown: 0.5,
        fill: 'mean',
        seed: 0,
      },
    },
  ],
  samples: ({ masks, cells, shown, seed }, { sizePx }): Samples => ({
    count: masks,
    shapes: { mask: [1, sizePx, sizePx] },
    at: (index) => ({
      weight: 1 / (masks * shown), // eq. 6: 1 / (N E[M])
      fed: { mask: randomMask(randomOfSample(seed, index), cells, shown, sizePx) },
    }),
  }),
  channels: 1,
  sample(context, { score, fill }) {
    const { images, forward, fed } = context;
    const colour = colourOf(fill);
    const masked = add(colour, mul(fed.mask, sub(images, colour)));
    return mul(asColumn(scoreOf(forward(masked).logits, context, score)), fed.mask); // [N, 1, S, S]; eq. 6, one term of the sum
  },
  finish: (total, _context, { sign }) => reduceSigned(total, sign),
});

/** [S * S] in [0, 1] */
export function randomMask(random: Random, cells: number, shown: number, sizePx: number): Float32Array {
  const grid = Float32Array.from({ length: cells * cells }, () => Number(random.uniform() < shown));
  const cellPx = Math.ceil(sizePx / cells);
  const enlargedPx = (cells + 1) * cellPx;
  const [left, top] = [random.below(cellPx), random.below(cellPx)];
  /** The grid lines beside pixel i of the enlarged mask, and how far it is from the first: pixel centres, rim held. */
  const taps = (start: number) =>
    Array.from({ length: sizePx }, (_, i) => {
      const place = ((start + i + 0.5) * cells) / enlargedPx - 0.5;
      const held = Math.min(cells - 1, Math.max(0, place));
      const low = Math.floor(held);
      return { low, high: Math.min(cells - 1, low + 1), share: held - low };
    });
  const columns = taps(left);
  const mask = new Float32Array(sizePx * sizePx);
  taps(top).forEach((row, y) =>
    columns.forEach((column, x) => {
      const along = (line: number): number =>
        grid[line * cells + column.low] * (1 - column.share) +
        grid[line * cells + column.high] * column.share;
      mask[y * sizePx + x] = along(row.low) * (1 - row.share) + along(row.high) * row.share;
    }),
  );
  return mask;
}
