// A sweep written out as tasks: trained by processes that know no project, killed meanwhile, and brought home.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Input } from '../../../src-main/contracts/api.ts';
import type { JobId } from '../../../src-main/contracts/ids.ts';
import type { CollectedTasks, SweepResult } from '../../../src-main/contracts/sweeps.ts';
import { readTask, resultFile, taskFile } from '../../../src-main/tasks/layout.ts';
import { runTask } from '../../../src-main/tasks/run/run-task.ts';
import { coco, importFrom, scratchFolder, startCore, type TestCore } from './scratch-core.ts';

const cli = fileURLToPath(new URL('../../../src-main/cli/fovea.mjs', import.meta.url));
const asked: Input<'sweeps.start'> = {
  run: {
    model: 'smallcnn',
    sizePx: 16,
    epochs: 3,
    batch: 8,
    seed: 1,
    objective: 'standard',
    device: 'cpu',
    settings: { convolutions: 'rules' },
  },
  objectives: ['standard', 'box-aware'],
  vary: [{ name: 'lambda', values: [0.1, 1] }],
  repeat: 1,
  measures: [{ id: 'energy-in-box' }],
};

let folder: string;
let core: TestCore;
beforeEach(async () => {
  folder = scratchFolder();
  core = startCore(path.join(folder, 'home'));
  await core.call('projects.create', { name: 'Animals' });
  const images = Array.from({ length: 24 }, (_, index) => ({
    name: `p${index}.png`,
    boxes: [{ category: 1 + (index % 2), bbox: [2, 2, 8, 8] as [number, number, number, number] }],
  }));
  await importFrom(core, await coco(path.join(folder, 'coco'), images));
  await core.call('splits.make', { seed: 1, selection: 0.4, test: 0.2 });
});

async function ended<T>(id: JobId): Promise<T> {
  const job = await core.jobEnded(id);
  if (job.error) throw new Error(job.error.message);
  return job.result as T;
}
async function planned(name: string, more: Partial<typeof asked> = {}): Promise<string> {
  const place = path.join(folder, name);
  fs.mkdirSync(place);
  await ended(await core.call('sweeps.plan', { config: { ...asked, ...more }, folder: core.refer(place) }));
  return place;
}
const collect = async (place: string): Promise<CollectedTasks> =>
  ended(await core.call('sweeps.collect', { folder: core.refer(place) }));
const train = (place: string, task: number, signal = new AbortController().signal) =>
  runTask(place, task, { codeVersion: '0.0.0', signal, show: () => {}, threads: 1 });
/** What does not depend on who trained it. */
const tableOf = ({ cells, choices }: SweepResult) => ({
  choices,
  cells: cells.map(({ runs: _, ...cell }) => cell),
});

