// AlexNet as torchvision has it (one column of 64 to 256 channels). Its dense layers read a 6 x 6 grid, which the
// maps fill at 224 px; smaller ones are repeated into it, and below 64 px nothing is left to pool.

import { maxPool, reshape } from '../../graph/index.ts';
import { adaptiveAveragePool } from '../adaptive-pool.ts';
import { network } from '../layers.ts';
import type { Model } from '../model.ts';
import { refuse } from './unfit-options.ts';

export const alexnet: Model = {
  id: 'alexnet',
  title: 'AlexNet',
  summary: 'The network of 2012 in its one-column form: quick for its 57 million weights, meant for 224 px.',
  citation: 'Krizhevsky 2014, One weird trick for parallelizing convolutional neural networks',
  inputSizes: [64, 448],
  build(options) {
    refuse('alexnet', options, ['pool']);
    return network(options, (net, images) => {
      const convolve = (x: typeof images, place: number, channels: number, window: number) =>
        net.activate(net.conv(x, `features.${place}`, { channels, window, bias: true }));
      const first = net.conv(images, 'features.0', {
        channels: 64,
        window: 11,
        stride: 4,
        padding: 2,
        bias: true,
      });
      let x = net.stage(net.activate(first));
      x = net.stage(convolve(maxPool(x, { window: 3, stride: 2 }), 3, 192, 5));
      // The last stage's stride is that of the pooling before it; padded, so that stride 1 keeps the side.
      x =
        options.lastStride === 1
          ? maxPool(x, { window: 3, stride: 1, padding: 1 })
          : maxPool(x, { window: 3, stride: 2 });
      const features = net.stage(convolve(convolve(convolve(x, 6, 384, 3), 8, 256, 3), 10, 256, 3));
      const grid = adaptiveAveragePool(maxPool(features, { window: 3, stride: 2 }), 6); // [B, 256, 6, 6]
      const dense = (y: typeof grid, name: string) => net.activate(net.dense(net.drop(y, name), name, 4096));
      const flat = reshape(grid, [grid.shape[0], 256 * 36]);
      const pooled = dense(dense(flat, 'classifier.1'), 'classifier.4');
      return { features, pooled, logits: net.head(pooled, 'classifier.6') };
    });
  },
};
