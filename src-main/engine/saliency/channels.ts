// How the three channels of a map of pixels become one value, and a signed value one that is not negative.

import { z } from 'zod';
import { abs, max, mul, neg, relu, square, sum, type Tensor } from '../graph/index.ts';
import { perChannel } from '../nn/normalise.ts';

const reductions = [
  'absolute-sum',
  'absolute-max',
  'absolute-grey',
  'squared',
  'sum-absolute',
  'sum-positive',
  'sum-negative',
] as const;
type Reduction = (typeof reductions)[number];

/** Luminance of ITU-R BT.601. */
const greyWeights = [0.299, 0.587, 0.114];

export const reductionField = (usual: Reduction) =>
  z.enum(reductions).default(usual).meta({
    title: 'Colour channels',
    help: 'How the three channels become one value of 0 or more: sum, largest or grey value of the magnitudes, sum of squares; or the channels summed with their signs, and of that the magnitude, only what raises the score, or only what lowers it.',
  });

/**
 * @param values  [B, 3, H, W], signed
 * @returns       [B, H, W], >= 0
 */
export function reduceChannels(values: Tensor, reduction: Reduction): Tensor {
  switch (reduction) {
    case 'absolute-sum':
      return sum(abs(values), [1]);
    case 'absolute-max':
      return max(abs(values), [1]);
    case 'absolute-grey':
      return sum(mul(abs(values), perChannel(greyWeights)), [1]);
    case 'squared':
      return sum(square(values), [1]);
    case 'sum-absolute':
      return abs(sum(values, [1]));
    case 'sum-positive':
      return relu(sum(values, [1]));
    case 'sum-negative':
      return relu(neg(sum(values, [1])));
  }
}
