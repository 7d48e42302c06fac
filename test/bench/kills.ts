// Random kills of the host, of its worker processes and of the window's connection, while pictures are edited, a set is
// imported, runs are trained, swept and evaluated, and annotations are exported: how many acknowledged things were lost.
// Acknowledged is what a call answered or an event told. After each kill of the host the database is checked, no process
// and no half-written file may be left, and every edited picture, its undo, and every epoch are compared.
// `npm run bench -- kills [--json] [--kills N] [--seed N] [--minutes M]`

import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { Annotation, EpochMetrics, ImageId, Job, RunId } from '../../src-main/contracts/index.ts';
import { Client, fovea, makeWorkFolder, startHost, type Host } from '../e2e/app.ts';
import { writeVoc } from '../e2e/images.ts';
import { randomFrom } from '../src-main/host/raw-requests.ts';
import { option } from './fovea.ts';

/** Lives of a host: it is killed after this long, and workers and windows meanwhile. */
const LIFE_MS = [1000, 12_000] as const;
const LANES = 3;
const GONE_WITHIN_MS = 10_000;

type State = Annotation[];
/** What is known of a picture that a lane edits. */
interface LabelledImage {
  id: ImageId;
  /** As it was last answered. */
  acknowledged: State;
  before: State | null;
  /** Of an edit that was not answered: it is there or not. */
  isOpen: boolean;
}

const config = (seed: number, epochs: number) => ({
  objective: 'standard',
  model: 'resnet8',
  sizePx: 16,
  epochs,
  batch: 8,
  seed,
  device: 'cpu' as const,
});

