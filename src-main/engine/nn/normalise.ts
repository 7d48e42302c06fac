// Pictures are [0, 1] everywhere outside the models; inside they are shifted and scaled as the model's published
// weights expect, so that weights trained elsewhere can be read.

import { constant, div, sub, type Tensor } from '../graph/index.ts';

/** Values of a channel become (value - mean) / deviation; red, green, blue, of values in [0, 1]. */
export interface Normalisation {
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
}

export const imageMean = [0.485, 0.456, 0.406] as const;
export const imageDeviation = [0.229, 0.224, 0.225] as const;

/** What torchvision's and most of timm's weights were trained with. */
export const imageNetNormalisation: Normalisation = { mean: imageMean, deviation: imageDeviation };

/** [1, 3, 1, 1] */
export const perChannel = (values: readonly number[]): Tensor =>
  constant([...values], [1, values.length, 1, 1]);

/** @param images [B, 3, H, W] in [0, 1] */
export const normaliseImages = (
  images: Tensor,
  { mean, deviation }: Normalisation = imageNetNormalisation,
): Tensor => div(sub(images, perChannel(mean)), perChannel(deviation));
