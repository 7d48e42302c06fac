// Heat inside the region is rewarded: the share of an explanation that falls into the boxes is part of the loss.

import { z } from 'zod';
import { add, div, mul, reshape, scalar, square, sub, sum, type Tensor } from '../graph/index.ts';
import { adaptiveAveragePool } from '../nn/adaptive-pool.ts';
import { classLoss, selectedLogit } from '../nn/classification.ts';
import { elementwiseGradCam, standardGradCam } from '../nn/grad-cam.ts';
import { featureMaps, type ForwardPass } from '../nn/model.ts';
import { meanOver, objective, totalOf, type ObjectiveContext } from './objective.ts';
import { penaltyWeight } from './parameters.ts';
import { gradientsOf } from './gradients.ts';

const schema = z.object({
  lambda: penaltyWeight(
    1,
    'Weight of the penalty on heat outside the boxes, as a share of all heat; larger values keep explanations inside.',
  ),
  heat: z.enum(['input-gradient', 'grad-cam', 'elementwise-grad-cam']).default('elementwise-grad-cam').meta({
    title: 'Heat',
    help: 'The explanation that should fall into the boxes: squared input gradient of the loss, or Grad-CAM with one weight a map or one a place.',
    main: true,
  }),
});

/**
 *   L = cross-entropy + lambda * mean over pictures with region of (1 - heat inside / heat)
 *
 * The energy loss of Rao et al. 2023; in the spirit of HINT (Selvaraju et al. 2019), which ranks the heat of
 * regions as people do. Grad-CAM is of the true class on the last feature maps, where a cell counts by the share of it
 * that lies inside; heat of all 0 counts as all outside. Batch-norm: batch statistics.
 */
export const maskEnergy = objective({
  id: 'mask-energy',
  title: 'Heat in the box',
  summary:
    'Cross-entropy plus a penalty on the share of the explanation that falls outside the boxes. Needs boxes or masks.',
  citation: 'Rao et al. 2023, arXiv 2303.11932 (energy loss); Selvaraju et al. 2019, arXiv 1902.03751 (HINT)',
  schema,
  presets: [],
  needs: {},
  build(context, { lambda, heat }) {
    const { images, labels, task, hasRegion, sampleWeight, ramp, forward, meanLoss } = context;
    const pass = forward(images);
    const terms: Record<string, Tensor> = { class: meanLoss(classLoss(pass.logits, labels, task)) };
    if (lambda === 0) return totalOf(terms, pass.logits);
    const map = heatOf(context, pass, heat); // [B, h, w]
    // Of each cell the share that lies inside.
    const regionMask = reshape(adaptiveAveragePool(context.regionMask, map.shape[1]), map.shape); // [B, h, w]
    const share = div(sum(mul(map, regionMask), [1, 2]), add(sum(map, [1, 2]), scalar(1e-8)));
    const penalty = meanOver(sub(scalar(1), share), mul(hasRegion, sampleWeight));
    terms.outside = mul(penalty, mul(ramp, scalar(lambda)));
    return { ...totalOf(terms, pass.logits), means: { outside: 'regions' } };
  },
});

function heatOf(
  { images, labels, oneHot, task, sampleWeight }: ObjectiveContext,
  pass: ForwardPass,
  heat: z.output<typeof schema>['heat'],
): Tensor {
  if (heat === 'input-gradient')
    return sum(
      square(gradientsOf(sum(mul(classLoss(pass.logits, labels, task), sampleWeight)), images, 'normalised')),
      [1],
    );
  const score = sum(selectedLogit(pass.logits, oneHot));
  return (heat === 'grad-cam' ? standardGradCam : elementwiseGradCam)(featureMaps(pass), score);
}
