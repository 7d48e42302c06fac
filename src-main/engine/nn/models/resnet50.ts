// ResNet-50: layer names and, from 96 px on, every shape as in torchvision, so that its weights can be read.

import type { Model } from '../model.ts';
import { imageNetResidual } from '../residual.ts';

export const resnet50: Model = {
  id: 'resnet50',
  title: 'ResNet-50',
  summary: 'A residual network of 50 layers, the one most results on ImageNet are given for.',
  citation: 'He et al. 2016, Deep Residual Learning for Image Recognition',
  inputSizes: [48, 448],
  build: (options) => imageNetResidual(options, 'bottleneck', [3, 4, 6, 3]),
};
