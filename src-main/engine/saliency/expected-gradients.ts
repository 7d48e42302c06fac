// Expected gradients: integrated gradients from pictures of the training set, at one random place of each way.

import { z } from 'zod';
import { AppError } from '../../contracts/errors.ts';
import { reduceChannels, reductionField } from './channels.ts';
import { pathStep } from './path.ts';
import { sampledMethod, type Samples, type SampleSetting } from './saliency.ts';
import { scoreField } from './score.ts';
import { imagesSeedField, randomOfSample } from './seed.ts';

const schema = z.object({
  score: scoreField('logit'),
  reduction: reductionField('sum-absolute'),
  samples: z.int().min(1).max(1000).default(100).meta({
    title: 'Samples',
    help: 'Ways that are drawn, each from a training picture; more make the map calmer, at the same multiple of the cost.',
    main: true,
  }),
  seed: imagesSeedField(),
});

/** Beyond these, pictures serve again: they are all held in memory. */
export const mostReferences = 200;

/**
 * Mean over training pictures x0 and t uniform in [0, 1] of (x - x0) * d score(x0 + t (x - x0)) / d x. With signs the
 * map sums on average to score(x) less the mean score of the training pictures.
 * @see Erion et al. 2021, eq. 3
 */
export const expectedGradients = sampledMethod({
  id: 'expected-gradients',
  title: 'Expected gradients',
  summary: 'Shares out to the pixels how the score differs from that of usual training pictures.',
  citation: 'Erion et al. 2021, arXiv 1906.10670',
  schema,
  presets: [],
  references: ({ samples, seed }) => ({ count: Math.min(samples, mostReferences), seed }),
  samples: ({ samples, seed }, setting) => waysFromImages('expected-gradients', samples, seed, setting),
  channels: 3,
  // eq. 3, one sample of its mean
  sample: (context, { score }) =>
    pathStep(context, { from: context.fed.from, to: context.images, place: context.fed.place, score }),
  finish: (total, _context, { reduction }) => reduceChannels(total, reduction),
});

/** Every training picture serves about equally often, at a random place of its way. */
export function waysFromImages(
  method: string,
  samples: number,
  seed: number,
  { sizePx, references }: SampleSetting,
): Samples {
  if (references.length === 0)
    throw new AppError('bad-input', `${method} compares with training pictures, and there are none`);
  return {
    count: samples,
    shapes: { from: [3, sizePx, sizePx], place: [1, 1, 1] },
    at: (index) => ({
      weight: 1 / samples,
      fed: {
        from: references[index % references.length],
        place: Float32Array.of(randomOfSample(seed, index).uniform()),
      },
    }),
  };
}
