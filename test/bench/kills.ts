// Random kills of the host, of its worker processes and of the window's connection, while pictures are edited, a set is
// imported, runs are trained, swept and evaluated, and annotations are exported: how many acknowledged things were lost.
// Acknowledged is what a call answered or an event told. After each kill of the host the database is checked, no process
// and no half-written file may be left, and every edited picture, its undo, and every epoch are compared.
// Each life of the host is of one kind of work, the one that was struck least so far; pictures are edited in all.
// `npm run bench -- kills [--json] [--kills N] [--seed N] [--minutes M]`

import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { JobKind } from '../../src-main/contracts/index.ts';
import { Client, fovea, makeWorkFolder, startHost, type Host } from '../e2e/app.ts';
import { writeVoc } from '../e2e/images.ts';
import { randomFrom } from '../src-main/host/raw-requests.ts';
import { option } from './fovea.ts';
import { openLedger, type EditedImage } from './kills/ledger.ts';
import { childrenOf, isAlive } from './kills/processes.ts';
import { kinds, openWork, over, type Kind } from './kills/work.ts';

/** Of a worker or the window, before the host's own. */
const KILLS_BEFORE = [0, 6] as const;
/** Until work of the wanted kind goes on; and from then to the kill. */
const PATIENCE_MS = 10_000;
const BETWEEN_MS = [0, 500] as const;
const LANES = 3;
const GONE_WITHIN_MS = 10_000;
/** A life that does not come to its end has a hang. */
const LIFE_LIMIT_MS = 180_000;

type Target = 'host' | 'worker' | 'window';

