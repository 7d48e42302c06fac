// How long one training step takes, as a share of the peak of a matrix product measured in the same run, and beside the
// same step in PyTorch where that is there. Each objective is measured in a process of its own, for its peak memory.
// On a machine that does other work, only shares of processor time with --threads 1 say something about the code.
// Options: --model, --batch, --size, --threads, --steps; --objective measures that one only, in this process.
// PyTorch is looked for in the python that FOVEA_PYTHON names, else in python3.

import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { input, matmul, simplify, sizeOf, topologicalOrder } from '../../src-main/engine/graph/index.ts';
import { modelById, randomFromSeed } from '../../src-main/engine/nn/index.ts';
import { objectiveById } from '../../src-main/engine/objectives/index.ts';
import { onnxExecutor, type Executor, type Program } from '../../src-main/engine/runtime/index.ts';
import { createStepRunner } from '../../src-main/engine/training/step-runner.ts';
import { buildTrainStep, initialState } from '../../src-main/engine/training/train-step.ts';
import { option, percent, table } from './fovea.ts';

const objectives = ['standard', 'box-aware'] as const;
const classes = 10;
/** 32 for all others. */
const usualBatch: Record<string, number | undefined> = { resnet8: 64, resnet50: 8 };

interface Settings {
  model: string;
  batch: number;
  sizePx: number;
  threads: number;
  steps: number;
}

/** One objective, measured. Times are those of the fastest step. */
interface Measured {
  peakGflops: number;
  /** Of the product and of the step, in processor time of all threads. */
  peakProcessorGflops: number;
  processorGflops: number;
  seconds: number;
  processorSeconds: number;
  gigaflop: number;
  /** Building the graph, and making the session. */
  buildSeconds: number;
  createSeconds: number;
  /** Share of a step that is spent around the executor. */
  outside: number;
  peakMemoryBytes: number;
}

interface Peer {
  name: string;
  version: string;
  standard: { seconds: number; cpuSeconds: number };
  'box-aware': { seconds: number; cpuSeconds: number };
}

export async function bench(args: string[]): Promise<unknown> {
  const model = option(args, 'model', 'resnet18');
  const number = (name: string, otherwise: number): number => Number(option(args, name, String(otherwise)));
  const settings: Settings = {
    model,
    batch: number('batch', usualBatch[model] ?? 32),
    sizePx: number('size', model === 'resnet50' ? 224 : 64),
    threads: number('threads', availableParallelism()),
    steps: number('steps', 6),
  };
  const alone = option(args, 'objective', '');
  if (alone !== '') return measure(settings, alone);

  const measured = objectives.map((objective) => inOwnProcess(settings, objective));
  const peakGflops = Math.max(...measured.map((one) => one.peakGflops));
  const peer = measurePeer(settings);
  const [standard, boxAware] = measured.map(({ seconds, gigaflop, peakMemoryBytes }) => ({
    seconds,
    gflops: gigaflop / seconds,
    shareOfPeak: gigaflop / seconds / peakGflops,
    peakMemoryBytes,
  }));
  console.log(
    `${model}, ${settings.sizePx} px, batch ${settings.batch}, ${settings.threads} threads; ` +
      `MatMul ${peakGflops.toFixed(0)} GFLOP/s`,
  );
  console.log(
    table([
      ['', 'ready s', 'step s', 'processor s', 'GFLOP', '% of MatMul', '% by processor', '% outside', 'GB'],
      ...measured.map((one, index) => [
        objectives[index],
        (one.buildSeconds + one.createSeconds).toFixed(2),
        one.seconds.toFixed(3),
        one.processorSeconds.toFixed(3),
        one.gigaflop.toFixed(1),
        percent(one.gigaflop / one.seconds / peakGflops),
        percent(one.processorGflops / one.peakProcessorGflops),
        percent(one.outside),
        (one.peakMemoryBytes / 1e9).toFixed(2),
      ]),
    ]),
  );
  console.log(
    `box-aware / standard: ${(boxAware.seconds / standard.seconds).toFixed(2)}, ` +
      `by processor time ${(measured[1].processorSeconds / measured[0].processorSeconds).toFixed(2)}`,
  );
  if (peer)
    objectives.forEach((objective, index) => {
      const { seconds, cpuSeconds } = peer[objective];
      console.log(
        `${objective} / ${peer.name} ${peer.version}: ${(measured[index].seconds / seconds).toFixed(2)} ` +
          `(${seconds.toFixed(3)} s), by processor time ` +
          `${(measured[index].processorSeconds / cpuSeconds).toFixed(2)} (${cpuSeconds.toFixed(3)} s)`,
      );
    });
  else console.log('PyTorch is not there to compare with.');
  return {
    peakGflops,
    threads: settings.threads,
    standard,
    'box-aware': boxAware,
    ratio: boxAware.seconds / standard.seconds,
    peer: peer && {
      name: peer.name,
      version: peer.version,
      standard: { seconds: peer.standard.seconds },
      'box-aware': { seconds: peer['box-aware'].seconds },
    },
  };
}

