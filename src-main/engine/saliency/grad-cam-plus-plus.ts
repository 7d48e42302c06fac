// Grad-CAM++: Grad-CAM whose weights count the places that speak for the class, so that small or several objects
// are marked as well as one large one.

import { z } from 'zod';
import { sum } from '../graph/index.ts';
import { selectedLogit } from '../nn/classification.ts';
import { gradCamPlusPlus as mapOf } from '../nn/grad-cam.ts';
import { saliencyMethod } from './saliency.ts';
import { stageField, stageOf } from './stage.ts';

const schema = z.object({ stagesBack: stageField() });

/** relu(sum over k of w_k A_k), of the logit. The map has the size of the feature maps. */
export const gradCamPlusPlus = saliencyMethod({
  id: 'grad-cam++',
  title: 'Grad-CAM++',
  summary: 'Like Grad-CAM, with weights that mark several or small objects as well as one large one.',
  citation: 'Chattopadhyay et al. 2018, arXiv 1710.11063',
  schema,
  presets: [],
  build({ images, target, forward }, { stagesBack }) {
    const pass = forward(images);
    return mapOf(stageOf(pass, stagesBack), sum(selectedLogit(pass.logits, target)));
  },
});
