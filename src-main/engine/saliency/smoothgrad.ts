// SmoothGrad: the input gradient, averaged over noisy copies of the picture.

import { z } from 'zod';
import { abs, add, gradient, identity, max, mul, neg, scalar, square, sum } from '../graph/index.ts';
import { reduceChannels, reductionField } from './channels.ts';
import { sampledMethod } from './saliency.ts';
import { scoreField, scoreOf } from './score.ts';
import { normals, randomOfSample, seedField } from './seed.ts';

const schema = z.object({
  score: scoreField('logit'),
  reduction: reductionField('absolute-sum'),
  samples: z.int().min(1).max(1000).default(50).meta({
    title: 'Noisy copies',
    help: 'Copies that are averaged; more make the map calmer, at the same multiple of the cost.',
    main: true,
  }),
  noise: z.number().min(0).max(1).default(0.15).meta({
    title: 'Noise',
    help: "Standard deviation of the noise, as a share of the picture's own range from darkest to brightest value; more blurs the map.",
    main: true,
  }),
  average: z.enum(['gradient', 'magnitude', 'square']).default('gradient').meta({
    title: 'Averaged',
    help: 'What is averaged over the copies: the gradient with its sign, its magnitude, or its square.',
  }),
  seed: seedField(),
});

/**
 * Mean over n draws of d score(x + e) / d x, e normal with standard deviation noise * (max x - min x); all pictures
 * get the same draws. The noisy copies are not clipped.
 * @see Smilkov et al. 2017, section 2.2; squares: Hooker et al. 2019
 */
export const smoothgrad = sampledMethod({
  id: 'smoothgrad',
  title: 'SmoothGrad',
  summary: 'Averages the input gradient over noisy copies of the picture, which reduces its noise.',
  citation: 'Smilkov et al. 2017, arXiv 1706.03825',
  schema,
  presets: [
    {
      id: 'paper',
      title: 'As in Smilkov et al.',
      source: 'Smilkov et al. 2017, section 3: 50 copies, noise of 10 to 20 %; the magnitude is taken last',
      params: {
        score: 'logit',
        reduction: 'absolute-sum',
        samples: 50,
        noise: 0.15,
        average: 'gradient',
        seed: 0,
      },
    },
    {
      id: 'squared',
      title: 'SmoothGrad squared',
      source: 'Hooker et al. 2019, arXiv 1806.10758: squares are averaged, 15 copies',
      params: {
        score: 'logit',
        reduction: 'absolute-sum',
        samples: 15,
        noise: 0.15,
        average: 'square',
        seed: 0,
      },
    },
  ],
  samples: ({ samples, seed }, { sizePx }) => ({
    count: samples,
    shapes: { noise: [3, sizePx, sizePx] },
    at: (index) => ({
      weight: 1 / samples,
      fed: { noise: normals(randomOfSample(seed, index), 3 * sizePx * sizePx) },
    }),
  }),
  channels: 3,
  sample(context, { score, noise, average }) {
    const { images, forward, fed } = context;
    const axes = [1, 2, 3];
    const range = add(max(images, axes, true), max(neg(images), axes, true)); // [N, 1, 1, 1]
    const noisy = identity(add(images, mul(fed.noise, mul(scalar(noise), range))));
    const [grads] = gradient(sum(scoreOf(forward(noisy).logits, context, score)), [noisy]);
    switch (average) {
      case 'gradient':
        return grads;
      case 'magnitude':
        return abs(grads);
      case 'square':
        return square(grads);
    }
  },
  finish: (total, _context, { reduction }) => reduceChannels(total, reduction),
});
