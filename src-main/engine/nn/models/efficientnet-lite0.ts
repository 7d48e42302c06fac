// EfficientNet-Lite0: inverted residuals without squeeze-and-excite, ReLU6 in place of swish; 4.65 M parameters, about
// 0.4 GFLOP at 224 px. Its ImageNet weights come with the app. Names are timm's; input, padding and batch-norm are those
// of TensorFlow's checkpoint, which with symmetric padding or ImageNet's means still looks plausible and is wrong.

import { add, type Tensor } from '../../graph/index.ts';
import { network, type Layers } from '../layers.ts';
import type { Model } from '../model.ts';

/** One stage of the network: `repeats` blocks, the first with the stride. */
interface Stage {
  window: number;
  stride: number;
  /** Width inside a block, as a multiple of its input. */
  expand: number;
  channels: number;
  repeats: number;
}

/** @see Tan & Le 2019, table 1; the stem, the first and the last stage keep their width and depth in the Lite family */
const stages: readonly Stage[] = [
  { window: 3, stride: 1, expand: 1, channels: 16, repeats: 1 },
  { window: 3, stride: 2, expand: 6, channels: 24, repeats: 2 },
  { window: 5, stride: 2, expand: 6, channels: 40, repeats: 2 },
  { window: 3, stride: 2, expand: 6, channels: 80, repeats: 3 },
  { window: 5, stride: 1, expand: 6, channels: 112, repeats: 3 },
  { window: 5, stride: 2, expand: 6, channels: 192, repeats: 4 },
  { window: 3, stride: 1, expand: 6, channels: 320, repeats: 1 },
];

export const efficientnetLite0: Model = {
  id: 'efficientnet-lite0',
  title: 'EfficientNet-Lite0',
  summary: 'A small network for photos; its ImageNet weights come with the app.',
  citation:
    'Tan & Le 2019, EfficientNet: Rethinking Model Scaling; the Lite family of TensorFlow TPU models, 2020',
  inputSizes: [64, 320],
  build: ({ lastStride, ...options }) =>
    network(
      { dropout: 0, ...options },
      (net, images) => {
        let x = net.activate6(
          net.norm(
            net.conv(images, 'conv_stem', { channels: 32, window: 3, stride: 2, padding: 'same-tf' }),
            'bn1',
          ),
        );
        stages.forEach((stage, s) => {
          // stage 5 is the last that halves the side
          const stride = s === 5 ? (lastStride ?? stage.stride) : stage.stride;
          for (let b = 0; b < stage.repeats; b++)
            x = invertedResidual(net, x, `blocks.${s}.${b}`, { ...stage, stride: b === 0 ? stride : 1 });
          if (stages[s + 1]?.stride === 2) x = net.stage(x);
        });
        x = net.activate6(net.norm(net.conv(x, 'conv_head', { channels: 1280, window: 1 }), 'bn2'));
        return net.classify(net.stage(x), 'classifier');
      },
      {
        normalisation: {
          mean: [127 / 255, 127 / 255, 127 / 255],
          deviation: [128 / 255, 128 / 255, 128 / 255],
        },
        batchNorm: { epsilon: 1e-3, runningShare: 0.01 },
      },
    ),
};

/** @see Sandler et al. 2018, MobileNetV2, figure 3: no activation after the last convolution */
function invertedResidual(net: Layers, x: Tensor, name: string, stage: Omit<Stage, 'repeats'>): Tensor {
  const { window, stride, expand, channels } = stage;
  const inputs = x.shape[1];
  const width = inputs * expand;
  let y = x;
  // Blocks that do not widen have one convolution less, and timm counts its names from there.
  const [depthwise, project] = expand === 1 ? ['bn1', 'bn2'] : ['bn2', 'bn3'];
  if (expand > 1)
    y = net.activate6(
      net.norm(net.conv(y, `${name}.conv_pw`, { channels: width, window: 1 }), `${name}.bn1`),
    );
  y = net.conv(y, `${name}.conv_dw`, { channels: width, window, stride, padding: 'same-tf', groups: width });
  y = net.activate6(net.norm(y, `${name}.${depthwise}`));
  y = net.conv(y, `${name}.${expand === 1 ? 'conv_pw' : 'conv_pwl'}`, { channels, window: 1 });
  y = net.norm(y, `${name}.${project}`);
  return stride === 1 && inputs === channels ? add(x, y) : y;
}
