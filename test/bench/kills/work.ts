// The kinds of long work during which a kill strikes, each as short as it can be, and each begun anew or gone on with.

import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { FileRef, JobId, RunId } from '../../../src-main/contracts/index.ts';
import { encodePng } from '../../../src-main/imaging/png.ts';
import type { Client } from '../../e2e/app.ts';
import type { ImportSet, Ledger } from './ledger.ts';

export const kinds = ['edit', 'import', 'train', 'sweep', 'evaluate', 'export'] as const;
export type Kind = (typeof kinds)[number];

const SET = { images: 12, boxesEach: 40, sidePx: 24 };

const config = (seed: number, epochs: number) => ({
  objective: 'standard',
  model: 'resnet8',
  sizePx: 16,
  epochs,
  batch: 8,
  seed,
  device: 'cpu' as const,
  settings: { convolutions: 'rules' as const },
});

/** Begins work and says which job it is; null where it is over at once, or there is nothing to be begun. */
export type Begin = (client: Client, kind: Kind) => Promise<JobId | null>;

/** @param folder  for sets to import and for exports; one that the host lists */
export function openWork(folder: string, ledger: Ledger, below: (count: number) => number): Begin {
  let made = 0;
  let exports = 0;
  /** Made, and not acknowledged as imported. */
  let next: ImportSet | null = null;

  const refOf = async (client: Client, wanted: string): Promise<FileRef> => {
    const list = async (ref: FileRef | null) => (await client.call('files.browse', { folder: ref })).entries;
    const root = (await list(null)).find(({ name }) => name.endsWith(path.basename(folder)))!;
    return (await list(root.ref)).find(({ name }) => name === path.basename(wanted))!.ref;
  };
  const jobOfRun = async (client: Client, id: RunId): Promise<JobId | null> =>
    (await client.call('jobs.list', {})).find(({ runId, state }) => runId === id && isActive(state))?.id ??
    null;

  async function importSet(client: Client): Promise<JobId> {
    // The end of the one before is known by now: verified after a restart, or told.
    if (!next || ledger.open === null) next = writeSet(folder, made++);
    ledger.open = next;
    return client.call('imports.start', { source: await refOf(client, next.name) });
  }
  async function train(client: Client): Promise<JobId | null> {
    const runs = await client.call('runs.list', {});
    const halted = runs.find(({ state }) => ['interrupted', 'paused', 'failed'].includes(state));
    if (halted && below(5) === 0 && halted.state !== 'failed') {
      await client.call('runs.cancel', { id: halted.id });
      return null;
    }
    const { id } = halted
      ? await client.call('runs.resume', { id: halted.id })
      : await client.call('runs.start', config(made + runs.length, 2 + below(40)));
    return jobOfRun(client, id);
  }
  async function sweep(client: Client): Promise<JobId | null> {
    const stopped = (await client.call('sweeps.list', {})).find(({ state }) => state === 'stopped');
    const { jobId } = stopped
      ? await client.call('sweeps.resume', { id: stopped.id })
      : await client.call('sweeps.start', {
          run: { ...config(made, 2), objective: 'box-aware' },
          objectives: ['standard', 'blackout', 'box-aware'],
          vary: [{ name: 'lambdaOutside', values: [0, 1] }],
          repeat: 1,
          measures: [{ id: 'accuracy', params: {} }],
        } as never);
    return jobId;
  }
  async function evaluate(client: Client): Promise<JobId | null> {
    if (ledger.done.size === 0) return train(client);
    const runs = [...ledger.done];
    return client.call('evaluations.start', {
      runId: runs[below(runs.length)],
      split: below(2) === 0 ? 'selection' : 'train',
      measures: [
        { id: 'accuracy', params: {} },
        { id: 'energy-in-box', params: {} },
      ],
    } as never);
  }
  async function exportAll(client: Client): Promise<JobId> {
    const out = path.join(folder, `out-${exports++}`);
    fs.mkdirSync(out);
    ledger.exported.set(out, false);
    const id = await client.call('exports.start', { format: 'coco', folder: await refOf(client, out) });
    void over(client, id).then(
      () => {
        ledger.exported.set(out, true);
        ledger.counts.exports += 1;
      },
      () => undefined, // killed, or the window that waited is gone
    );
    return id;
  }
  const begin: Record<Kind, (client: Client) => Promise<JobId | null>> = {
    edit: () => Promise.resolve(null),
    import: importSet,
    train,
    sweep,
    evaluate,
    export: exportAll,
  };
  return (client, kind) => begin[kind](client);
}

const isActive = (state: string): boolean => state === 'waiting' || state === 'running';

/** Asks rather than waits for news, which never comes to a window that is gone. @throws if it did not end well */
export async function over(client: Client, id: JobId): Promise<void> {
  for (;;) {
    const job = (await client.call('jobs.list', {})).find((one) => one.id === id);
    if (job?.state === 'done') return;
    if (!job || !isActive(job.state)) throw new Error(job?.error?.message ?? `the job is ${job?.state}`);
    await delay(50);
  }
}

/** A COCO set of small pictures of one grey each: no two of all sets are the same. */
function writeSet(folder: string, number: number): ImportSet {
  const { images, boxesEach, sidePx } = SET;
  const name = `set-${String(number).padStart(5, '0')}`;
  const place = path.join(folder, name);
  fs.mkdirSync(path.join(place, 'annotations'), { recursive: true });
  fs.mkdirSync(path.join(place, 'images'));
  const list = Array.from({ length: images }, (_, index) => {
    const file = `s${number}-${index}.png`;
    const pixels = new Uint8Array(sidePx * sidePx * 3).map(
      (_, at) => (at * (number + 3) + index * 17 + ((number * at) >> 5)) & 255,
    );
    fs.writeFileSync(path.join(place, 'images', file), encodePng(pixels, sidePx, sidePx));
    return { id: index + 1, file_name: file, width: sidePx, height: sidePx };
  });
  const annotations = list.flatMap(({ id }) =>
    Array.from({ length: boxesEach }, (_, at) => ({
      id: id * 1000 + at,
      image_id: id,
      category_id: 1 + (id % 3),
      bbox: [at % 12, Math.floor(at / 12), 5 + (at % 7), 6],
      area: 30,
      iscrowd: 0,
    })),
  );
  const categories = ['disc', 'square', 'triangle'].map((name, index) => ({ id: index + 1, name }));
  fs.writeFileSync(
    path.join(place, 'annotations', 'instances_train.json'),
    JSON.stringify({ images: list, annotations, categories }),
  );
  return { name, images, boxes: images * boxesEach };
}
