// HiResCAM: feature maps times their gradients. Element-wise Grad-CAM is the same, found again by others.

import { z } from 'zod';
import { sum } from '../graph/index.ts';
import { selectedLogit } from '../nn/classification.ts';
import { elementwiseGradCam } from '../nn/grad-cam.ts';
import { saliencyMethod } from './saliency.ts';
import { stageField, stageOf } from './stage.ts';

const schema = z.object({ stagesBack: stageField() });

/** relu(sum over k of A_k * d f / d A_k), of the logit. The map has the size of the feature maps. */
export const hiResCam = saliencyMethod({
  id: 'hirescam',
  title: 'HiResCAM',
  summary: 'Marks the places whose features, each weighed at its own place, speak for the class.',
  citation: 'Draelos & Carin 2020, arXiv 2011.08891',
  schema,
  presets: [],
  build({ images, target, forward }, { stagesBack }) {
    const pass = forward(images);
    return elementwiseGradCam(stageOf(pass, stagesBack), sum(selectedLogit(pass.logits, target)));
  },
});
