// Gradient times input: the first-order share of each pixel in the score.

import { z } from 'zod';
import { gradient, mul, sub, sum } from '../graph/index.ts';
import { reduceChannels, reductionField } from './channels.ts';
import { colourField, colourOf } from './plain-colour.ts';
import { saliencyMethod } from './saliency.ts';
import { scoreField, scoreOf } from './score.ts';

const schema = z.object({
  score: scoreField('logit'),
  reduction: reductionField('sum-absolute'),
  baseline: colourField('black', 'Zero is', 'The colour that counts as nothing.'),
});

/** (x - x0) * d score / d x, x0 a plain colour. */
export const gradientXInput = saliencyMethod({
  id: 'gradient-x-input',
  title: 'Gradient × input',
  summary: 'Multiplies each pixel by its input gradient.',
  citation: 'Shrikumar et al. 2016, arXiv 1605.01713',
  schema,
  presets: [],
  build(context, { score, reduction, baseline }) {
    const { images, forward } = context;
    const [grads] = gradient(sum(scoreOf(forward(images).logits, context, score)), [images]);
    return reduceChannels(mul(sub(images, colourOf(baseline)), grads), reduction);
  },
});
