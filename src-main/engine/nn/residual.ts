// Residual networks (He et al. 2016, "Deep Residual Learning for Image Recognition"): the family of the resnets.
// Parameter names are torchvision's; so is the stride of a bottleneck, which sits in its 3x3 convolution.

import { add, maxPool, type Tensor } from '../graph/index.ts';
import { network, type Layers, type NetworkOptions } from './layers.ts';
import type { BuiltModel, ModelOptions } from './model.ts';

interface ResidualPlan extends NetworkOptions {
  stem: { channels: number; window: number; stride: number; pooled: boolean };
  stages: readonly { channels: number; blocks: number; stride: number }[];
  /** 'basic' (two 3x3 convolutions) unless given; a 'bottleneck' puts out four times its channels. */
  block?: 'basic' | 'bottleneck';
}

export const residualNetwork = ({ stem, stages, block, ...options }: ResidualPlan): BuiltModel =>
  network(options, (net, images) => {
    const { channels, window, stride, pooled } = stem;
    let x = net.activate(net.norm(net.conv(images, 'conv1', { channels, window, stride }), 'bn1'));
    if (pooled) x = maxPool(x, { window: 3, stride: 2, padding: 1 });
    stages.forEach((stage, s) => {
      for (let b = 0; b < stage.blocks; b++) {
        const part = {
          name: `layer${s + 1}.${b}`,
          channels: stage.channels,
          stride: b === 0 ? stage.stride : 1,
        };
        x = block === 'bottleneck' ? bottleneck(net, x, part) : basicBlock(net, x, part);
      }
      x = net.stage(x);
    });
    return net.classify(x, 'fc');
  });

interface Part {
  name: string;
  channels: number;
  stride: number;
}

function basicBlock(net: Layers, x: Tensor, { name, channels, stride }: Part): Tensor {
  const convolve = (y: Tensor, n: number, step: number) =>
    net.norm(net.conv(y, `${name}.conv${n}`, { channels, window: 3, stride: step }), `${name}.bn${n}`);
  const residual = convolve(net.activate(convolve(x, 1, stride)), 2, 1);
  return net.activate(add(residual, shortcut(net, x, { name, channels, stride })));
}

function bottleneck(net: Layers, x: Tensor, { name, channels, stride }: Part): Tensor {
  const convolve = (y: Tensor, n: number, width: number, window: number, step = 1) =>
    net.norm(net.conv(y, `${name}.conv${n}`, { channels: width, window, stride: step }), `${name}.bn${n}`);
  const wide = 4 * channels;
  const narrow = net.activate(convolve(x, 1, channels, 1));
  const residual = convolve(net.activate(convolve(narrow, 2, channels, 3, stride)), 3, wide, 1);
  return net.activate(add(residual, shortcut(net, x, { name, channels: wide, stride })));
}

function shortcut(net: Layers, x: Tensor, { name, channels, stride }: Part): Tensor {
  if (stride === 1 && x.shape[1] === channels) return x;
  return net.norm(
    net.conv(x, `${name}.downsample.0`, { channels, window: 1, stride }),
    `${name}.downsample.1`,
  );
}

/** Below this side the 7x7 stem with pooling would leave feature maps of 2 x 2 or less. */
const pooledStemFromPx = 96;

/** The nets for ImageNet: four stages of 64 to 512 channels with `blocks` blocks each. */
export function imageNetResidual(
  { sizePx, lastStride, stem = 'auto', ...options }: ModelOptions,
  block: 'basic' | 'bottleneck',
  blocks: readonly [number, number, number, number],
): BuiltModel {
  const pooled = stem === 'auto' ? sizePx >= pooledStemFromPx : stem === 'imagenet';
  return residualNetwork({
    ...options,
    block,
    stem: pooled
      ? { channels: 64, window: 7, stride: 2, pooled }
      : { channels: 64, window: 3, stride: 1, pooled },
    stages: blocks.map((count, s) => ({
      channels: 64 * 2 ** s,
      blocks: count,
      stride: [1, 2, 2, lastStride ?? 2][s],
    })),
  });
}
