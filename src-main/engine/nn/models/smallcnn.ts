// A plain convolution network without batch-norm. The dense layers of the cited network are replaced by global
// pooling, so that it takes any side and has class evidence in maps.

import { maxPool } from '../../graph/index.ts';
import { network } from '../layers.ts';
import type { Model } from '../model.ts';

export const smallcnn: Model = {
  id: 'smallcnn',
  title: 'Small CNN',
  summary: 'Six plain convolutions: the smallest network here that sees shapes, without batch-norm.',
  citation:
    'Carlini & Wagner 2017, Towards Evaluating the Robustness of Neural Networks, table I, with a third stage and global pooling',
  inputSizes: [16, 96],
  build: (options) =>
    network(options, (net, images) => {
      let x = images;
      [32, 64, 128].forEach((channels, s) => {
        const last = s === 2;
        if (s > 0 && !(last && options.lastStride === 1)) x = maxPool(x, { window: 2 });
        for (let c = 1; c <= 2; c++)
          x = net.activate(net.conv(x, `stage${s + 1}.conv${c}`, { channels, window: 3, bias: true }));
        x = net.stage(x);
      });
      return net.classify(x, 'fc');
    }),
};
