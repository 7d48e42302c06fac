// Guided backpropagation: the input gradient with negative gradients cut off at every activation. Kept for comparison
// with older work: it draws the edges of the picture whatever the network has learnt.

import { z } from 'zod';
import { gradient, relu, sum, type GradientRule } from '../graph/index.ts';
import { selectedLogit } from '../nn/classification.ts';
import { reduceChannels, reductionField } from './channels.ts';
import { saliencyMethod } from './saliency.ts';

const schema = z.object({ reduction: reductionField('absolute-sum') });

const raisingOnly: GradientRule = (_y, _g, usual) => usual().map((part) => part && relu(part));

/** d f / d x with relu(.) of the gradient after each ReLU (or softplus) on the way back, of the logit. */
export const guidedBackprop = saliencyMethod({
  id: 'guided-backprop',
  title: 'Guided backprop (fails sanity checks)',
  summary: 'Backpropagates through ReLUs only where the gradient is positive.',
  citation: 'Springenberg et al. 2014, arXiv 1412.6806; sanity checks: arXiv 1810.03292',
  schema,
  presets: [],
  build({ images, target, forward }, { reduction }) {
    const score = sum(selectedLogit(forward(images).logits, target));
    const [grads] = gradient(score, [images], { rules: { relu: raisingOnly, softplus: raisingOnly } });
    return reduceChannels(grads, reduction);
  },
});
