// Nothing that was acknowledged is lost, whatever is killed: the host while boxes are being drawn, the
// worker and the host while a run trains.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Annotation, EpochMetrics, Run, RunConfigInput } from '../../src-main/contracts/index.ts';
import { readCheckpoint } from '../../src-main/engine/data/checkpoint.ts';
import { Client, fovea, makeWorkFolder, startHost, type Host } from './app.ts';
import { launchBrowser } from './browser.ts';
import { keepScreenshotOnFailure, openPage, signIn } from './page.ts';
import { writeVoc } from './images.ts';

const work = makeWorkFolder();
const project = path.join(work.folder, 'project');
let host: Host;
let client: Client;

async function start(): Promise<void> {
  host = await startHost(work.home, [project]);
  client = await Client.connect(host);
}

beforeAll(async () => {
  const source = path.join(work.folder, 'pictures');
  await writeVoc(source, 12);
  expect(fovea(work.home, 'project', 'create', project).err).toBe('');
  const imported = fovea(work.home, 'import', project, source, '--json');
  expect(imported.json, imported.err).toMatchObject({
    format: 'voc',
    images: 36,
    annotations: 36,
    classes: 3,
  });
  await start();
});
afterAll(async () => {
  client?.close();
  await host?.stop();
  work.remove();
});

describe('kill -9 of the host while boxes are being drawn', () => {
  it.each([1, 2, 3])('loses no acknowledged box and corrupts nothing (time %i)', async (round) => {
    const { id: imageId } = (await client.call('images.page', { offset: round, limit: 1 }))[0]!;
    const acknowledged = new Map<number, Annotation>();
    let killed: Promise<void> | undefined;
    // Several at once, so that the kill meets edits in every state: on the way, being written, answered.
    const draw = async (lane: number) => {
      for (let step = 0; ; step++) {
        const box = { x: lane, y: step % 60, width: 10 + (step % 20), height: 12 };
        const outcome = await client.call('annotations.edit', {
          imageId,
          edits: [{ do: 'add', classId: null, shape: { kind: 'box', box } }],
        });
        for (const annotation of outcome.annotations) acknowledged.set(annotation.id, annotation);
        if (acknowledged.size >= 40 * round) killed ??= host.kill();
      }
    };
    const lanes = await Promise.allSettled([0, 1, 2, 3].map(draw));
    for (const lane of lanes)
      expect(lane).toMatchObject({ status: 'rejected', reason: { message: 'the host is gone' } });
    await killed;
    expect(host.process.signalCode).toBe('SIGKILL');

    await start();
    const found = await client.call('images.get', { id: imageId });
    const after = new Map(found.annotations.map((annotation) => [annotation.id as number, annotation]));
    expect(acknowledged.size).toBeGreaterThanOrEqual(40 * round);
    for (const [id, annotation] of acknowledged) expect(after.get(id)).toEqual(annotation);
    // The undo history survived with them.
    expect(found.canUndo).toBe(true);
    const undone = await client.call('annotations.undo', { imageId });
    expect(undone?.annotations).toHaveLength(found.annotations.length - 1);
  });
});

describe('kill -9 of the host behind a window', () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await launchBrowser()));
  afterAll(() => browser?.close());

  it('keeps every box that the screen showed as saved', async () => {
    const { page } = await openPage(browser, host, '#/annotate');
    keepScreenshotOnFailure(page);
    const stage = page.getByRole('application', { name: /^Picture / });
    await stage.waitFor();
    const name = (await stage.getAttribute('aria-label'))!.replace(/, \d+ objects$/, '');
    const objects = async () =>
      Number(/(\d+) objects$/.exec((await stage.getAttribute('aria-label')) ?? '')?.[1]);
    const before = await objects();
    await page.keyboard.press('w');
    const frame = (await stage.boundingBox())!;
    for (let drawn = 1; drawn <= 5; drawn++) {
      const left = frame.x + frame.width / 2 - 150 + drawn * 40;
      const top = frame.y + frame.height / 2 - 100 + drawn * 30;
      await page.mouse.move(left, top);
      await page.mouse.down();
      await page.mouse.move(left + 60, top + 45, { steps: 3 });
      await page.mouse.up();
      await expect.poll(objects, { timeout: 5000 }).toBe(before + drawn);
    }
    await page.getByText('All changes saved').waitFor();
    await host.kill();
    await page.getByText(/connection lost/).waitFor();

    await start();
    await signIn(page.context(), host);
    await page.goto(`${host.url}#/annotate`);
    await page.getByRole('application', { name: `${name}, ${before + 5} objects` }).waitFor();
    await page.close();
  });
});

