// Grad-CAM: the last feature maps, weighted by how much they speak for a class.

import { z } from 'zod';
import { sum } from '../graph/index.ts';
import { selectedLogit } from '../nn/classification.ts';
import { elementwiseGradCam, standardGradCam } from '../nn/grad-cam.ts';
import { saliencyMethod } from './saliency.ts';

const schema = z.object({
  form: z.enum(['elementwise', 'standard']).default('elementwise').meta({
    title: 'Form',
    help: 'Weights of the feature maps: at each place by its own gradient, or one weight for a whole map; the same for a network with average pooling.',
    main: true,
  }),
});

/** The map has the size of the last feature maps. */
export const gradCam = saliencyMethod({
  id: 'grad-cam',
  title: 'Grad-CAM',
  summary: 'Marks the regions whose features speak for the class.',
  citation: 'Selvaraju et al. 2017, arXiv 1610.02391; element-wise: Pillai & Pirsiavash 2021',
  schema,
  presets: [],
  build({ images, target, forward }, { form }) {
    const { features, logits } = forward(images);
    const score = sum(selectedLogit(logits, target));
    return form === 'elementwise' ? elementwiseGradCam(features, score) : standardGradCam(features, score);
  },
});
