// CAM: the last feature maps, weighted by the classifier's own weights. Grad-CAM is its generalisation.

import { z } from 'zod';
import { AppError } from '../../contracts/errors.ts';
import { gradient, mul, reshape, sum } from '../graph/index.ts';
import { selectedLogit } from '../nn/classification.ts';
import { featureMaps } from '../nn/model.ts';
import { saliencyMethod } from './saliency.ts';
import { reduceSigned, signField } from './sign.ts';

const schema = z.object({ sign: signField('above-minimum') });

/**
 * sum over k of W_ck A_k. The weights of a linear head are the gradient of the logit in the pooled features, which is how
 * they come here also for the difference of two classes. The map has the size of the feature maps.
 * @see Zhou et al. 2016, eq. 2
 */
export const cam = saliencyMethod({
  id: 'cam',
  title: 'CAM',
  summary: 'Marks the regions that the classifier’s own weights take for the class.',
  citation: 'Zhou et al. 2016, arXiv 1512.04150',
  schema,
  presets: [
    {
      id: 'paper',
      title: 'As in Zhou et al.',
      source: 'Zhou et al. 2016, code: everything above the smallest value of the map',
      params: { sign: 'above-minimum' },
    },
  ],
  build({ images, target, forward }, { sign }) {
    const pass = forward(images);
    const maps = featureMaps(pass);
    const { logits, pooled } = pass;
    const [batch, channels] = maps.shape;
    if (pooled.shape[1] !== channels)
      throw new AppError('bad-input', 'CAM needs a model whose head reads the pooled feature maps directly');
    const [weights] = gradient(sum(selectedLogit(logits, target)), [pooled]); // [B, C]
    return reduceSigned(sum(mul(maps, reshape(weights, [batch, channels, 1, 1])), [1]), sign); // eq. 2
  },
});
