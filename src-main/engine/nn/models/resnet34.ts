// ResNet-34: layer names and, from 96 px on, every shape as in torchvision, so that its weights can be read.

import type { Model } from '../model.ts';
import { imageNetResidual } from '../residual.ts';

export const resnet34: Model = {
  id: 'resnet34',
  title: 'ResNet-34',
  summary: 'A residual network of 34 layers, twice the work of ResNet-18.',
  citation: 'He et al. 2016, Deep Residual Learning for Image Recognition',
  inputSizes: [48, 448],
  build: (options) => imageNetResidual(options, 'basic', [3, 4, 6, 3]),
};
