// VGG-16 for class activation maps: the dense layers and the last pooling are replaced by one convolution of 1024
// channels and global pooling. The names of the thirteen convolutions are torchvision's of vgg16, so its weights fit.

import { network } from '../layers.ts';
import type { Model } from '../model.ts';
import { vggStages } from '../vgg.ts';

export const vgg16Gap: Model = {
  id: 'vgg16-gap',
  title: 'VGG-16 GAP',
  summary: 'VGG-16 with global pooling in place of its dense layers, made for class activation maps.',
  citation: 'Zhou et al. 2016, Learning Deep Features for Discriminative Localization',
  inputSizes: [48, 448],
  build: (options) =>
    network(
      options,
      (net, images) => {
        const stages = [
          [64, 64],
          [128, 128],
          [256, 256, 256],
          [512, 512, 512],
          [512, 512, 512],
        ];
        const x = vggStages(net, images, stages, options.lastStride);
        return net.classify(
          net.stage(net.activate(net.conv(x, 'conv6', { channels: 1024, window: 3, bias: true }))),
          'fc',
        );
      },
      { unpublished: ['conv6.weight', 'conv6.bias'] },
    ),
};
