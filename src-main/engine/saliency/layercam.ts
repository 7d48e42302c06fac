// LayerCAM: feature maps, each place weighed by its own positive gradient, so that early stages can be read too.

import { z } from 'zod';
import { sum } from '../graph/index.ts';
import { selectedLogit } from '../nn/classification.ts';
import { layerCam as mapOf } from '../nn/grad-cam.ts';
import { saliencyMethod } from './saliency.ts';
import { stageField, stageOf } from './stage.ts';

const schema = z.object({ stagesBack: stageField() });

/** relu(sum over k of A_k * relu(d f / d A_k)), of the logit. The map has the size of the feature maps. */
export const layerCam = saliencyMethod({
  id: 'layercam',
  title: 'LayerCAM',
  summary: 'Marks the places whose features speak for the class, from an early, fine stage if wanted.',
  citation: 'Jiang et al. 2021, LayerCAM, IEEE TIP 30',
  schema,
  presets: [],
  build({ images, target, forward }, { stagesBack }) {
    const pass = forward(images);
    return mapOf(stageOf(pass, stagesBack), sum(selectedLogit(pass.logits, target)));
  },
});
