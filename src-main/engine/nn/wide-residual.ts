// Wide residual networks (Zagoruyko & Komodakis 2016) in their form for CIFAR: batch-norm and activation come before
// each convolution, three stages of 16k, 32k and 64k channels, dropout between the two convolutions of a block.
// Parameter names are those of the usual PyTorch version ("block1.layer.0.conv1.weight").

import { add, type Tensor } from '../graph/index.ts';
import { network, type Layers } from './layers.ts';
import type { BuiltModel, ModelOptions } from './model.ts';

/** @param depth 6n + 4 for n blocks a stage */
export function wideResidual(options: ModelOptions, depth: number, widen: number): BuiltModel {
  const blocks = (depth - 4) / 6;
  return network(options, (net, images) => {
    let x = net.conv(images, 'conv1', { channels: 16, window: 3 });
    [1, 2, options.lastStride ?? 2].forEach((first, s) => {
      const channels = 16 * widen * 2 ** s;
      for (let b = 0; b < blocks; b++)
        x = block(net, x, { name: `block${s + 1}.layer.${b}`, channels, stride: b === 0 ? first : 1 });
      x = net.stage(s < 2 ? x : net.activate(net.norm(x, 'bn1')));
    });
    return net.classify(x, 'fc');
  });
}

function block(
  net: Layers,
  x: Tensor,
  { name, channels, stride }: { name: string; channels: number; stride: number },
): Tensor {
  const same = x.shape[1] === channels;
  const before = net.activate(net.norm(x, `${name}.bn1`));
  const first = net.conv(before, `${name}.conv1`, { channels, window: 3, stride });
  const inner = net.drop(net.activate(net.norm(first, `${name}.bn2`)), name);
  const residual = net.conv(inner, `${name}.conv2`, { channels, window: 3 });
  // Where the width changes, the shortcut starts from the normalised maps.
  return add(same ? x : net.conv(before, `${name}.convShortcut`, { channels, window: 1, stride }), residual);
}