describe('a sweep of tasks', () => {
  it('gives the table of the same sweep trained here, bit for bit, with partial results at any time', async () => {
    const here = await core.call('sweeps.start', asked);
    await core.jobEnded(here.jobId!);
    const expected = await core.call('sweeps.get', { id: here.id });
    expect(expected.sweep).toMatchObject({ state: 'done', measured: 3, tasks: null });

    const place = await planned('plan');
    const { id } = (await core.call('sweeps.list', {}))[0];
    // Anywhere: the folder is carried elsewhere, and the pictures are in it.
    const moved = path.join(folder, 'elsewhere');
    fs.renameSync(place, moved);
    fs.rmSync(path.join(folder, 'coco', 'images'), { recursive: true });
    expect(await train(moved, 2)).toMatchObject({ state: 'done' });
    expect(await collect(moved)).toMatchObject({
      tasks: 3,
      collected: 1,
      missing: 2,
      refused: [],
      running: [],
    });
    expect((await core.call('sweeps.get', { id })).sweep).toMatchObject({
      state: 'stopped',
      measured: 1,
      tasks: 3,
    });
    for (const task of [3, 1]) await train(moved, task);
    expect(await collect(moved)).toMatchObject({ collected: 2, missing: 0 });
    const found = await core.call('sweeps.get', { id });
    expect(found.sweep).toMatchObject({ state: 'done', measured: 3 });
    expect(tableOf(found)).toEqual(tableOf(expected));

    // Again, without harm; and the runs are ordinary runs.
    const runs = await core.call('runs.list', {});
    expect(await collect(moved)).toMatchObject({ collected: 0 });
    expect(await core.call('runs.list', {})).toEqual(runs);
    const own = found.cells[0].runs[0].runId;
    expect(await core.call('runs.get', { id: own })).toMatchObject({
      state: 'done',
      epochsDone: 3,
      sweep: id,
    });
    expect(await core.call('runs.metrics', { id: own })).toHaveLength(3);
  }, 120_000);

  it('does a task once: a second time it is done already, while another holds it it is to be tried again', async () => {
    const place = await planned('plan');
    const [one, other] = await Promise.all([train(place, 1), train(place, 1)]);
    expect([one.state, other.state].sort()).toEqual(['again', 'done']);
    const before = fs.statSync(resultFile(place, 1)).mtimeMs;
    expect(await train(place, 1)).toMatchObject({ state: 'done' });
    expect(fs.statSync(resultFile(place, 1)).mtimeMs).toBe(before);
    await expect(train(place, 4)).rejects.toThrow(/tasks 1 to 3/);
  }, 60_000);

  it('goes on from its checkpoint when it is put down or killed, to the same bits', async () => {
    const [place, other] = [
      await planned('plan', { run: { ...asked.run, epochs: 20 } }),
      await planned('other', { run: { ...asked.run, epochs: 20 } }),
    ];
    const environment = { ...process.env, FOVEA_THREADS: '1' };
    let kills = 0;
    for (let status: number | null = null; status !== 0;) {
      const child = spawn(process.execPath, [cli, 'task', place, '1'], { env: environment, stdio: 'ignore' });
      const checkpoint = path.join(path.dirname(resultFile(place, 1)), 'run', 'last.ckpt');
      const size = (): number => fs.statSync(checkpoint, { throwIfNoEntry: false })?.mtimeMs ?? 0;
      const begun = size();
      const watch = setInterval(() => {
        // After its next checkpoint, at whatever moment.
        if (kills < 2 && size() !== begun) {
          kills += 1;
          child.kill(kills === 1 ? 'SIGKILL' : 'SIGTERM');
          clearInterval(watch);
        }
      }, 5);
      status = await new Promise((resolve) => child.once('exit', (code) => resolve(code)));
      clearInterval(watch);
      expect([0, 75, null]).toContain(status);
    }
    expect(kills).toBe(2);
    const whole = await train(other, 1);
    const killed = await train(place, 1);
    const figures = (end: Awaited<ReturnType<typeof runTask>>) =>
      end.state === 'again'
        ? null
        : {
            outcome: { ...end.result.outcome, files: null },
            epochs: end.result.epochs.map(({ loss, accuracy }) => ({ loss, accuracy })),
          };
    expect(figures(killed)).toEqual(figures(whole));
  }, 120_000);

  it('refuses results that are damaged, of another task or of another plan, by name, and takes the others', async () => {
    const [place, other] = [await planned('plan'), await planned('other')];
    for (const task of [1, 2, 3]) await train(place, task);
    const result = JSON.parse(fs.readFileSync(resultFile(place, 1), 'utf8'));
    fs.writeFileSync(resultFile(place, 1), '{"version":1');
    fs.copyFileSync(resultFile(place, 3), resultFile(place, 2));
    expect((await collect(place)).refused.map(({ message }) => message)).toEqual([
      expect.stringMatching(/0001.result\.json: it is no JSON/),
      expect.stringMatching(/0002.result\.json is of another task/),
    ]);
    fs.writeFileSync(resultFile(other, 1), JSON.stringify(result));
    expect((await collect(other)).refused).toEqual([
      { task: 1, message: expect.stringMatching(/0001.result\.json is of another plan/) },
    ]);
    // Weights that are not those of the result; a task that was made to train something else.
    fs.writeFileSync(resultFile(place, 1), JSON.stringify(result));
    fs.appendFileSync(path.join(path.dirname(resultFile(place, 1)), 'run', 'best.ckpt'), 'x');
    expect((await collect(place)).refused[0].message).toMatch(
      /task 1: best\.ckpt is not the one of its result/,
    );
    const { task } = readTask(place, 2);
    fs.writeFileSync(taskFile(place, 2), JSON.stringify({ ...task, config: { ...task.config, epochs: 1 } }));
    fs.rmSync(resultFile(place, 2));
    fs.rmSync(path.join(path.dirname(resultFile(place, 2)), 'run'), { recursive: true });
    await train(place, 2);
    expect((await collect(place)).refused[1].message).toMatch(/task 2: it was trained otherwise/);
    expect((await core.call('sweeps.list', {}))[1]).toMatchObject({ measured: 1, tasks: 3 });
  }, 120_000);

  it('is refused into a folder that is not empty, with halving, and for a plan of another project', async () => {
    const place = await planned('plan');
    const again = { config: asked, folder: core.refer(place) };
    expect(await core.handle('sweeps.plan', again)).toMatchObject({
      error: { message: expect.stringMatching(/is not empty/) },
    });
    const empty = path.join(folder, 'empty');
    fs.mkdirSync(empty);
    const halving = { ...asked, halving: { firstEpochs: 1 } };
    expect(await core.handle('sweeps.plan', { config: halving, folder: core.refer(empty) })).toMatchObject({
      error: { message: expect.stringMatching(/halving/) },
    });
    const { id } = (await core.call('sweeps.list', {}))[0];
    expect(await core.handle('sweeps.resume', { id })).toMatchObject({ error: { code: 'conflict' } });
    await core.call('projects.create', { name: 'Other' });
    expect(await core.handle('sweeps.collect', { folder: core.refer(place) })).toMatchObject({
      error: { message: expect.stringMatching(/no plan of this project/) },
    });
  }, 60_000);
});
