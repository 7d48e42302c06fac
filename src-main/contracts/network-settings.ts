// Settings of the network of a run: pooling, activation, batch-norm and what is dropped or changed in its layers.

import { z } from 'zod';
import { settingMeta as meta } from './setting-meta.ts';

export const networkFields = {
  pool: z
    .enum(['average', 'max'])
    .default('average')
    .meta(
      meta(
        'network',
        'Final pooling',
        'How the last feature maps become one value a channel: average or maximum.',
      ),
    ),
  activation: z
    .enum(['relu', 'softplus', 'smooth-relu'])
    .default('relu')
    .meta(
      meta(
        'network',
        'Activation',
        'What follows each layer: ReLU, or one without a kink, with which penalties on gradients do more: softplus, or smooth ReLU, which is ReLU but for a parabola around 0 and suits weights that were learnt with ReLU.',
      ),
    ),
  softplusBeta: z
    .number()
    .min(0.1)
    .max(1000)
    .default(10)
    .meta(meta('network', 'Softplus sharpness', 'How close softplus is to ReLU; the higher, the closer.')),
  smoothWidth: z
    .number()
    .min(0.01)
    .max(3)
    .default(0.3)
    .meta(
      meta(
        'network',
        'Smooth ReLU half-width',
        'How far to each side of its kinks smooth ReLU is a parabola.',
      ),
    ),
  batchNorm: z
    .enum(['train', 'eval'])
    .default('train')
    .meta(
      meta(
        'network',
        'Batch-norm in training',
        "Normalises by each batch's own statistics (train), or by those the weights came with, which then stay (eval): for a run that starts from trained weights on few pictures or in small batches.",
      ),
    ),
  dropout: z
    .number()
    .min(0)
    .max(0.9)
    .default(0)
    .meta(
      meta(
        'network',
        'Dropout',
        'Share of values hidden at random in training: before the classifier, in wide residual nets within the blocks.',
      ),
    ),
  adl: z
    .boolean()
    .default(false)
    .meta(
      meta(
        'network',
        'Attention dropout',
        'Hide or stress the most attended part of the last two stages in training (ADL, Choe & Shim 2019).',
      ),
    ),
  adlDropRate: z
    .number()
    .min(0)
    .max(1)
    .default(0.75)
    .meta(
      meta(
        'network',
        'Attention drop rate',
        'Share of steps in which the most attended part is hidden, not stressed.',
      ),
    ),
  adlThreshold: z
    .number()
    .min(0)
    .max(1)
    .default(0.9)
    .meta(
      meta(
        'network',
        'Attention threshold',
        'From which share of the highest attention on a place counts as most attended.',
      ),
    ),
  fineMaps: z
    .boolean()
    .default(false)
    .meta(
      meta(
        'network',
        'Last-stage stride 1',
        'Feature maps of the last stage with twice the side, for four times the work in that stage.',
      ),
    ),
  stem: z
    .enum(['auto', 'imagenet', 'small'])
    .default('auto')
    .meta(
      meta(
        'network',
        'First layer',
        'Of ResNet-18, 34 and 50: that of ImageNet (7x7 and pooling) or a small one (3x3); auto takes the former from 96 px on.',
      ),
    ),
};
