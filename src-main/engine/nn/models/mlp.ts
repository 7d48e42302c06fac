// A network without convolutions, for pictures as small as two stacked digits. Its first layer reads every pixel, so
// it takes pictures of one side only, and its features are a vector.

import { reshape } from '../../graph/index.ts';
import { AppError } from '../../../contracts/errors.ts';
import { network } from '../layers.ts';
import type { Model } from '../model.ts';
import { refuse } from './unfit-options.ts';

const hidden = 512;

export const mlp: Model = {
  id: 'mlp',
  title: 'MLP',
  summary: 'Two hidden layers of 512 units without convolutions, for very small pictures.',
  citation:
    'Shah et al. 2021, Do Input Gradients Highlight Discriminative Features?, the network for BlockMNIST',
  inputSizes: [16, 64],
  build(options) {
    refuse('mlp', options, ['pool', 'lastStride', 'adl']);
    const { sizePx } = options;
    return network(
      options,
      (net, images) => {
        const [batch, channels, height, width] = images.shape;
        if (height !== sizePx || width !== sizePx)
          throw new AppError(
            'bad-input',
            `mlp was built for pictures of ${sizePx} x ${sizePx} px and cannot take ${width} x ${height}`,
          );
        const layer = (x: typeof images, name: string) =>
          net.drop(net.activate(net.dense(x, name, hidden)), name);
        const features = layer(layer(reshape(images, [batch, channels * height * width]), 'fc1'), 'fc2');
        return { features, pooled: features, logits: net.head(features, 'fc3') };
      },
      { sidePx: sizePx },
    );
  },
};
