// VGG-11 without batch-norm, as torchvision has it. Its three dense layers read a 7 x 7 grid; where the maps are
// smaller (below 224 px), grid cells repeat pixels of the maps, so any side from 32 px works, at the full 129 million
// weights.

import { maxPool, reshape } from '../../graph/index.ts';
import { adaptiveAveragePool } from '../adaptive-pool.ts';
import { network } from '../layers.ts';
import type { Model } from '../model.ts';
import { vggStages } from '../vgg.ts';
import { refuse } from './unfit-options.ts';

export const vgg11: Model = {
  id: 'vgg11',
  title: 'VGG-11',
  summary: 'Eight plain convolutions and three large dense layers: 129 million weights, without batch-norm.',
  citation:
    'Simonyan & Zisserman 2015, Very Deep Convolutional Networks for Large-Scale Image Recognition, column A',
  inputSizes: [32, 448],
  build(options) {
    refuse('vgg11', options, ['pool']);
    return network(options, (net, images) => {
      const stages = [[64], [128], [256, 256], [512, 512], [512, 512]];
      const features = vggStages(net, images, stages, options.lastStride);
      const grid = adaptiveAveragePool(maxPool(features, { window: 2 }), 7); // [B, 512, 7, 7]
      const layer = (x: typeof grid, name: string) => net.drop(net.activate(net.dense(x, name, 4096)), name);
      const flat = reshape(grid, [grid.shape[0], 512 * 49]);
      const pooled = layer(layer(flat, 'classifier.0'), 'classifier.3');
      return { features, pooled, logits: net.head(pooled, 'classifier.6') };
    });
  },
};