const asOptions = ({ model, batch, sizePx, threads, steps }: Settings): string[] =>
  Object.entries({ model, batch, size: sizePx, threads, steps }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ]);

function inOwnProcess(settings: Settings, objective: string): Measured {
  const runner = fileURLToPath(new URL('./run.ts', import.meta.url));
  const words = [runner, 'train-step', ...asOptions(settings), '--objective', objective, '--json'];
  const child = spawnSync(process.execPath, words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (child.status !== 0) throw new Error(`measuring ${objective} ended with status ${child.status}`);
  return JSON.parse(child.stdout.trimEnd().split('\n').at(-1)!) as Measured;
}

/** The same steps in PyTorch; null where there is none. */
function measurePeer(settings: Settings): Peer | null {
  const python = process.env.FOVEA_PYTHON ?? 'python3';
  if (spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status !== 0) return null;
  const script = fileURLToPath(new URL('../reference/pytorch_step.py', import.meta.url));
  const child = spawnSync(python, [script, ...asOptions(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (child.status !== 0) throw new Error(`measuring PyTorch ended with status ${child.status}`);
  return JSON.parse(child.stdout) as Peer;
}

async function measure(settings: Settings, objective: string): Promise<Measured> {
  const { model, batch, sizePx, threads, steps } = settings;
  const spent = { seconds: 0 };
  const executor = timed(onnxExecutor({ threads }), spent);
  const before = await peakOf(threads);

  const build = (part: number, accumulates: boolean) =>
    buildTrainStep({
      model: modelById(model).build({ classes, sizePx, pool: 'average' }),
      objective: objectiveById(objective),
      params: {},
      settings: { momentum: 0.9, weightDecay: 5e-4 },
      batch: part,
      classes,
      sizePx,
      accumulates,
    });
  let buildSeconds = 0;
  const start = performance.now();
  const first = build(batch, false);
  const firstSeconds = (performance.now() - start) / 1e3;
  const state = initialState(first, randomFromSeed(1));
  const readyStart = performance.now();
  const runner = await createStepRunner(
    {
      executor,
      batch,
      part: batch,
      build(part, accumulates) {
        const step = build(part, accumulates);
        buildSeconds = (performance.now() - readyStart) / 1e3;
        return step;
      },
      onShrink: async () => {
        throw new Error('this machine has too little memory for the step');
      },
    },
    state,
  );
  const readySeconds = (performance.now() - readyStart) / 1e3;
  const feeds = batchOf(batch, sizePx);
  const scalars = { ramp: 1, learningRate: 0.002 };
  const once = async (): Promise<void> => {
    if ('broken' in (await runner.run(async () => feeds, scalars))) throw new Error('the step broke');
  };
  await once(); // not counted: it allocates
  spent.seconds = 0;
  const loopStart = performance.now();
  const time = await fastest(once, steps);
  const outside = 1 - spent.seconds / ((performance.now() - loopStart) / 1e3);
  const gigaflop = convolutionGigaflop(runner.step.program);
  await runner.dispose();
  const peakMemoryBytes = process.resourceUsage().maxRSS * 1024;
  const after = await peakOf(threads);
  return {
    peakGflops: Math.max(before.gflops, after.gflops),
    peakProcessorGflops: Math.max(before.processorGflops, after.processorGflops),
    processorGflops: gigaflop / time.processorSeconds,
    ...time,
    gigaflop,
    // The first time includes compiling the code that builds, as it does in a run.
    buildSeconds: Math.max(buildSeconds, firstSeconds),
    createSeconds: readySeconds - buildSeconds,
    outside,
    peakMemoryBytes,
  };
}

/** The executor, with the time counted that its steps take. */
function timed(executor: Executor, spent: { seconds: number }): Executor {
  return {
    ...executor,
    async compileStep(program, state) {
      const session = await executor.compileStep!(program, state);
      return {
        ...session,
        async run(feeds) {
          const start = performance.now();
          const results = await session.run(feeds);
          spent.seconds += (performance.now() - start) / 1e3;
          return results;
        },
      };
    },
  };
}

/** What a product of two square matrices reaches. */
async function peakOf(threads: number): Promise<{ gflops: number; processorGflops: number }> {
  const side = 1024;
  const a = input('a', [side, side]);
  const session = await onnxExecutor({ threads }).compile({ inputs: [a], outputs: { y: matmul(a, a) } });
  const feeds = { a: new Float32Array(side * side).fill(0.01) };
  await session.run(feeds);
  const time = await fastest(() => session.run(feeds), 10);
  await session.dispose();
  const gigaflop = (2 * side ** 3) / 1e9;
  return { gflops: gigaflop / time.seconds, processorGflops: gigaflop / time.processorSeconds };
}

/** Times of the fastest of several runs, each by its own measure. */
async function fastest(
  run: () => Promise<unknown>,
  runs: number,
): Promise<{ seconds: number; processorSeconds: number }> {
  const best = { seconds: Infinity, processorSeconds: Infinity };
  for (let i = 0; i < runs; i++) {
    const processorStart = process.cpuUsage();
    const start = performance.now();
    await run();
    best.seconds = Math.min(best.seconds, (performance.now() - start) / 1e3);
    const { user, system } = process.cpuUsage(processorStart);
    best.processorSeconds = Math.min(best.processorSeconds, (user + system) / 1e6);
  }
  return best;
}

/** Random pictures with labels in turn; every picture has a region that is its left half. */
function batchOf(batch: number, sizePx: number): Record<string, Float32Array> {
  const random = randomFromSeed(2);
  const from = (length: number, value: (index: number) => number): Float32Array =>
    Float32Array.from({ length }, (_, index) => value(index));
  return {
    images: from(batch * 3 * sizePx ** 2, () => random.uniform()),
    labels: from(batch * classes, (i) => Number(i % classes === Math.floor(i / classes) % classes)),
    regionMask: from(batch * sizePx ** 2, (i) => Number(i % sizePx < sizePx / 2)),
    hasRegion: from(batch, () => 1),
    sampleWeight: from(batch, () => 1),
  };
}

/** Multiplications and additions of all convolutions and their gradients, in thousands of millions. */
function convolutionGigaflop(program: Program): number {
  let total = 0;
  for (const tensor of topologicalOrder(simplify(Object.values(program.outputs)))) {
    if (tensor.op !== 'conv' && tensor.op !== 'convInputGrad' && tensor.op !== 'convFilterGrad') continue;
    const [first, second] = tensor.inputs.map((source) => source.shape);
    const result = { conv: tensor.shape, convInputGrad: first, convFilterGrad: second }[tensor.op];
    const [, channels, kh, kw] = tensor.op === 'convFilterGrad' ? tensor.shape : second;
    total += (2 * sizeOf(result) * channels * kh * kw) / 1e9;
  }
  return total;
}
