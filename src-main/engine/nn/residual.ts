// Residual networks of basic blocks (He et al. 2016, "Deep Residual Learning for Image Recognition"), the family both
// models belong to. Parameter names are torchvision's.

import {
  add,
  conv,
  globalAveragePool,
  globalMaxPool,
  matmul,
  maxPool,
  relu,
  type Tensor,
} from '../graph/index.ts';
import { AppError } from '../../contracts/errors.ts';
import { batchNorm } from './batch-norm.ts';
import type { BuiltModel, ForwardPass, Mode } from './model.ts';
import { normaliseImages } from './normalise.ts';
import type { ParamSpec } from './params.ts';

export interface ResidualPlan {
  stem: { channels: number; window: number; stride: number; pooled: boolean };
  stages: readonly { channels: number; blocks: number; stride: number }[];
  classes: number;
  pool: 'average' | 'max';
}

interface Block {
  name: string;
  inputs: number;
  channels: number;
  stride: number;
}

const hasProjection = (block: Block): boolean => block.stride !== 1 || block.inputs !== block.channels;

export function residualNetwork(plan: ResidualPlan): BuiltModel {
  const blocks: Block[] = [];
  let channels = plan.stem.channels;
  plan.stages.forEach((stage, s) => {
    for (let b = 0; b < stage.blocks; b++) {
      const name = `layer${s + 1}.${b}`;
      blocks.push({ name, inputs: channels, channels: stage.channels, stride: b === 0 ? stage.stride : 1 });
      channels = stage.channels;
    }
  });
  return { ...specsOf(plan, blocks, channels), forward: (...args) => forward(plan, blocks, ...args) };
}

function specsOf(
  plan: ResidualPlan,
  blocks: readonly Block[],
  features: number,
): { parameters: ParamSpec[]; buffers: ParamSpec[] } {
  const parameters: ParamSpec[] = [];
  const buffers: ParamSpec[] = [];
  const convolution = (name: string, outputs: number, inputs: number, window: number): void => {
    parameters.push({
      name: `${name}.weight`,
      shape: [outputs, inputs, window, window],
      init: 'he',
      decay: true,
    });
  };
  const norm = (name: string, channels: number): void => {
    parameters.push({ name: `${name}.weight`, shape: [channels], init: 'ones', decay: false });
    parameters.push({ name: `${name}.bias`, shape: [channels], init: 'zeros', decay: false });
    buffers.push({ name: `${name}.running_mean`, shape: [channels], init: 'zeros', decay: false });
    buffers.push({ name: `${name}.running_var`, shape: [channels], init: 'ones', decay: false });
  };
  convolution('conv1', plan.stem.channels, 3, plan.stem.window);
  norm('bn1', plan.stem.channels);
  for (const block of blocks) {
    convolution(`${block.name}.conv1`, block.channels, block.inputs, 3);
    norm(`${block.name}.bn1`, block.channels);
    convolution(`${block.name}.conv2`, block.channels, block.channels, 3);
    norm(`${block.name}.bn2`, block.channels);
    if (hasProjection(block)) {
      convolution(`${block.name}.downsample.0`, block.channels, block.inputs, 1);
      norm(`${block.name}.downsample.1`, block.channels);
    }
  }
  parameters.push({ name: 'fc.weight', shape: [plan.classes, features], init: 'linear', decay: true });
  parameters.push({ name: 'fc.bias', shape: [plan.classes], init: 'zeros', decay: false });
  return { parameters, buffers };
}

function forward(
  plan: ResidualPlan,
  blocks: readonly Block[],
  images: Tensor,
  weights: ReadonlyMap<string, Tensor>,
  mode: Mode,
): ForwardPass {
  const bufferUpdates = new Map<string, Tensor>();
  const weight = (name: string): Tensor => {
    const found = weights.get(name);
    if (!found) throw new AppError('internal', `the model needs a weight "${name}"`);
    return found;
  };
  const convolve = (x: Tensor, name: string, stride: number): Tensor => {
    const w = weight(`${name}.weight`);
    return conv(x, w, { stride, padding: (w.shape[2] - 1) / 2 });
  };
  const normalise = (x: Tensor, name: string): Tensor => {
    const { output, running } = batchNorm(
      x,
      {
        scale: weight(`${name}.weight`),
        shift: weight(`${name}.bias`),
        mean: weight(`${name}.running_mean`),
        variance: weight(`${name}.running_var`),
      },
      mode,
    );
    if (running) {
      bufferUpdates.set(`${name}.running_mean`, running.mean);
      bufferUpdates.set(`${name}.running_var`, running.variance);
    }
    return output;
  };

  let x = relu(normalise(convolve(normaliseImages(images), 'conv1', plan.stem.stride), 'bn1'));
  if (plan.stem.pooled) x = maxPool(x, { window: 3, stride: 2, padding: 1 });
  for (const block of blocks) {
    const inner = relu(normalise(convolve(x, `${block.name}.conv1`, block.stride), `${block.name}.bn1`));
    const residual = normalise(convolve(inner, `${block.name}.conv2`, 1), `${block.name}.bn2`);
    const shortcut = hasProjection(block)
      ? normalise(convolve(x, `${block.name}.downsample.0`, block.stride), `${block.name}.downsample.1`)
      : x;
    x = relu(add(residual, shortcut));
  }
  const pooled = plan.pool === 'max' ? globalMaxPool(x) : globalAveragePool(x); // [B, C]
  const logits = add(matmul(pooled, weight('fc.weight'), { transposeB: true }), weight('fc.bias')); // [B, K]
  return { logits, features: x, bufferUpdates };
}