export async function bench(args: string[]): Promise<unknown> {
  const wanted = Number(option(args, 'kills', '1000'));
  const until = performance.now() + 60_000 * Number(option(args, 'minutes', '600'));
  const random = randomFrom(Number(option(args, 'seed', '1')));
  const below = (count: number) => Math.floor(random() * count);
  const between = ([least, most]: readonly [number, number]) => least + below(most - least);
  const work = makeWorkFolder();
  const project = path.join(work.folder, 'project');
  const source = path.join(work.folder, 'pictures');
  await writeVoc(source, 16);
  fovea(work.home, 'project', 'create', project);
  fovea(work.home, 'import', project, source);
  fovea(work.home, 'split', project);
  const first = ['--model', 'resnet8', '--size', '16', '--epochs', '1', '--batch', '8'];
  fovea(work.home, 'train', project, ...first);

  const faults: string[] = [];
  let life = 0;
  const fault = (what: string) => {
    faults.push(`life ${life}: ${what}`);
    console.error(faults.at(-1));
  };
  const ledger = openLedger(project, fault);
  const begin = openWork(work.folder, ledger, below);
  /** By the work that went on at the kill; that of nothing but edits is 'edit'. */
  const kills = Object.fromEntries(kinds.map((kind) => [kind, { host: 0, worker: 0, window: 0 }])) as Record<
    Kind,
    Record<Target, number>
  >;
  const total = () =>
    Object.values(kills).reduce((sum, { host, worker, window }) => sum + host + worker + window, 0);
  const struck = (kind: Kind) => Object.values(kills[kind]).reduce((sum, count) => sum + count, 0);
  const note = (target: Target) => {
    const running = kinds.filter((kind) => [...ledger.running.values()].includes(kind as JobKind));
    // A sweep trains and evaluates as well: it counts as one.
    const kind = running.includes('sweep') ? 'sweep' : (running.at(-1) ?? 'edit');
    kills[kind][target] += 1;
  };
  const refusals = new Map<string, number>();
  /** What an error of a call says when nothing is wrong but that somebody was killed. */
  const noteRefusal = (error: unknown): void => {
    const { message = '', code } = error as { message?: string; code?: string };
    if (code === 'internal') fault(`internal: ${message}`);
    refusals.set(message, (refusals.get(message) ?? 0) + 1);
  };

  async function edit(client: Client, image: EditedImage): Promise<void> {
    const [one] = image.acknowledged;
    const box = { x: below(60), y: below(60), width: 5 + below(20), height: 5 + below(20) };
    const shape = { kind: 'box' as const, box };
    const what = below(4);
    const change =
      what <= 1 && one
        ? { do: 'delete' as const, id: one.id }
        : what === 2 && one
          ? { do: 'change' as const, id: one.id, shape }
          : { do: 'add' as const, shape, classId: null };
    image.isOpen = true;
    const { annotations } = await client.call('annotations.edit', { imageId: image.id, edits: [change] });
    Object.assign(image, { before: image.acknowledged, acknowledged: annotations, isOpen: false });
    ledger.counts.edits += 1;
  }

  while (total() < wanted && performance.now() < until && faults.length < 50) {
    life += 1;
    const kind = kinds.toSorted((a, b) => struck(a) - struck(b))[0];
    const host: Host = await startHost(work.home, [project]);
    const limit = setTimeout(() => {
      fault(`a life of ${kind} did not end`);
      void host.kill();
    }, LIFE_LIMIT_MS);
    let client = await Client.connect(host);
    ledger.running.clear();
    if (life === 1) await ledger.begin(client, LANES);
    else await ledger.verify(client).catch((error: unknown) => fault(`cannot be checked: ${String(error)}`));
    await ledger.listen(client);
    process.stderr.write(
      `\r${total()} kills (${kinds.map((one) => `${one} ${struck(one)}`).join(', ')}), ${faults.length} faults `,
    );

    let isOver = false;
    const lane = async (index: number) => {
      const image = ledger.images[index];
      while (!isOver)
        try {
          await edit(client, image);
          if (below(20) === 0) {
            ledger.seen = { id: image.id, isOpen: true };
            await client.call('projects.seen', { imageId: image.id });
            ledger.seen.isOpen = false;
            ledger.counts.seen += 1;
          }
          await delay(below(30));
        } catch (error) {
          noteRefusal(error);
          await delay(20);
          // Another window looks at what is there: an edit on its way may have been kept.
          if (!isOver && image.isOpen)
            await client.call('images.get', { id: image.id }).then(
              ({ annotations }) =>
                Object.assign(image, { acknowledged: annotations, before: null, isOpen: false }),
              () => undefined,
            );
        }
    };
    // In some lives work comes to its end, unless that takes too long.
    const isCalm = random() < 0.3;
    const busy = async () => {
      while (!isOver)
        try {
          const job = await begin(client, kind);
          if (job !== null) await over(client, job);
          await delay(50);
        } catch (error) {
          noteRefusal(error);
          await delay(100);
        }
    };
    const going = [...ledger.images.map((_, index) => lane(index)), busy()];
    const strike = async (): Promise<void> => {
      const what = random();
      if (what < 0.5) {
        const children = childrenOf(host.process.pid!);
        if (children.length === 0) return;
        note('worker');
        try {
          process.kill(children[below(children.length)], 'SIGKILL');
        } catch {
          // It has ended by itself: the kill strikes nothing.
        }
      } else if (what < 0.75) {
        note('window');
        client.kill();
        client = await Client.connect(host);
        await ledger.listen(client);
      }
    };
    const untilStruck = async () => {
      const patience = performance.now() + PATIENCE_MS;
      const goesOn = () => kind === 'edit' || [...ledger.running.values()].includes(kind as JobKind);
      while (!goesOn() && performance.now() < patience && host.process.exitCode === null) await delay(5);
      await delay(between(BETWEEN_MS));
    };
    if (isCalm) await delay(2000);
    else
      for (let left = between(KILLS_BEFORE); left > 0; left--) {
        await untilStruck();
        await strike().catch(noteRefusal);
      }
    await untilStruck();
    const children = childrenOf(host.process.pid!);
    note('host');
    await host.kill();
    clearTimeout(limit);
    isOver = true;
    client.close();
    await Promise.all(going);
    const gone = performance.now() + GONE_WITHIN_MS;
    while (children.some(isAlive) && performance.now() < gone) await delay(20);
    const orphans = children.filter(isAlive);
    if (orphans.length > 0) fault(`${orphans.length} processes outlive the host`);
    for (const pid of orphans) process.kill(pid, 'SIGKILL');
  }
  // A last start and an ordinary end: what was acknowledged is there, and nothing half-written.
  life += 1;
  const host = await startHost(work.home, [project]);
  const client = await Client.connect(host);
  await ledger.verify(client, true);
  await delay(1000);
  client.close();
  await host.stop();
  const left = fs
    .readdirSync(work.folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.unfinished-export|\.part$|\.new$|\.restoring$|unfinished[/\\]/.test(file));
  if (left.length > 0) fault(`left behind: ${left.slice(0, 5).join(', ')}`);
  work.remove();
  process.stderr.write('\n');
  console.log(`${total()} kills in ${life} lives, by what went on:`);
  console.table(Object.fromEntries(kinds.map((kind) => [kind, { ...kills[kind], all: struck(kind) }])));
  console.log(
    `acknowledged: ${Object.entries(ledger.counts)
      .map(([what, count]) => `${count} ${what}`)
      .join(', ')}`,
  );
  const often = [...refusals].sort((a, b) => b[1] - a[1]).slice(0, 8);
  console.log(`refused: ${often.map(([message, times]) => `${times} × ${message}`).join('; ')}`);
  console.log(`${faults.length} faults`);
  for (const line of faults.slice(0, 30)) console.log(`  ${line}`);
  if (faults.length > 0) process.exitCode = 1;
  return { kills, lives: life, acknowledged: ledger.counts, faults };
}
