// Training on each device of this machine: whether it leads to the CPU's weights, and how many pictures a second it
// takes. Options: --devices (comma-separated, all that are there otherwise), --agreement OBJECTIVES (a list, or all
// or none), --models, --objectives, --batch, --size, --steps, --convolutions measured (in the algorithms found by trial, which
// are found anew).

import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type DeviceId, deviceIds } from '../../src-main/contracts/devices.ts';
import { sizeOf } from '../../src-main/engine/graph/index.ts';
import { modelById, randomFromSeed } from '../../src-main/engine/nn/index.ts';
import { objectiveById, objectives } from '../../src-main/engine/objectives/index.ts';
import {
  compileStep,
  deviceAbsence,
  onnxExecutor,
  openDevice,
  type Executor,
  type Algorithms,
} from '../../src-main/engine/runtime/index.ts';
import {
  buildTrainStep,
  initialState,
  lossOf,
  nextOf,
  type TrainStep,
} from '../../src-main/engine/training/train-step.ts';
import { option, table } from './fovea.ts';

const classes = 10;

interface Size {
  model: string;
  objective: string;
  batch: number;
  sizePx: number;
}

function stepOf({ model, objective, batch, sizePx }: Size): TrainStep {
  return buildTrainStep({
    model: modelById(model).build({ classes, sizePx, pool: 'average' }),
    objective: objectiveById(objective),
    params: {},
    settings: { momentum: 0.9, weightDecay: 5e-4 },
    batch,
    classes,
    sizePx,
  });
}

/** Random pictures with labels in turn; every picture has a region. */
function feedsOf(step: TrainStep, batch: number, learningRate: number): Record<string, Float32Array> {
  const random = randomFromSeed(2);
  const oneHot = (index: number): number => Number(index % classes === Math.floor(index / classes) % classes);
  const kinds = new Map(step.noise.map(({ name, kind }) => [name, kind]));
  const feeds: Record<string, Float32Array> = {};
  for (const tensor of step.program.inputs) {
    if (tensor.op !== 'input') throw new Error('a program has only input nodes as inputs');
    const { name } = tensor.attributes;
    const kind = kinds.get(name);
    feeds[name] = Float32Array.from({ length: sizeOf(tensor.shape) }, (_, index) => {
      if (name === 'labels' || name === 'groups') return oneHot(index);
      if (name === 'cell') return Number(index % 4 === Math.floor(index / 4) % 4);
      if (kind === 'normal') return random.normal();
      const uniform = random.uniform();
      return name === 'regionMask' || kind === 'rademacher' ? Math.sign(uniform - 0.5) : uniform;
    });
  }
  feeds.regionMask = feeds.regionMask?.map((value) => Math.max(0, value));
  for (const [name, values] of Object.entries({ hasRegion: 1, sampleWeight: 1, ramp: 1, learningRate }))
    feeds[name] = new Float32Array(name === 'hasRegion' || name === 'sampleWeight' ? batch : 1).fill(values);
  for (const [name, value] of Object.entries(step.scalars)) feeds[name] = Float32Array.of(value(1, 0.9));
  return feeds;
}

interface Run {
  losses: number[];
  state: Map<string, Float32Array>;
  compileMs: number;
  firstMs: number;
  /** Fastest step after the first. */
  stepMs: number;
}

/** By trial; with what departs from the rules. */
async function tried(
  executor: Executor,
  size: Size,
): Promise<{ algorithms: Algorithms; milliseconds: number }> {
  const file = path.join(tmpdir(), `fovea-bench-${process.pid}.json`);
  const start = performance.now();
  const algorithms = (await executor.autotune?.(stepOf(size).program, { file })) ?? {};
  rmSync(file, { force: true });
  return { algorithms, milliseconds: performance.now() - start };
}

