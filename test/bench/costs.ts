// What each objective costs beside the standard one: time of a training step, and memory at its peak. Each runs in a
// process of its own, since memory that an earlier one has held is not given back.
// Options: --model, --objective (a comma-separated list; all of the registry unless given), --batch, --size, --threads,
// --steps, --out DIR (where what is measured is kept, so that a bench that was stopped goes on; nothing is kept unless
// given), --show (print what is kept and measure nothing).

import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { simplify, sizeOf, topologicalOrder } from '../../src-main/engine/graph/index.ts';
import { modelById, randomFromSeed } from '../../src-main/engine/nn/index.ts';
import { objectiveById, objectives } from '../../src-main/engine/objectives/index.ts';
import { onnxExecutor } from '../../src-main/engine/runtime/index.ts';
import { buildTrainStep, initialState } from '../../src-main/engine/training/train-step.ts';
import { option, table } from './fovea.ts';

interface Cost {
  objective: string;
  /** Operations of the program. */
  nodes: number;
  /** From the objective's name to the first step that can run. */
  buildMs: number;
  /** Processor time of the fastest of several steps: wall time says little on a machine that does other work. */
  stepMs: number;
  /** Most memory the process has held, less what it held before the program was made. */
  peakMiB: number;
}

export async function bench(args: string[]): Promise<unknown> {
  const all = objectives.map(({ id }) => id).join(',');
  const asked = option(args, 'objective', all).split(',');
  const kept = keptIn(option(args, 'out', ''), args);
  const rows = ['standard', ...asked.filter((id) => id !== 'standard')].flatMap((objective): Cost[] => {
    const before = kept.find(objective);
    if (before) return [before];
    if (args.includes('--show')) return [];
    const options = args.filter((_, i) => args[i] !== '--objective' && args[i - 1] !== '--objective');
    const child = spawnSync(
      process.execPath,
      [fileURLToPath(import.meta.url), '--objective', objective, ...options],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
    );
    if (child.status !== 0) throw new Error(`${objective} ended with status ${child.status}`);
    const cost = JSON.parse(child.stdout.trimEnd().split('\n').at(-1) ?? '') as Cost;
    kept.add(cost);
    return [cost];
  });
  const standard = rows.find(({ objective }) => objective === 'standard');
  if (!standard) return { rows: [] };
  const relative = rows.map((row) => ({
    ...row,
    time: row.stepMs / standard.stepMs,
    memory: row.peakMiB / standard.peakMiB,
  }));
  console.log(
    table([
      ['objective', 'nodes', 'build ms', 'step ms', 'times standard', 'peak MiB', 'times standard'],
      ...relative.map((row) => [
        row.objective,
        String(row.nodes),
        row.buildMs.toFixed(0),
        row.stepMs.toFixed(0),
        row.time.toFixed(1),
        row.peakMiB.toFixed(0),
        row.memory.toFixed(1),
      ]),
    ]),
  );
  return { rows: relative };
}

/** What was measured before with the same options: one JSON line each. */
function keptIn(folder: string, args: string[]) {
  const how = ['model', 'batch', 'size', 'threads', 'steps'].map((name) => option(args, name, ''));
  const key = (cost: string) => JSON.stringify([cost, how]);
  const file = path.join(folder, 'costs.jsonl');
  const lines = folder !== '' && existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  const known = new Map(
    lines.map((line) => JSON.parse(line) as { key: string; cost: Cost }).map(({ key, cost }) => [key, cost]),
  );
  return {
    find: (objective: string) => known.get(key(objective)),
    add(cost: Cost) {
      if (folder === '') return;
      mkdirSync(folder, { recursive: true });
      appendFileSync(file, `${JSON.stringify({ key: key(cost.objective), cost })}\n`);
    },
  };
}

/** The cost of one objective with its default parameters. */
async function measure(args: string[]): Promise<Cost> {
  const number = (name: string, otherwise: number): number => Number(option(args, name, String(otherwise)));
  const [batch, sizePx, steps] = [number('batch', 32), number('size', 64), number('steps', 3)];
  const id = option(args, 'objective', 'standard');
  const classes = 10;
  const memoryBefore = process.memoryUsage().rss;
  const start = performance.now();
  const step = buildTrainStep({
    model: modelById(option(args, 'model', 'resnet8')).build({ classes, sizePx, pool: 'average' }),
    objective: objectiveById(id),
    params: {},
    settings: { momentum: 0.9, weightDecay: 5e-4 },
    batch,
    classes,
    sizePx,
  });
  const session = await onnxExecutor({ threads: number('threads', 1) }).compile(step.program);
  const buildMs = performance.now() - start;
  const random = randomFromSeed(2);
  const feeds = {
    ...Object.fromEntries(
      step.program.inputs.map((tensor) => {
        if (tensor.op !== 'input') throw new Error('a program has only input nodes as inputs');
        return [tensor.attributes.name, new Float32Array(sizeOf(tensor.shape)).map(() => random.uniform())];
      }),
    ),
    ...Object.fromEntries(initialState(step, randomFromSeed(1))),
  };
  let stepMs = Infinity;
  for (let run = 0; run <= steps; run++) {
    const before = process.cpuUsage();
    await session.run(feeds);
    const { user, system } = process.cpuUsage(before);
    if (run > 0) stepMs = Math.min(stepMs, (user + system) / 1e3); // the first one warms up
  }
  await session.dispose();
  return {
    objective: id,
    nodes: topologicalOrder(simplify(Object.values(step.program.outputs))).length,
    buildMs,
    stepMs,
    peakMiB: process.resourceUsage().maxRSS / 1024 - memoryBefore / 2 ** 20,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  console.log(JSON.stringify(await measure(process.argv.slice(2))));
