// Input gradient: how much a score would change with each pixel.

import { z } from 'zod';
import { gradient, sum, type Tensor } from '../graph/index.ts';
import { summedLogProbability } from '../nn/classification.ts';
import { reduceChannels, reductionField } from './channels.ts';
import { saliencyMethod, type SaliencyContext } from './saliency.ts';
import { scoreOf } from './score.ts';

const schema = z.object({
  score: z.enum(['logit', 'probability', 'loss', 'log-probability']).default('logit').meta({
    title: 'Score',
    help: 'What is differentiated: the logit of the class, its probability, the cross-entropy, or the log-probabilities of all classes together. All but the logit fade once the model is sure, and weigh all classes, but for the probability where a picture has several.',
    main: true,
  }),
  reduction: reductionField('absolute-sum'),
});

/** d score / d x, reduced over the channels. Gradients are per unit of pixel value in [0, 1]. */
export const inputGradient = saliencyMethod({
  id: 'input-gradient',
  title: 'Input gradient',
  summary: 'Marks the pixels whose small change would change the score most.',
  citation: 'Simonyan et al. 2013, arXiv 1312.6034',
  schema,
  presets: [
    {
      id: 'energy',
      title: 'Gradient energy',
      source: 'KC & Zhang 2021: what the box-aware penalty penalises',
      params: { score: 'loss', reduction: 'squared' },
    },
    {
      id: 'paper-box-aware',
      title: 'As in the box-aware paper',
      source: 'KC & Zhang 2021: magnitude of the loss gradient, here summed over the channels',
      params: { score: 'loss', reduction: 'absolute-sum' },
    },
    {
      id: 'paper',
      title: 'As in Simonyan et al.',
      source: 'Simonyan et al. 2013, section 3.1: largest magnitude of the three channels',
      params: { score: 'logit', reduction: 'absolute-max' },
    },
  ],
  build: (context, params) => reduceChannels(gradientsOf(context, params), params.reduction),
  // Built a second time here, and the same nodes once equal ones are merged.
  lossGradient: (context, params) => (params.score === 'loss' ? gradientsOf(context, params) : null),
});

/** [B, 3, S, S] */
function gradientsOf(context: SaliencyContext, { score }: z.output<typeof schema>): Tensor {
  const { images, task, forward } = context;
  const { logits } = forward(images);
  const scores =
    score === 'log-probability' ? summedLogProbability(logits, task) : scoreOf(logits, context, score);
  return gradient(sum(scores), [images])[0];
}
