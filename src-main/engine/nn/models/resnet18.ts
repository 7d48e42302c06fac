// ResNet-18: layer names and, from 96 px on, every shape as in torchvision, so that its weights can be read.

import type { Model } from '../model.ts';
import { imageNetResidual } from '../residual.ts';

export const resnet18: Model = {
  id: 'resnet18',
  title: 'ResNet-18',
  summary: 'The usual residual network of 18 layers: slower, and better on real pictures.',
  citation: 'He et al. 2016, Deep Residual Learning for Image Recognition',
  inputSizes: [48, 448],
  build: (options) => imageNetResidual(options, 'basic', [2, 2, 2, 2]),
};
