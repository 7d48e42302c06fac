// Which devices can train here, found out by training one step on each.

import type { DeviceInfo } from '../../contracts/api.ts';
import { AppError } from '../../contracts/errors.ts';
import { modelById } from '../nn/models/index.ts';
import { randomFromSeed } from '../nn/random.ts';
import { objectiveById } from '../objectives/index.ts';
import { onnxExecutor, type Executor } from '../runtime/index.ts';
import { buildTrainStep, initialState, lossOf, nextState } from './train-step.ts';

export async function devices(): Promise<DeviceInfo[]> {
  return [await tried('cpu', 'CPU (ONNX Runtime)', () => onnxExecutor())];
}

async function tried(id: string, title: string, executor: () => Executor): Promise<DeviceInfo> {
  try {
    const { milliseconds } = await tinyStep(executor());
    const reason = `two box-aware training steps, the loss fell; ${milliseconds.toFixed(0)} ms`;
    return { id, title, available: true, reason };
  } catch (thrown) {
    return { id, title, available: false, reason: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

/** Two second-order steps on the same eight random pictures: the second must find a lower loss. */
async function tinyStep(executor: Executor): Promise<{ milliseconds: number }> {
  const [batch, classes, sizePx] = [8, 2, 16];
  const model = modelById('resnet8').build({ classes, sizePx, pool: 'average' });
  const step = buildTrainStep({
    model,
    objective: objectiveById('box-aware'),
    params: {},
    settings: { momentum: 0, weightDecay: 0 },
    batch,
    classes,
    sizePx,
  });
  const random = randomFromSeed(1);
  const feeds = {
    images: Float32Array.from({ length: batch * 3 * sizePx * sizePx }, () => random.uniform()),
    labels: Float32Array.from({ length: batch * classes }, (_, i) => Number(i % 2 === (i >> 1) % 2)),
    inside: new Float32Array(batch * sizePx * sizePx).fill(1, 0, batch * 100),
    hasRegion: new Float32Array(batch).fill(1),
    weight: new Float32Array(batch).fill(1),
    ramp: Float32Array.of(1),
    learningRate: Float32Array.of(0.01),
  };
  const session = await executor.compile(step.program);
  try {
    const state = initialState(step, random);
    const begunAt = performance.now();
    const first = await session.run({ ...feeds, ...Object.fromEntries(state) });
    const second = await session.run({ ...feeds, ...Object.fromEntries(nextState(step, first)) });
    const [before] = first[lossOf('total')];
    const [after] = second[lossOf('total')];
    if (!(after < before)) throw new AppError('unavailable', `the loss went from ${before} to ${after}`);
    return { milliseconds: performance.now() - begunAt };
  } finally {
    await session.dispose();
  }
}
