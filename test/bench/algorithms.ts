// What convolutions in the algorithms found by trial gain over the rules: training steps of both in turn, on the CPU, so that
// what else the machine does weighs on both alike. Options: --steps MODEL/SIZE/BATCH/OBJECTIVE/THREADS,… and --runs N.

import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { sizeOf } from '../../src-main/engine/graph/index.ts';
import { modelById, randomFromSeed } from '../../src-main/engine/nn/index.ts';
import { objectiveById } from '../../src-main/engine/objectives/index.ts';
import { compileStep, onnxExecutor } from '../../src-main/engine/runtime/index.ts';
import { buildTrainStep, initialState, nextOf } from '../../src-main/engine/training/train-step.ts';
import { option, table } from './fovea.ts';

const classes = 10;

interface Gain {
  step: string;
  trialSeconds: number;
  /** Kind and shapes, and the algorithm. */
  algorithms: Readonly<Record<string, string>>;
  /** Milliseconds of the fastest step, and of the middle one. */
  rules: { fastest: number; median: number };
  measured: { fastest: number; median: number };
}

export async function bench(args: string[]): Promise<unknown> {
  const all = availableParallelism();
  const usual = [
    ...[`resnet8/64/64/standard/${all}`, `resnet8/64/32/box-aware/${all}`, 'resnet8/64/32/standard/1'],
    ...[`wrn-40-2/32/32/standard/${all}`, `resnet50/224/8/standard/${all}`, `resnet18/64/32/standard/${all}`],
  ];
  const runs = Number(option(args, 'runs', '8'));
  const rows: Gain[] = [];
  for (const step of option(args, 'steps', usual.join()).split(',')) rows.push(await gainOf(step, runs));
  console.log(
    table([
      ['model/px/batch/objective/threads', 'tried s', 'rules ms', 'measured ms', 'fastest', 'median'],
      ...rows.map(({ step, trialSeconds, rules, measured }) => [
        step,
        trialSeconds.toFixed(1),
        rules.fastest.toFixed(1),
        measured.fastest.toFixed(1),
        (measured.fastest / rules.fastest).toFixed(2),
        (measured.median / rules.median).toFixed(2),
      ]),
    ]),
  );
  return rows;
}

async function gainOf(words: string, runs: number): Promise<Gain> {
  const [model, px, images, objective, threads] = words.split('/');
  const [sizePx, batch] = [Number(px), Number(images)];
  const executor = onnxExecutor({ threads: Number(threads) });
  const step = buildTrainStep({
    model: modelById(model).build({ classes, sizePx, pool: 'average' }),
    objective: objectiveById(objective),
    params: {},
    settings: { momentum: 0.9, weightDecay: 5e-4 },
    batch,
    classes,
    sizePx,
  });
  const folder = mkdtempSync(path.join(tmpdir(), 'fovea-algorithms-'));
  const start = performance.now();
  const algorithms = await executor.autotune!(step.program, { file: path.join(folder, 'algorithms.json') });
  const trialSeconds = (performance.now() - start) / 1e3;
  rmSync(folder, { recursive: true });
  console.log(words, algorithms);

  const random = randomFromSeed(2);
  const state = step.state.map(({ name }) => name);
  const feeds = Object.fromEntries(
    step.program.inputs.flatMap((tensor) => {
      if (tensor.op !== 'input' || state.includes(tensor.attributes.name)) return [];
      const { name } = tensor.attributes;
      const value = (index: number): number => {
        if (name === 'images') return random.uniform();
        if (name === 'labels') return Number(index % classes === Math.floor(index / classes) % classes);
        return name === 'learningRate' ? 0.002 : Number(name !== 'regionMask' || index % sizePx < sizePx / 2);
      };
      return [[name, Float32Array.from({ length: sizeOf(tensor.shape) }, (_, index) => value(index))]];
    }),
  );
  const sessions = await Promise.all(
    [{}, algorithms].map(async (own) => {
      const pairs = state.map((name) => [name, nextOf(name)] as const);
      const session = await compileStep(executor, step.program, pairs, own);
      await session.load(initialState(step, randomFromSeed(1)));
      await session.run(feeds); // not counted: it allocates
      return { session, took: [] as number[] };
    }),
  );
  for (let run = 0; run < runs; run++)
    for (const { session, took } of sessions) {
      const before = performance.now();
      await session.run(feeds);
      took.push(performance.now() - before);
    }
  const [rules, measured] = sessions.map(({ took }) => ({
    fastest: Math.min(...took),
    median: took.toSorted((a, b) => a - b)[Math.floor(took.length / 2)],
  }));
  for (const { session } of sessions) await session.dispose();
  return { step: words, trialSeconds, algorithms, rules, measured };
}
