// ResNet-8: the compact default for small pictures, 25 MFLOP forward at 64 px. The early layers have few pixels and
// the late ones keep 8 x 8 maps: with the same count of operations at 32 x 32 in the first block it was slower on
// a processor (narrow layers on many pixels fill it badly) and learned less (0.82 against 0.84 after 15 epochs of
// ten Tiny-ImageNet classes).

import type { Model } from '../model.ts';
import { residualNetwork } from '../residual.ts';

export const resnet8: Model = {
  id: 'resnet8',
  title: 'ResNet-8',
  summary: 'A small residual network that trains in minutes on an ordinary computer.',
  citation: 'He et al. 2016, Deep Residual Learning for Image Recognition, with three blocks',
  inputSizes: [16, 128],
  build: (options) =>
    // its last stage has stride 1 anyway
    residualNetwork({
      ...options,
      stem: { channels: 16, window: 3, stride: 2, pooled: false },
      stages: [
        { channels: 32, blocks: 1, stride: 2 },
        { channels: 64, blocks: 1, stride: 2 },
        { channels: 64, blocks: 1, stride: 1 },
      ],
    }),
};
