// npm run bench -- scale-out [--runs 24] [--epochs 12] [--kills 50] [--tasks 1000] [--seed 1] [--skip-engines]
//
// A sweep as tasks: the same table here and from 1, 2 and 4 processes; what plan and collect add to it; kills at random
// moments; collecting many tasks; and the job files of each engine that is here, which says which of them ran.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { JobId, SweepId } from '../../src-main/contracts/ids.ts';
import {
  sweepConfigSchema,
  type CollectedTasks,
  type SweepConfigInput,
} from '../../src-main/contracts/sweeps.ts';
import type { Core } from '../../src-main/core/core.ts';
import { readCheckpoint } from '../../src-main/engine/data/checkpoint.ts';
import { randomFromSeed } from '../../src-main/engine/nn/random.ts';
import { localCore } from '../../src-main/host/local-core.ts';
import { encodePng } from '../../src-main/imaging/index.ts';
import {
  readPlan,
  readResult,
  readTask,
  resultFile,
  runFiles,
  runFolder,
} from '../../src-main/tasks/layout.ts';
import { tryEngines } from './scale-out/engines.ts';

const cli = new URL('../../src-main/cli/fovea.mjs', import.meta.url).pathname;

function option(args: readonly string[], name: string, usual: number): number {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? usual : Number(args[at + 1]);
}

export async function bench(args: string[]): Promise<unknown> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fovea-scale-out-'));
  process.env.FOVEA_HOME = path.join(folder, 'home');
  process.env.FOVEA_THREADS = '1';
  const core = localCore({ emit: () => {} });
  try {
    return await measure(core, folder, {
      runs: option(args, 'runs', 24),
      epochs: option(args, 'epochs', 12),
      kills: option(args, 'kills', 50),
      tasks: option(args, 'tasks', 1000),
      seed: option(args, 'seed', 1),
      hasEngines: !args.includes('--skip-engines'),
    });
  } finally {
    await core.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

interface Asked {
  runs: number;
  epochs: number;
  kills: number;
  tasks: number;
  seed: number;
  hasEngines: boolean;
}

async function measure(core: Core, folder: string, asked: Asked): Promise<unknown> {
  const say = (line: string): void => console.error(line);
  await makeProject(core, folder);
  const config = sweepOf(asked.runs / 4, asked.epochs);

  const begunAt = performance.now();
  const here = await core.call('sweeps.start', config);
  await ended(core, here.jobId!);
  const sweepSeconds = secondsSince(begunAt);
  const expected = await tableOf(core, here.id);
  say(`the sweep here: ${sweepSeconds.toFixed(1)} s for ${asked.runs} runs`);

  const passes: { processes: number; seconds: number; overhead: number; isEqual: boolean }[] = [];
  for (const processes of [1, 2, 4]) {
    const place = path.join(folder, `plan-${processes}`);
    const planAt = performance.now();
    const id = await planned(core, config, place);
    const planning = secondsSince(planAt);
    const trainAt = performance.now();
    await runAll(place, processes);
    const seconds = secondsSince(trainAt);
    const collectAt = performance.now();
    await collected(core, place);
    const overhead = (planning + secondsSince(collectAt)) / sweepSeconds;
    const isEqual = (await tableOf(core, id)) === expected;
    passes.push({ processes, seconds, overhead, isEqual });
    say(
      `${processes} processes: ${seconds.toFixed(1)} s, plan and collect ${(overhead * 100).toFixed(2)} % of the sweep, ` +
        `the table is ${isEqual ? 'the same' : 'ANOTHER'}`,
    );
  }

  const killed = await killing(core, folder, config, expected, asked);
  say(
    `${killed.kills} kills: the table is ${killed.isEqual ? 'the same' : 'ANOTHER'}, ${killed.lostEpochs} epochs lost`,
  );

  const many = await collectingMany(core, folder, asked.tasks);
  say(`collecting ${asked.tasks} tasks: ${many.toFixed(1)} s`);

  const engines = asked.hasEngines ? await tryEngines(core, folder, sweepOf(2, 1), say) : {};
  return {
    runs: asked.runs,
    sweepSeconds,
    passes,
    killed,
    collecting: { tasks: asked.tasks, seconds: many },
    engines,
  };
}

const secondsSince = (at: number): number => (performance.now() - at) / 1000;

/** Four points, so many seeds each. */
const sweepOf = (repeat: number, epochs: number): SweepConfigInput => ({
  run: {
    model: 'resnet8',
    sizePx: 32,
    epochs,
    batch: 16,
    seed: 1,
    objective: 'standard',
    device: 'cpu',
    settings: { convolutions: 'rules' },
  },
  objectives: ['standard', 'box-aware'],
  vary: [{ name: 'lambda', values: [0.1, 1, 10] }],
  repeat,
  measures: [{ id: 'accuracy' }, { id: 'energy-in-box' }],
});

async function makeProject(core: Core, folder: string): Promise<void> {
  const source = path.join(folder, 'source');
  fs.mkdirSync(path.join(source, 'images'), { recursive: true });
  const random = randomFromSeed(3);
  const images = [];
  const annotations = [];
  for (let index = 0; index < 160; index++) {
    const isBright = index % 2;
    const pixels = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % 32, Math.floor(i / 96)];
      const isInside = x >= 8 && x < 20 && y >= 8 && y < 20;
      return Math.min(255, Math.floor(random.uniform() * 160) + (isInside && isBright ? 90 : 0));
    });
    const name = `p${index}.png`;
    fs.writeFileSync(path.join(source, 'images', name), await encodePng(pixels, 32, 32));
    images.push({ id: index + 1, file_name: name, width: 32, height: 32 });
    annotations.push({
      id: index + 1,
      image_id: index + 1,
      category_id: 1 + isBright,
      bbox: [8, 8, 12, 12],
      area: 144,
      iscrowd: 0,
    });
  }
  const categories = ['dark', 'bright'].map((name, index) => ({ id: index + 1, name }));
  fs.mkdirSync(path.join(source, 'annotations'));
  fs.writeFileSync(
    path.join(source, 'annotations', 'instances.json'),
    JSON.stringify({ images, annotations, categories }),
  );
  await core.call('projects.create', { name: 'Scale out' });
  await ended(core, await core.call('imports.start', { source: core.refer(source), format: 'auto' }));
  await core.call('splits.make', { seed: 1, selection: 0.3, test: 0.2 });
}

