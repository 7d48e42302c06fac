// Grad-CAM: feature maps, weighted by how much they speak for a class.

import { z } from 'zod';
import { sum } from '../graph/index.ts';
import { selectedLogit } from '../nn/classification.ts';
import { elementwiseGradCam, standardGradCam } from '../nn/grad-cam.ts';
import { saliencyMethod } from './saliency.ts';
import { stageField, stageOf } from './stage.ts';

const schema = z.object({
  form: z.enum(['standard', 'elementwise']).default('standard').meta({
    title: 'Form',
    help: 'Weights of the feature maps: one for a whole map, or at each place its own gradient, as in HiResCAM. The heat is the same only at the last stage, and there only if average pooling and one linear layer follow.',
    main: true,
  }),
  stagesBack: stageField(),
});

/** relu(sum over k of w_k A_k), of the logit; w_k the spatial mean of the gradient unless asked otherwise. The map has the size of the feature maps. */
export const gradCam = saliencyMethod({
  id: 'grad-cam',
  title: 'Grad-CAM',
  summary: 'Marks the regions whose features speak for the class.',
  citation: 'Selvaraju et al. 2017, arXiv 1610.02391; element-wise: Pillai & Pirsiavash 2021',
  schema,
  presets: [
    {
      id: 'paper',
      title: 'As in Selvaraju et al.',
      source: 'Selvaraju et al. 2017, eq. 1 and 2: one weight for a map, last stage',
      params: { form: 'standard', stagesBack: 0 },
    },
    {
      id: 'paper-consistency',
      title: 'As in the consistency paper',
      source: 'Pillai & Pirsiavash 2021, code: element-wise, last stage',
      params: { form: 'elementwise', stagesBack: 0 },
    },
  ],
  build({ images, target, forward }, { form, stagesBack }) {
    const pass = forward(images);
    const maps = stageOf(pass, stagesBack);
    const score = sum(selectedLogit(pass.logits, target));
    return form === 'elementwise' ? elementwiseGradCam(maps, score) : standardGradCam(maps, score);
  },
});
