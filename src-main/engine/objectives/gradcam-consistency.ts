// Grad-CAM consistency: what explains a class in a picture must explain it, in the same place and nowhere else, when
// the picture is one of four tiles.

import { z } from 'zod';
import { abs, add, div, mean, mul, reshape, scalar, sub, sum, type Tensor } from '../graph/index.ts';
import { AppError } from '../../contracts/errors.ts';
import { crossEntropy, selectedLogit } from '../nn/classification.ts';
import { elementwiseGradCam } from '../nn/grad-cam.ts';
import type { ForwardPass } from '../nn/model.ts';
import { meanOver, objective, totalOf } from './objective.ts';

const schema = z.object({
  lambda: z.number().min(0).max(1e6).default(25).meta({
    title: 'Weight',
    help: 'Price of heat that moves or spreads when the picture becomes one tile of four; too large values stop learning.',
    main: true,
  }),
});

/**
 * With g_x the element-wise Grad-CAM of the picture, scaled to sum 1, g_c that of the composite, and g~ a map that is
 * g_x in the picture's cell and 0 elsewhere:
 *
 *   L = cross-entropy(x) + lambda * mean over pictures and map cells of |g_c - g~|
 *
 * As in the public code: the mean (not the sum) over map cells, the target g~ is not detached, both passes are in
 * train mode, and cross-entropy sees the plain pictures only. The constant 1e-8 that the code adds to both maps after
 * scaling cancels in the difference and is left out. Uses no regions.
 */
export const gradcamConsistency = objective({
  id: 'gradcam-consistency',
  title: 'Grad-CAM consistency',
  summary:
    'Learns from the labels and is charged when its heat map changes as the picture becomes one of four tiles.',
  citation: 'Pillai & Pirsiavash 2021, Explainable Models with Consistent Interpretations, AAAI',
  schema,
  presets: [
    {
      id: 'imagenet',
      title: 'As in the paper, ImageNet',
      source: 'Pillai & Pirsiavash 2021',
      params: { lambda: 25 },
    },
    { id: 'coco', title: 'As in the paper, COCO', source: 'Pillai & Pirsiavash 2021', params: { lambda: 1 } },
  ],
  needs: { composites: true },
  build({ sizePx, images, labels, weight, ramp, composites, forward }, { lambda }) {
    const plain = forward(images);
    const terms: Record<string, Tensor> = { class: meanOver(crossEntropy(plain.logits, labels), weight) };
    if (lambda > 0) {
      if (!composites) throw new AppError('internal', 'Grad-CAM consistency needs 2x2 composites');
      const tiled = forward(composites.images);
      const [, , height, width] = plain.features.shape;
      const [, , tiledHeight, tiledWidth] = tiled.features.shape;
      if (tiledHeight !== 2 * height || tiledWidth !== 2 * width)
        throw new AppError(
          'bad-input',
          `Grad-CAM consistency: at ${sizePx} px the feature maps of four tiles do not fit together ` +
            `(${height}x${width} and ${tiledHeight}x${tiledWidth}); choose a multiple of 32 px`,
        );
      const target = intoCell(share(plain, labels), composites.cell);
      const difference = mean(abs(sub(share(tiled, labels), target)), [1, 2]); // [B]
      terms.consistency = mul(meanOver(difference, weight), mul(ramp, scalar(lambda)));
    }
    return totalOf(terms, plain.logits);
  },
});

/** Element-wise Grad-CAM of the labelled class, scaled to sum 1 (all 0 if it is empty). [B, h, w] */
function share({ features, logits }: ForwardPass, labels: Tensor): Tensor {
  const map = elementwiseGradCam(features, sum(selectedLogit(logits, labels)));
  return div(map, add(sum(map, [1, 2], true), scalar(1e-8)));
}

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