async function ended<T>(core: Core, id: JobId): Promise<T> {
  const job = await core.jobEnded(id);
  if (job.error) throw new Error(`${job.title}: ${job.error.message}`);
  return job.result as T;
}

async function planned(core: Core, config: SweepConfigInput, place: string): Promise<SweepId> {
  fs.mkdirSync(place);
  const job = await core.call('sweeps.plan', { config, folder: core.refer(place) });
  return (await ended<{ sweepId: SweepId }>(core, job)).sweepId;
}

const collected = async (core: Core, place: string): Promise<CollectedTasks> =>
  ended(core, await core.call('sweeps.collect', { folder: core.refer(place) }));

/** All that does not say which runs they were. */
async function tableOf(core: Core, id: SweepId): Promise<string> {
  const { cells, choices } = await core.call('sweeps.get', { id });
  return JSON.stringify({
    choices,
    cells: cells.map(({ runs, ...cell }) => [cell, runs.map(({ seed, isMeasured }) => [seed, isMeasured])]),
  });
}

const taskProcess = (place: string, task: number) =>
  spawn(process.execPath, [cli, 'task', place, String(task)], { stdio: ['ignore', 'ignore', 'inherit'] });
const exitOf = (child: ReturnType<typeof taskProcess>): Promise<number | null> =>
  new Promise((resolve) => child.once('exit', (code) => resolve(code)));

async function runAll(place: string, processes: number): Promise<void> {
  const waiting = Array.from({ length: readPlan(place).tasks }, (_, index) => index + 1);
  const lane = async (): Promise<void> => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      const status = await exitOf(taskProcess(place, task));
      if (status !== 0) throw new Error(`task ${task}: exit status ${status}`);
    }
  };
  await Promise.all(Array.from({ length: processes }, lane));
}

async function killing(
  core: Core,
  folder: string,
  config: SweepConfigInput,
  expected: string,
  { kills, seed }: Asked,
) {
  const place = path.join(folder, 'plan-killed');
  const id = await planned(core, config, place);
  const random = randomFromSeed(seed).fork('kills');
  const plan = readPlan(place);
  const epochsOf = async (task: number): Promise<number> => {
    try {
      const { record } = await readCheckpoint(path.join(runFolder(place, task), 'last.ckpt'));
      return (record as { epochs: number }).epochs;
    } catch {
      return 0;
    }
  };
  let done = 0;
  let lostEpochs = 0;
  const waiting = Array.from({ length: plan.tasks }, (_, index) => index + 1);
  const lane = async (): Promise<void> => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      for (;;) {
        const before = await epochsOf(task);
        const child = taskProcess(place, task);
        const end = exitOf(child);
        if (done < kills) {
          await Promise.race([end, delay(300 + random.below(2500))]);
          if (child.exitCode === null && child.signalCode === null) {
            done += 1;
            child.kill('SIGKILL');
          }
        }
        const status = await end;
        lostEpochs += Math.max(0, before - (await epochsOf(task)));
        if (status === 0) break;
        if (status !== null && status !== 75) throw new Error(`task ${task}: exit status ${status}`);
      }
    }
  };
  await Promise.all(Array.from({ length: 2 }, lane));
  await collected(core, place);
  return { kills: done, lostEpochs, isEqual: (await tableOf(core, id)) === expected };
}

/** One task is trained; the others are given its result under their own name. */
async function collectingMany(core: Core, folder: string, tasks: number): Promise<number> {
  const place = path.join(folder, 'plan-many');
  const config = sweepOf(1, 1);
  const many = sweepConfigSchema.parse({
    ...config,
    objectives: ['standard'],
    vary: [{ name: 'seed', values: Array.from({ length: tasks }, (_, index) => index) }],
  });
  await planned(core, many, place);
  const status = await exitOf(taskProcess(place, 1));
  if (status !== 0) throw new Error(`task 1: exit status ${status}`);
  const result = readResult(place, readPlan(place), 1)!;
  for (let task = 2; task <= tasks; task++) {
    fs.mkdirSync(runFolder(place, task));
    for (const name of runFiles)
      if (fs.existsSync(path.join(runFolder(place, 1), name)))
        fs.copyFileSync(path.join(runFolder(place, 1), name), path.join(runFolder(place, task), name));
    fs.writeFileSync(
      resultFile(place, task),
      JSON.stringify({ ...result, task, of: readTask(place, task).hash }),
    );
  }
  const at = performance.now();
  const found = await collected(core, place);
  if (found.collected !== tasks)
    throw new Error(`${found.collected} of ${tasks} were collected: ${found.refused[0]?.message}`);
  return secondsSince(at);
}
