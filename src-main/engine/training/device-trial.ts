// Whether a device can train here, found out by training a little on it. It may crash its process: a driver of a GPU
// is native code, so those who ask give it a process of its own.

import type { DeviceInfo, DeviceId } from '../../contracts/devices.ts';
import { AppError } from '../../contracts/errors.ts';
import { modelById } from '../nn/models/index.ts';
import { randomFromSeed } from '../nn/random.ts';
import { objectiveById } from '../objectives/index.ts';
import { compileStep, deviceTitle, loadTensorFlow, openDevice, type Executor } from '../runtime/index.ts';
import { buildTrainStep, initialState, lossOf, nextOf } from './train-step.ts';

/** Differences of the loss from the CPU's that rounding does not explain. */
const tolerance = 1e-3;
/** A device that takes longer for a tiny step is not asked for a real one. */
const slowMs = 400;

/** Never throws for a device that fails: that is its answer. */
export async function tryDevice(id: DeviceId): Promise<DeviceInfo> {
  const about = { id, title: deviceTitle(id) };
  try {
    const { note, isSlow } = await knownOf(id);
    const executor = openDevice(id);
    const size = isSlow ? { batch: 4, sizePx: 8, steps: 2 } : { batch: 8, sizePx: 16, steps: 3 };
    const tiny = { objective: 'box-aware', ...size };
    const { losses, milliseconds } = await someSteps(executor, tiny);
    if (!(losses[1] < losses[0]))
      throw new AppError('unavailable', `the loss went from ${losses[0]} to ${losses[1]}`);
    if (id !== 'cpu') {
      const expected = (await someSteps(openDevice('cpu'), tiny)).losses;
      losses.forEach((loss, i) => {
        if (Math.abs(loss - expected[i]) > tolerance * Math.abs(expected[i]))
          throw new AppError(
            'unavailable',
            `the loss of step ${i + 1} is ${loss}; the CPU finds ${expected[i]}`,
          );
      });
    }
    const real = { objective: 'standard', batch: 32, sizePx: 64, steps: 4 };
    const picturesPerSecond =
      isSlow || milliseconds > slowMs
        ? (1000 * tiny.batch) / milliseconds
        : (1000 * real.batch) / (await someSteps(executor, real)).milliseconds;
    const speed = `${picturesPerSecond.toFixed(picturesPerSecond < 10 ? 1 : 0)} pictures/s`;
    const agreement = id === 'cpu' ? 'the loss fell' : "the losses are the CPU's";
    const reason = `${note}${tiny.steps} box-aware training steps, ${agreement}; ${speed} in a small network`;
    return { ...about, available: true, reason, picturesPerSecond };
  } catch (thrown) {
    return { ...about, available: false, reason: reasonOf(thrown), picturesPerSecond: null };
  }
}

/** What is known of a device before it is tried. */
async function knownOf(id: DeviceId): Promise<{ note: string; isSlow: boolean }> {
  if (id !== 'tensorflow') return { note: '', isSlow: false };
  const { native } = await loadTensorFlow();
  return native
    ? { note: 'on its native library; ', isSlow: false }
    : {
        note: 'in plain JavaScript, to check other devices with (npm run enable:tensorflow); ',
        isSlow: true,
      };
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const reason = thrown instanceof AppError ? thrown.detail.reason : undefined;
  return (reason === undefined ? thrown.message : `${thrown.message}: ${reason}`).replaceAll(/\s+/g, ' ');
}

interface Trial {
  objective: string;
  batch: number;
  sizePx: number;
  steps: number;
}

/** Steps on the same random pictures. @returns the losses, and how long the last step took */
async function someSteps(
  executor: Executor,
  { objective, batch, sizePx, steps }: Trial,
): Promise<{ losses: number[]; milliseconds: number }> {
  const classes = 2;
  const model = modelById('resnet8').build({ classes, sizePx, pool: 'average' });
  const step = buildTrainStep({
    model,
    objective: objectiveById(objective),
    params: {},
    settings: { momentum: 0, weightDecay: 0 },
    batch,
    classes,
    sizePx,
  });
  const random = randomFromSeed(1);
  const labels = Float32Array.from({ length: batch * classes }, (_, i) => Number(i % 2 === (i >> 1) % 2));
  const feeds = {
    images: Float32Array.from({ length: batch * 3 * sizePx * sizePx }, () => random.uniform()),
    labels,
    oneHot: labels,
    regionMask: new Float32Array(batch * sizePx * sizePx).fill(1, 0, batch * 100),
    hasRegion: new Float32Array(batch).fill(1),
    sampleWeight: new Float32Array(batch).fill(1),
    ramp: Float32Array.of(1),
    learningRate: Float32Array.of(0.001),
  };
  const state = step.state.map(({ name }) => [name, nextOf(name)] as const);
  const session = await compileStep(executor, step.program, state);
  try {
    await session.load(initialState(step, random));
    const losses: number[] = [];
    let begunAt = 0;
    for (let i = 0; i < steps; i++) {
      begunAt = performance.now();
      const outputs = await session.run(feeds);
      losses.push(outputs[lossOf('total')][0]);
    }
    return { losses, milliseconds: performance.now() - begunAt };
  } finally {
    await session.dispose();
  }
}