async function run(
  executor: Executor,
  size: Size,
  steps: number,
  learningRate: number,
  algorithms?: Algorithms,
): Promise<Run> {
  const step = stepOf(size);
  const begunAt = performance.now();
  const session = await compileStep(
    executor,
    step.program,
    step.state.map(({ name }) => [name, nextOf(name)] as const),
    algorithms,
  );
  const compileMs = performance.now() - begunAt;
  try {
    await session.load(initialState(step, randomFromSeed(1)));
    const feeds = feedsOf(step, size.batch, learningRate);
    const losses: number[] = [];
    const times: number[] = [];
    for (let i = 0; i < steps; i++) {
      const stepAt = performance.now();
      losses.push((await session.run(feeds))[lossOf('total')][0]);
      times.push(performance.now() - stepAt);
    }
    const state = await session.read();
    return { losses, state, compileMs, firstMs: times[0], stepMs: Math.min(...times.slice(1)) };
  } finally {
    await session.dispose();
  }
}

/** Largest difference of a loss or a weight, relative to the loss or to the largest weight of its tensor. */
function difference(one: Run, other: Run): number {
  const losses = one.losses.map((loss, i) => Math.abs(loss - other.losses[i]) / Math.abs(loss));
  const weights = [...one.state].map(([name, values]) => {
    const others = other.state.get(name)!;
    const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
    return values.reduce((most, value, i) => Math.max(most, Math.abs(value - others[i])), 0) / scale;
  });
  return Math.max(...losses, ...weights);
}

export async function bench(args: string[]): Promise<unknown> {
  const list = (name: string, otherwise: string): string[] => option(args, name, otherwise).split(',');
  const number = (name: string, otherwise: number): number => Number(option(args, name, String(otherwise)));
  const there = deviceIds.filter((id) => deviceAbsence(id) === null).join();
  const devices = list('devices', there) as DeviceId[];
  const asked = option(args, 'agreement', 'standard,box-aware,gradcam-consistency');
  const compared = asked === 'all' ? objectives.map(({ id }) => id) : asked.split(',');
  const isTried = option(args, 'convolutions', 'rules') === 'measured';
  const [batch, sizePx, steps] = [number('batch', 32), number('size', 64), number('steps', 8)];

  const agreement = [];
  const rows = [];
  for (const device of devices) {
    const executor = openDevice(device);
    for (const objective of asked === 'none' ? [] : compared) {
      if (device === 'cpu') continue;
      const size = { model: 'resnet8', objective, batch: 8, sizePx: 16 };
      const row = { device, objective, steps: 20, difference: NaN, error: '' };
      try {
        const here = await run(executor, size, row.steps, 0.002);
        row.difference = difference(await run(onnxExecutor(), size, row.steps, 0.002), here);
      } catch (thrown) {
        row.error = thrown instanceof Error ? thrown.message : String(thrown);
      }
      agreement.push(row);
      console.log(`${device} ${objective}: ${row.error || row.difference.toExponential(1)}`);
    }
    for (const model of list('models', 'resnet8,resnet18'))
      for (const objective of list('objectives', 'standard,box-aware')) {
        const about = { device, model, objective, batch, sizePx };
        try {
          const { algorithms, milliseconds } = isTried
            ? await tried(executor, about)
            : { algorithms: undefined, milliseconds: 0 };
          const { compileMs, firstMs, stepMs } = await run(executor, about, steps, 0.002, algorithms);
          if (algorithms)
            console.log(`${model} ${objective}: tried for ${milliseconds.toFixed(0)} ms`, algorithms);
          rows.push({
            ...about,
            compileMs,
            firstMs,
            stepMs,
            picturesPerSecond: (1000 * batch) / stepMs,
            algorithms,
          });
        } catch (thrown) {
          console.log(
            `${device} ${model} ${objective}: ${thrown instanceof Error ? thrown.message : thrown}`,
          );
        }
      }
  }
  console.log(
    table([
      ['step', 'batch', 'px', 'compile ms', 'first ms', 'step ms', 'pictures/s'],
      ...rows.map((row) => [
        `${row.device} ${row.model} ${row.objective}`,
        ...[row.batch, row.sizePx, row.compileMs, row.firstMs, row.stepMs, row.picturesPerSecond].map(
          (value) => value.toFixed(0),
        ),
      ]),
    ]),
  );
  return { agreement, rows };
}