describe('kill -9 in the middle of training', () => {
  const config: RunConfigInput = {
    objective: 'box-aware',
    model: 'resnet8',
    sizePx: 32,
    epochs: 12,
    batch: 8,
    seed: 11,
    device: 'cpu',
    settings: { outside: 'swap' },
  };
  /** What must be the same, bit for bit: all but the clock. */
  const figures = (metrics: EpochMetrics[]) =>
    metrics.map(({ seconds: _seconds, picturesPerSecond: _speed, ...rest }) => rest);
  const weights = async (run: Run, name: string) => {
    const { tensors } = await readCheckpoint(path.join(project, 'runs', String(run.id), name));
    return [...tensors].map(([tensor, values]) => [tensor, Buffer.from(values.buffer).toString('base64')]);
  };
  const ended = (id: Run['id']) => client.next('run', (run) => run.id === id && run.state === 'done');
  const epoch = (id: Run['id'], number: number) =>
    client.next('epoch', ({ runId, metrics }) => runId === id && metrics.epoch === number);
  const interrupted = async (id: Run['id']) => {
    const news = client.next('run', (run) => run.id === id && run.state === 'interrupted');
    if ((await client.call('runs.get', { id })).state !== 'interrupted') await news;
  };

  it('of the worker, then of the host: the resumed run ends with the weights of an undisturbed one', async () => {
    await client.call('splits.make', { seed: 1 });
    const calm = await client.call('runs.start', config);
    await ended(calm.id);
    const calmMetrics = await client.call('runs.metrics', { id: calm.id });
    expect(calmMetrics).toHaveLength(12);

    const harried = await client.call('runs.start', config);
    await epoch(harried.id, 2);
    killWorkersOf(host);
    await interrupted(harried.id);
    const resumed = epoch(harried.id, 5);
    await client.call('runs.resume', { id: harried.id });
    await resumed;
    await host.kill();

    await start();
    await interrupted(harried.id);
    const end = ended(harried.id);
    await client.call('runs.resume', { id: harried.id });
    await end;

    const [before, after] = await Promise.all([
      client.call('runs.get', { id: calm.id }),
      client.call('runs.get', { id: harried.id }),
    ]);
    expect(figures(await client.call('runs.metrics', { id: harried.id }))).toEqual(figures(calmMetrics));
    expect(after.best).toEqual(before.best);
    expect(after.energyInBox).toBe(before.energyInBox);
    for (const name of ['best.ckpt', 'last.ckpt'])
      expect(await weights(after, name)).toEqual(await weights(before, name));
  });
});

/** Ends the host's worker processes without a chance to tidy up. */
function killWorkersOf(parent: Host): void {
  const workers = processes().filter(
    ({ parentPid, command }) => parentPid === parent.process.pid && command.includes('worker'),
  );
  expect(workers.length).toBeGreaterThan(0);
  for (const { pid } of workers) process.kill(pid, 'SIGKILL');
}

/** All processes; from /proc where there is one, since small systems have no `ps`. */
function processes(): { pid: number; parentPid: number; command: string }[] {
  if (process.platform !== 'linux')
    return spawnSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
      .stdout.split('\n')
      .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
      .filter((row) => row !== null)
      .map((row) => ({ pid: Number(row[1]), parentPid: Number(row[2]), command: row[3]! }));
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const status = readFileSync(`/proc/${name}/status`, 'utf8');
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return [{ pid: Number(name), parentPid: Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]), command }];
      } catch {
        return []; // it has ended meanwhile
      }
    });
}
