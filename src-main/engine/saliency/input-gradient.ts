// Input gradient: how much a score would change with each pixel.

import { z } from 'zod';
import { abs, gradient, max, square, sum, type Tensor } from '../graph/index.ts';
import { crossEntropy, selectedLogit, summedLogProbability } from '../nn/classification.ts';
import { saliencyMethod } from './saliency.ts';

const schema = z.object({
  score: z.enum(['logit', 'loss', 'log-probability']).default('logit').meta({
    title: 'Score',
    help: 'What is differentiated: the logit of the class, its cross-entropy, or the log-probabilities of all classes together; the last two weigh classes as the loss does, and the cross-entropy fades once the model is sure.',
    main: true,
  }),
  reduction: z.enum(['absolute-sum', 'absolute-max', 'squared']).default('absolute-sum').meta({
    title: 'Colour channels',
    help: 'How the three channels become one value: sum or largest of the magnitudes, or sum of squares (gradient energy).',
  }),
});

/** Gradients are per unit of pixel value in [0, 1]. */
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
      source: 'KC & Zhang 2021: what the box-aware penalty charges for',
      params: { score: 'loss', reduction: 'squared' },
    },
    {
      id: 'paper-box-aware',
      title: 'As in the box-aware paper',
      source: 'KC & Zhang 2021: magnitude of the loss gradient',
      params: { score: 'loss', reduction: 'absolute-sum' },
    },
  ],
  build({ images, target, forward }, { score, reduction }) {
    const { logits } = forward(images);
    const [slopes] = gradient(sum(scoreOf(logits, target, score)), [images]); // [B, 3, S, S]
    switch (reduction) {
      case 'absolute-sum':
        return sum(abs(slopes), [1]);
      case 'absolute-max':
        return max(abs(slopes), [1]);
      case 'squared':
        return sum(square(slopes), [1]);
    }
  },
});

/** [B] */
function scoreOf(logits: Tensor, target: Tensor, score: 'logit' | 'loss' | 'log-probability'): Tensor {
  switch (score) {
    case 'logit':
      return selectedLogit(logits, target);
    case 'loss':
      return crossEntropy(logits, target);
    case 'log-probability':
      return summedLogProbability(logits);
  }
}