export async function bench(args: string[]): Promise<unknown> {
  const wanted = Number(option(args, 'kills', '1000'));
  const until = performance.now() + 60_000 * Number(option(args, 'minutes', '600'));
  const random = randomFrom(Number(option(args, 'seed', '1')));
  const below = (count: number) => Math.floor(random() * count);
  const work = makeWorkFolder();
  const project = path.join(work.folder, 'project');
  const [first, second] = ['first', 'second'].map((name) => path.join(work.folder, name));
  await writeVoc(first, 8);
  await writeVoc(second, 30);
  fovea(work.home, 'project', 'create', project);
  fovea(work.home, 'import', project, first);
  fovea(work.home, 'split', project);

  const kills = { host: 0, worker: 0, window: 0 };
  const acknowledged = { edits: 0, epochs: 0, runs: 0, evaluations: 0, imports: 0, exports: 0, seen: 0 };
  const faults: string[] = [];
  const refusals = new Map<string, number>();
  const epochs = new Map<RunId, Map<number, EpochMetrics>>();
  const done = new Set<RunId>();
  const evaluated = new Set<RunId>();
  let images: LabelledImage[] = [];
  let imported = 0;
  let isImporting = false;
  let exportsMade = 0;
  const exported = new Map<string, boolean>();
  let seen: { id: ImageId; isOpen: boolean } | null = null;
  let host: Host;
  let life = 0;
  const fault = (what: string) => faults.push(`life ${life}: ${what}`);
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

  /** What is there after a restart, held against what was acknowledged. */
  async function verify(client: Client): Promise<void> {
    for (const image of images) {
      const found = await client.call('images.get', { id: image.id });
      if (!image.isOpen && !same(found.annotations, image.acknowledged))
        fault(
          `picture ${image.id} has ${found.annotations.length} shapes, ${image.acknowledged.length} were told`,
        );
      // Undo leads back to what was there before, and redo to what is there now.
      if (!image.isOpen && image.before) {
        const undone = await client.call('annotations.undo', { imageId: image.id });
        if (!same(undone?.annotations, image.before)) fault(`undo of picture ${image.id} leads elsewhere`);
        const redone = await client.call('annotations.redo', { imageId: image.id });
        if (!same(redone?.annotations, image.acknowledged))
          fault(`redo of picture ${image.id} leads elsewhere`);
      }
      Object.assign(image, { acknowledged: found.annotations, before: null, isOpen: false });
    }
    for (const [id, told] of epochs) {
      const kept = await client.call('runs.metrics', { id });
      for (const metrics of told.values())
        if (!kept.some((one) => same(one, metrics))) fault(`epoch ${metrics.epoch} of run ${id} is lost`);
      if (kept.some(({ epoch }, index) => epoch !== index + 1)) fault(`the log of run ${id} has a hole`);
      const { state, evaluated: figures } = await client.call('runs.get', { id });
      if (done.has(id) && state !== 'done') fault(`run ${id} was done and is ${state}`);
      if (evaluated.has(id) && !figures) fault(`the evaluation of run ${id} is lost`);
    }
    const { counts, lastImageId } = (await client.call('projects.current', {}))!;
    const all = 24 + 90;
    if (![24, all].includes(counts.images)) fault(`${counts.images} pictures: half an import`);
    if (imported > 0 && counts.images !== all) fault('an import that was done is lost');
    if (seen && !seen.isOpen && lastImageId !== seen.id) fault('the picture that was last seen is forgotten');
    for (const [folder, isDone] of exported) {
      const isThere = fs.existsSync(folder) && fs.readdirSync(folder).length > 0;
      if (isDone && !isThere) fault('an export that was done is lost');
      if (isThere && !fs.existsSync(path.join(folder, 'annotations')))
        fault(`half an export: ${fs.readdirSync(folder)}`);
    }
    exported.clear();
    const db = new Database(path.join(project, 'project.sqlite'), { readonly: true });
    const integrity = db.pragma('integrity_check', { simple: true });
    const foreign = db.pragma('foreign_key_check') as unknown[];
    db.close();
    if (integrity !== 'ok') fault(`integrity: ${String(integrity)}`);
    if (foreign.length > 0) fault(`${foreign.length} rows refer to nothing`);
  }

  /** What an error of a call says when nothing is wrong but that somebody was killed. */
  const noteRefusal = (error: unknown): void => {
    const { message = '', code } = error as { message?: string; code?: string };
    if (code === 'internal') fault(`internal: ${message}`);
    refusals.set(message, (refusals.get(message) ?? 0) + 1);
  };

  async function edit(client: Client, image: LabelledImage): Promise<void> {
    const [one] = image.acknowledged;
    const box = { x: below(60), y: below(60), width: 5 + below(20), height: 5 + below(20) };
    const shape = { kind: 'box' as const, box };
    const what = below(4);
    const change =
      what === 0 && one
        ? { do: 'delete' as const, id: one.id }
        : what === 1 && one
          ? { do: 'change' as const, id: one.id, shape }
          : { do: 'add' as const, shape, classId: null };
    image.isOpen = true;
    const { annotations } = await client.call('annotations.edit', { imageId: image.id, edits: [change] });
    Object.assign(image, { before: image.acknowledged, acknowledged: annotations, isOpen: false });
    acknowledged.edits += 1;
  }

  function listen(client: Client): void {
    void client.next('epoch', ({ runId, metrics }) => {
      const told = epochs.get(runId) ?? new Map<number, EpochMetrics>();
      epochs.set(runId, told);
      for (const epoch of told.keys()) if (epoch > metrics.epoch) told.delete(epoch);
      told.set(metrics.epoch, metrics);
      acknowledged.epochs += 1;
      return false;
    });
    void client.next('run', (run) => {
      if (run.state === 'done' && !done.has(run.id)) {
        done.add(run.id);
        acknowledged.runs += 1;
      }
      if (run.evaluated && !evaluated.has(run.id)) {
        evaluated.add(run.id);
        acknowledged.evaluations += 1;
      }
      return false;
    });
    void client.next('job', (job: Job) => {
      if (job.error?.code === 'internal') fault(`${job.title}: internal: ${job.error.message}`);
      if (job.state === 'done' && job.kind === 'import') {
        imported += 1;
        acknowledged.imports += 1;
      }
      return false;
    });
  }

  /** Asks rather than waits for news, which never comes to a window that is gone. */
  async function ended(client: Client, id: Job['id']): Promise<void> {
    for (;;) {
      const job = (await client.call('jobs.list', {})).find((one) => one.id === id);
      if (job?.state === 'done') return;
      if (job?.state !== 'waiting' && job?.state !== 'running') throw new Error(`the job is ${job?.state}`);
      await delay(50);
    }
  }

  /** Long work, one kind after another. */
  async function busy(client: Client, folderRef: (folder: string) => Promise<string>): Promise<void> {
    const runs = await client.call('runs.list', {});
    const halted = runs.find(({ state }) => ['interrupted', 'paused', 'failed'].includes(state));
    const kind = below(6);
    if (kind === 0 && imported === 0 && !isImporting) {
      isImporting = true;
      const id = await client.call('imports.start', { source: (await folderRef(second)) as never });
      await ended(client, id).finally(() => (isImporting = false));
    } else if (kind === 1 && done.size > 0)
      await ended(
        client,
        await client.call('evaluations.start', {
          runId: [...done][below(done.size)],
          split: 'selection',
          measures: [{ id: 'accuracy', params: {} }],
        }),
      );
    else if (kind === 2) {
      const folder = path.join(work.folder, `out-${exportsMade++}`);
      fs.mkdirSync(folder);
      exported.set(folder, false);
      await ended(
        client,
        await client.call('exports.start', { format: 'coco', folder: (await folderRef(folder)) as never }),
      );
      exported.set(folder, true);
      acknowledged.exports += 1;
    } else if (kind === 3 && life % 5 === 0)
      await client.call('sweeps.start', {
        run: { ...config(life, 2), objective: 'box-aware' },
        grid: { lambdaInside: [0], lambdaOutside: [0, 1] },
        repeat: 1,
        measures: [{ id: 'accuracy', params: {} }],
      } as never);
    else if (halted) await client.call('runs.resume', { id: halted.id });
    else await client.call('runs.start', config(life, 3 + below(5)));
  }

  const childrenOf = (pid: number): number[] =>
    fs
      .readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((name) => {
        try {
          return new RegExp(`^PPid:\\s*${pid}$`, 'm').test(fs.readFileSync(`/proc/${name}/status`, 'utf8'));
        } catch {
          return false;
        }
      })
      .map(Number);
  const lives = (pid: number): boolean => {
    try {
      return !/^State:\s*Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false;
    }
  };

  const total = () => kills.host + kills.worker + kills.window;
  while (total() < wanted && performance.now() < until && faults.length < 50) {
    life += 1;
    host = await startHost(work.home, [project]);
    let client = await Client.connect(host);
    listen(client);
    await client.call('app.info', {});
    if (images.length === 0) {
      const page = await client.call('images.page', { offset: 0, limit: LANES });
      for (const { id } of page) {
        const { annotations } = await client.call('images.get', { id });
        images = [...images, { id, acknowledged: annotations, before: null, isOpen: false }];
      }
    } else await verify(client).catch((error: unknown) => fault(`cannot be checked: ${String(error)}`));
    if (faults.length === 0 || life % 10 === 0)
      process.stderr.write(`\rlife ${life}, ${total()} kills, ${faults.length} faults `);

    const listing = async (folder: string | null) =>
      (await client.call('files.browse', { folder: folder as never })).entries;
    const folderRef = async (wantedFolder: string): Promise<string> => {
      const roots = await listing(null);
      const root = roots.find(({ name }) => name.endsWith(path.basename(work.folder)))!;
      return (await listing(root.ref)).find(({ name }) => name === path.basename(wantedFolder))!.ref;
    };
    let isOver = false;
    const lane = async (index: number) => {
      while (!isOver)
        try {
          await edit(client, images[index]);
          if (below(20) === 0) {
            seen = { id: images[index].id, isOpen: true };
            await client.call('projects.seen', { imageId: seen.id });
            seen.isOpen = false;
            acknowledged.seen += 1;
          }
          await delay(below(30));
        } catch (error) {
          noteRefusal(error);
          await delay(20);
          // Another window looks at what is there: an edit on its way may have been kept.
          if (!isOver && images[index].isOpen)
            await client
              .call('images.get', { id: images[index].id })
              .then(({ annotations }) =>
                Object.assign(images[index], { acknowledged: annotations, before: null, isOpen: false }),
              )
              .catch(() => undefined);
        }
    };
    const worker = async () => {
      while (!isOver)
        try {
          await busy(client, folderRef);
          await delay(100);
        } catch (error) {
          noteRefusal(error);
          await delay(100);
        }
    };
    const going = [...Array.from({ length: LANES }, (_, index) => lane(index)), worker()];
    const end = performance.now() + LIFE_MS[0] + below(LIFE_MS[1] - LIFE_MS[0]);
    // In some lives work comes to its end.
    const isCalm = random() < 0.5;
    while (performance.now() < end) {
      await delay(100 + below(900));
      if (!isCalm && random() < 0.4) {
        const children = childrenOf(host.process.pid!);
        if (children.length === 0) continue;
        try {
          process.kill(children[below(children.length)], 'SIGKILL');
          kills.worker += 1;
        } catch {
          // It has ended by itself.
        }
      } else {
        client.kill();
        kills.window += 1;
        client = await Client.connect(host);
        listen(client);
      }
    }
    const children = childrenOf(host.process.pid!);
    await host.kill();
    kills.host += 1;
    isOver = true;
    client.close();
    await Promise.all(going);
    const gone = performance.now() + GONE_WITHIN_MS;
    while (children.some(lives) && performance.now() < gone) await delay(20);
    const orphans = children.filter(lives);
    if (orphans.length > 0) fault(`${orphans.length} processes outlive the host`);
    for (const pid of orphans) process.kill(pid, 'SIGKILL');
  }
  // A last start and an ordinary end: what was acknowledged is there, and nothing half-written.
  life += 1;
  host = await startHost(work.home, [project]);
  const client = await Client.connect(host);
  await verify(client);
  await delay(1000);
  client.close();
  await host.stop();
  const left = fs
    .readdirSync(work.folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.unfinished-export|\.part$|\.restoring$|unfinished[/\\]/.test(file));
  if (left.length > 0) fault(`left behind: ${left.slice(0, 5).join(', ')}`);
  work.remove();
  process.stderr.write('\n');
  console.log(
    `${total()} kills in ${life} lives: ${kills.host} of the host, ${kills.worker} of workers, ${kills.window} of the window`,
  );
  console.log(
    `acknowledged: ${Object.entries(acknowledged)
      .map(([what, count]) => `${count} ${what}`)
      .join(', ')}`,
  );
  const often = [...refusals].sort((a, b) => b[1] - a[1]).slice(0, 8);
  console.log(`refused: ${often.map(([message, times]) => `${times} × ${message}`).join('; ')}`);
  console.log(`${faults.length} faults`);
  for (const line of faults.slice(0, 30)) console.log(`  ${line}`);
  if (faults.length > 0) process.exitCode = 1;
  return { kills, lives: life, acknowledged, faults };
}
