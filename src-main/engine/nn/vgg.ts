// Plain networks of 3x3 convolutions with pooling between their stages (Simonyan & Zisserman 2015). Names of the
// convolutions are torchvision's: "features." and the place in its list, where each convolution takes two (itself and
// its ReLU) and each pooling one.

import { maxPool, type Tensor } from '../graph/index.ts';
import type { Layers } from './layers.ts';

/**
 * The convolution stages, without the pooling after the last one.
 * @param stages      channels of each convolution of each stage
 * @param lastStride  1 leaves out the pooling before the last stage
 */
export function vggStages(
  net: Layers,
  images: Tensor,
  stages: readonly (readonly number[])[],
  lastStride?: 1,
): Tensor {
  let x = images;
  let place = 0;
  stages.forEach((widths, s) => {
    if (s > 0) {
      if (s < stages.length - 1 || lastStride !== 1) x = maxPool(x, { window: 2 });
      place += 1;
    }
    for (const channels of widths) {
      x = net.activate(net.conv(x, `features.${place}`, { channels, window: 3, bias: true }));
      place += 2;
    }
    x = net.stage(x);
  });
  return x;
}
