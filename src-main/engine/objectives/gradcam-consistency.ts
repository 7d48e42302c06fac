// Grad-CAM consistency: what explains a class in a picture must explain it, in the same place and nowhere else, when
// the picture is one of four tiles.

import { z } from 'zod';
import {
  abs,
  add,
  div,
  mean,
  mul,
  reshape,
  resizeBilinear,
  scalar,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from '../graph/index.ts';
import { AppError } from '../../contracts/errors.ts';
import { classLoss, selectedLogit } from '../nn/classification.ts';
import { elementwiseGradCam, standardGradCam } from '../nn/grad-cam.ts';
import { featureMaps, type ForwardPass } from '../nn/model.ts';
import { meanOver, objective, totalOf } from './objective.ts';
import { asInCode, penaltyWeight } from './parameters.ts';

const schema = z.object({
  lambda: penaltyWeight(
    25,
    'Weight of the penalty on heat that moves or spreads when the picture becomes one tile of four; too large values stop learning.',
  ),
  form: z.enum(['elementwise', 'standard']).default('elementwise').meta({
    title: 'Grad-CAM',
    help: 'Weights of the feature maps: at each place by its own gradient, or one weight for a whole map; the same for a network with average pooling.',
  }),
  reduction: z.enum(['mean', 'sum']).default('mean').meta({
    title: 'Reduction',
    help: 'Mean over the cells of the map, as in the code, or their sum, which does not fade as maps grow.',
  }),
  upsample: z.boolean().default(false).meta({
    title: 'Compare at picture size',
    help: 'Maps are enlarged to the pictures before they are compared, which any network and size allows; finer maps cost more.',
  }),
  detach: z.boolean().default(false).meta({
    title: 'Hold the target',
    help: 'Only the map of the four tiles learns to follow that of the picture, not also the other way round.',
  }),
});

const asPublished = { form: 'elementwise', reduction: 'mean', upsample: false, detach: false };

/**
 * With g_x the Grad-CAM of the picture, scaled to sum 1, g_c that of the composite, and g~ a map that is g_x in the
 * picture's cell and 0 elsewhere:
 *
 *   L = class loss(x) + lambda * mean over pictures of the mean (or sum) over map cells of |g_c - g~|
 *
 * As in the public code by default: element-wise Grad-CAM, the mean over map cells, the target g~ is not detached, both
 * passes are in train mode, and the class loss sees the plain pictures only. The constant 1e-8 that the code adds to
 * both maps after scaling cancels in the difference and is left out. Uses no regions. With several classes a picture,
 * one of them is explained, and the other tiles lack it. Maps that do not tile, as those of AlexNet, are compared
 * enlarged (bilinear), not scaled anew.
 */
export const gradcamConsistency = objective({
  id: 'gradcam-consistency',
  title: 'Grad-CAM consistency',
  summary:
    'Cross-entropy plus a penalty when the Grad-CAM map changes as the picture becomes one tile of a 2 × 2 composite. Needs no boxes.',
  citation: 'Pillai & Pirsiavash 2021, Explainable Models with Consistent Interpretations, AAAI',
  schema,
  presets: [
    {
      id: 'imagenet',
      title: 'As in the paper, ImageNet',
      source: 'Pillai & Pirsiavash 2021',
      params: { lambda: 25, ...asPublished },
      settings: asInCode,
    },
    {
      id: 'alexnet',
      title: 'As in the code, AlexNet',
      source: 'Pillai & Pirsiavash 2021, public code: maps that do not tile are enlarged',
      params: { lambda: 25, ...asPublished, upsample: true },
      settings: asInCode,
    },
    {
      id: 'coco',
      title: 'As in the paper, COCO',
      source: 'Pillai & Pirsiavash 2021: several labels an image, each with a binary cross-entropy',
      params: { lambda: 1, ...asPublished },
      settings: { ...asInCode, labels: 'several' },
    },
  ],
  needs: { composites: true },
  build(context, { lambda, form, reduction, upsample, detach }) {
    const { sizePx, images, labels, oneHot, task, target = oneHot, sampleWeight, ramp, composites } = context;
    const plain = context.forward(images);
    const terms: Record<string, Tensor> = { class: context.meanLoss(classLoss(plain.logits, labels, task)) };
    if (lambda === 0) return totalOf(terms, plain.logits);
    if (!composites) throw new AppError('internal', 'Grad-CAM consistency needs 2x2 composites');
    const tiled = context.forward(composites.images);
    const [, , height, width] = featureMaps(plain).shape;
    const [, , tiledHeight, tiledWidth] = featureMaps(tiled).shape;
    if (!upsample && (tiledHeight !== 2 * height || tiledWidth !== 2 * width))
      throw new AppError(
        'bad-input',
        `Grad-CAM consistency: at ${sizePx} px the feature maps of four tiles do not fit together ` +
          `(${height}x${width} and ${tiledHeight}x${tiledWidth}); compare at picture size (upsample=true), ` +
          'or choose a multiple of 32 px where that fits the network',
      );
    const map = form === 'elementwise' ? elementwiseGradCam : standardGradCam;
    /** Heat of the explained class, scaled to sum 1 (all 0 if it is empty). [B, h, w], or enlarged to the side in px */
    const share = (pass: ForwardPass, sidePx: number): Tensor => {
      const heat = map(featureMaps(pass), sum(selectedLogit(pass.logits, target)));
      const scaled = div(heat, add(sum(heat, [1, 2], true), scalar(1e-8)));
      if (!upsample) return scaled;
      const [batch, ...sides] = scaled.shape;
      const large = resizeBilinear(reshape(scaled, [batch, 1, ...sides]), { height: sidePx, width: sidePx });
      return reshape(large, [batch, sidePx, sidePx]);
    };
    const plainShare = share(plain, sizePx);
    const placed = intoCell(detach ? stopGradient(plainShare) : plainShare, composites.cell);
    const difference = abs(sub(share(tiled, 2 * sizePx), placed)); // [B, 2h, 2w]
    const perImage = reduction === 'mean' ? mean(difference, [1, 2]) : sum(difference, [1, 2]);
    terms.consistency = mul(meanOver(perImage, sampleWeight), mul(ramp, scalar(lambda)));
    return totalOf(terms, plain.logits);
  },
});

/**
 * @param map   [B, h, w]
 * @param cell  [B, 4], one-hot in reading order
 * @returns     [B, 2h, 2w], the map in its cell and 0 elsewhere
 */
export function intoCell(map: Tensor, cell: Tensor): Tensor {
  const [batch, height, width] = map.shape;
  const rows = mul(reshape(map, [batch, 1, height, 1, width]), reshape(cell, [batch, 2, 1, 2, 1]));
  return reshape(rows, [batch, 2 * height, 2 * width]);
}
