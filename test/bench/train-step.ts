// How long one training step takes, beside the peak of a matrix product measured in the same run: on a machine that
// does other work, only their ratio and the processor time say something about the code.
// Options: --model, --objective (comma-separated lists), --batch, --size, --threads, --steps.

import { availableParallelism } from 'node:os';
import { input, matmul, simplify, sizeOf, topologicalOrder } from '../../src-main/engine/graph/index.ts';
import { modelById, randomFromSeed } from '../../src-main/engine/nn/index.ts';
import { objectiveById } from '../../src-main/engine/objectives/index.ts';
import { onnxExecutor, type Program, type Session } from '../../src-main/engine/runtime/index.ts';
import { buildTrainStep, initialState } from '../../src-main/engine/training/train-step.ts';
import { option, table } from './fovea.ts';

interface Time {
  wallMs: number;
  /** Of all threads. */
  processorMs: number;
}

export async function bench(args: string[]): Promise<unknown> {
  const list = (name: string, otherwise: string): string[] => option(args, name, otherwise).split(',');
  const number = (name: string, otherwise: number): number => Number(option(args, name, String(otherwise)));
  const [batch, sizePx, steps] = [number('batch', 32), number('size', 64), number('steps', 8)];
  const threads = number('threads', availableParallelism());
  const executor = onnxExecutor({ threads });

  const side = 1024;
  const a = input('a', [side, side]);
  const product = await executor.compile({ inputs: [a], outputs: { y: matmul(a, a) } });
  const peak = await fastest(product, { a: new Float32Array(side * side).fill(0.01) }, steps);
  const peakFlops = (2 * side ** 3) / 1e6;

  const rows = [];
  for (const model of list('model', 'resnet8,resnet18')) {
    for (const objective of list('objective', 'standard,box-aware')) {
      const buildStart = performance.now();
      const step = buildTrainStep({
        model: modelById(model).build({ classes: 10, sizePx, pool: 'average' }),
        objective: objectiveById(objective),
        params: {},
        settings: { momentum: 0.9, weightDecay: 5e-4 },
        batch,
        classes: 10,
        sizePx,
      });
      const createStart = performance.now();
      const session = await executor.compile(step.program);
      const createMs = performance.now() - createStart;
      const feeds = {
        ...anyFeeds(step.program),
        ...Object.fromEntries(initialState(step, randomFromSeed(1))),
      };
      const time = await fastest(session, feeds, steps);
      const megaflops = convolutionMegaflops(step.program);
      rows.push({
        model,
        objective,
        buildMs: createStart - buildStart,
        createMs,
        ...time,
        gigaflop: megaflops / 1e3,
        ofPeakWall: megaflops / time.wallMs / (peakFlops / peak.wallMs),
        ofPeakProcessor: megaflops / time.processorMs / (peakFlops / peak.processorMs),
      });
    }
  }
  const whole = (value: number): string => value.toFixed(0);
  console.log(
    `batch ${batch}, ${sizePx} px, ${threads} threads; MatMul ${whole(peakFlops / peak.wallMs)} GFLOP/s`,
  );
  console.log(
    table([
      ['step', 'build ms', 'create ms', 'step ms', 'processor ms', 'GFLOP', '% of MatMul', '% by processor'],
      ...rows.map((row) => [
        `${row.model} ${row.objective}`,
        whole(row.buildMs),
        whole(row.createMs),
        whole(row.wallMs),
        whole(row.processorMs),
        row.gigaflop.toFixed(1),
        whole(100 * row.ofPeakWall),
        whole(100 * row.ofPeakProcessor),
      ]),
    ]),
  );
  return { batch, sizePx, threads, matmulGflops: peakFlops / peak.wallMs, rows };
}

/** The fastest of several runs, after one that is not counted; closes the session. */
async function fastest(session: Session, feeds: Record<string, Float32Array>, runs: number): Promise<Time> {
  const best: Time = { wallMs: Infinity, processorMs: Infinity };
  await session.run(feeds);
  for (let run = 0; run < runs; run++) {
    const processorStart = process.cpuUsage();
    const start = performance.now();
    await session.run(feeds);
    best.wallMs = Math.min(best.wallMs, performance.now() - start);
    const { user, system } = process.cpuUsage(processorStart);
    best.processorMs = Math.min(best.processorMs, (user + system) / 1e3);
  }
  await session.dispose();
  return best;
}

/** Numbers in [0, 1) for every input: the work does not depend on them. */
function anyFeeds(program: Program): Record<string, Float32Array> {
  const random = randomFromSeed(2);
  return Object.fromEntries(
    program.inputs.map((tensor) => {
      if (tensor.op !== 'input') throw new Error('a program has only input nodes as inputs');
      return [tensor.attributes.name, new Float32Array(sizeOf(tensor.shape)).map(() => random.uniform())];
    }),
  );
}

/** Multiplications and additions of all convolutions and their gradients, in millions. */
function convolutionMegaflops(program: Program): number {
  let total = 0;
  for (const tensor of topologicalOrder(simplify(Object.values(program.outputs)))) {
    if (tensor.op !== 'conv' && tensor.op !== 'convInputGrad' && tensor.op !== 'convFilterGrad') continue;
    const [first, second] = tensor.inputs.map((source) => source.shape);
    const result = { conv: tensor.shape, convInputGrad: first, convFilterGrad: second }[tensor.op];
    const [, channels, kh, kw] = tensor.op === 'convFilterGrad' ? tensor.shape : second;
    total += (2 * sizeOf(result) * channels * kh * kw) / 1e6;
  }
  return total;
}
