// ResNet-18: layer names and, from 96 px on, every shape as in torchvision, so that its weights can be read.

import type { Model } from '../model.ts';
import { residualNetwork } from '../residual.ts';

/** Below this side the 7x7 stem with pooling would leave feature maps of 2 x 2 or less. */
const pooledStemFromPx = 96;

export const resnet18: Model = {
  id: 'resnet18',
  title: 'ResNet-18',
  summary: 'The usual residual network of 18 layers: slower, and better on real pictures.',
  citation: 'He et al. 2016, Deep Residual Learning for Image Recognition',
  inputSizes: [48, 448],
  build: ({ classes, sizePx, pool }) =>
    residualNetwork({
      stem:
        sizePx < pooledStemFromPx
          ? { channels: 64, window: 3, stride: 1, pooled: false }
          : { channels: 64, window: 7, stride: 2, pooled: true },
      stages: [
        { channels: 64, blocks: 2, stride: 1 },
        { channels: 128, blocks: 2, stride: 2 },
        { channels: 256, blocks: 2, stride: 2 },
        { channels: 512, blocks: 2, stride: 2 },
      ],
      classes,
      pool,
    }),
};
