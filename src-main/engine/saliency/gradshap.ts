// GradSHAP: expected gradients towards noisy copies of the picture.

import { z } from 'zod';
import { add, mul, scalar } from '../graph/index.ts';
import { reduceChannels, reductionField } from './channels.ts';
import { mostReferences, waysFromImages } from './expected-gradients.ts';
import { pathStep } from './path.ts';
import { sampledMethod, type Samples } from './saliency.ts';
import { scoreField } from './score.ts';
import { normals, imagesSeedField, randomOfSample } from './seed.ts';

const schema = z.object({
  score: scoreField('logit'),
  reduction: reductionField('sum-absolute'),
  baseline: z.enum(['pictures', 'random', 'black']).default('random').meta({
    title: 'Start',
    help: 'Where ways begin: at training pictures, at pictures of uniformly random values, or at black.',
  }),
  samples: z.int().min(1).max(1000).default(50).meta({
    title: 'Samples',
    help: 'Ways that are drawn; more make the map calmer, at the same multiple of the cost.',
    main: true,
  }),
  noise: z.number().min(0).max(1).default(0.09).meta({
    title: 'Noise',
    help: 'Standard deviation of the noise on the picture, as a fraction of the full range; more blurs the map.',
  }),
  seed: imagesSeedField(),
});

/**
 * Mean over draws of (x + n - x0) * d score(x0 + t (x + n - x0)) / d x with n normal and t uniform in [0, 1]. With
 * signs the map sums on average to the mean score of the noisy copies less that of the starts.
 * @see Lundberg & Lee 2017; the noisy copy also stands in the factor, as in the authors' and in Captum's code
 */
export const gradshap = sampledMethod({
  id: 'gradshap',
  title: 'GradSHAP',
  summary: 'Estimates Shapley values of the pixels from gradients on the way to noisy copies.',
  citation: 'Lundberg & Lee 2017, arXiv 1705.07874',
  schema,
  presets: [],
  references: ({ baseline, samples, seed }) => ({
    count: baseline === 'pictures' ? Math.min(samples, mostReferences) : 0,
    seed,
  }),
  samples({ baseline, samples, seed }, setting): Samples {
    const image = [3, setting.sizePx, setting.sizePx];
    const size = 3 * setting.sizePx ** 2;
    const ways = baseline === 'pictures' ? waysFromImages('gradshap', samples, seed, setting) : null;
    return {
      count: samples,
      shapes: { from: image, noise: image, place: [1, 1, 1] },
      at(index) {
        const random = randomOfSample(seed, index);
        const place = Float32Array.of(random.uniform());
        const noise = normals(random, size);
        const from = new Float32Array(size);
        if (baseline === 'random') from.forEach((_, i) => (from[i] = random.uniform()));
        return { weight: 1 / samples, fed: { noise, place, from, ...ways?.at(index).fed } };
      },
    };
  },
  channels: 3,
  sample(context, { score, noise }) {
    const { images, fed } = context;
    const to = add(images, mul(scalar(noise), fed.noise));
    return pathStep(context, { from: fed.from, to, place: fed.place, score });
  },
  finish: (total, _context, { reduction }) => reduceChannels(total, reduction),
});
