// What a host has acknowledged, by an answer or by an event, and whether it is still there after a kill.

import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import type {
  Annotation,
  EpochMetrics,
  ImageId,
  Job,
  JobId,
  JobKind,
  RunId,
  SweepId,
} from '../../../src-main/contracts/index.ts';
import type { Client } from '../../e2e/app.ts';

/** What is known of a picture that a lane edits. */
export interface EditedImage {
  id: ImageId;
  /** As it was last answered. */
  acknowledged: Annotation[];
  before: Annotation[] | null;
  /** Of an edit that was not answered: it is there or not. */
  isOpen: boolean;
}

/** A set that is imported whole or not at all. */
export interface ImportSet {
  /** Of its folder. */
  name: string;
  images: number;
  boxes: number;
}

export type Ledger = ReturnType<typeof openLedger>;

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
const boxesOf = (annotations: readonly Annotation[]): number =>
  annotations.filter(({ shape }) => shape.kind === 'box').length;

/** @param fault  told of each thing that is lost, half there, or wrong */
export function openLedger(project: string, fault: (what: string) => void) {
  const counts = { edits: 0, epochs: 0, runs: 0, evaluations: 0, imports: 0, exports: 0, seen: 0 };
  const epochs = new Map<RunId, Map<number, EpochMetrics>>();
  const done = new Set<RunId>();
  const cancelled = new Set<RunId>();
  const evaluated = new Set<RunId>();
  /** Runs of which there was news since they were last compared. */
  const touched = new Set<RunId>();
  const measured = new Map<SweepId, number>();
  const exported = new Map<string, boolean>();
  const running = new Map<JobId, JobKind>();
  const images: EditedImage[] = [];
  const ledger = {
    counts,
    images,
    done,
    exported,
    running,
    /** Pictures of the project, and boxes but those of edited pictures, as far as they are acknowledged. */
    whole: { images: 0, boxes: 0 },
    /** An import whose end is not known. */
    open: null as ImportSet | null,
    seen: null as { id: ImageId; isOpen: boolean } | null,

    async begin(client: Client, lanes: number): Promise<void> {
      for (const { id } of await client.call('images.page', { offset: 0, limit: lanes })) {
        const { annotations } = await client.call('images.get', { id });
        images.push({ id, acknowledged: annotations, before: null, isOpen: false });
      }
      for (const { id, state } of await client.call('runs.list', {})) if (state === 'done') done.add(id);
      const { counts: all } = (await client.call('projects.current', {}))!;
      const edited = images.reduce((sum, { acknowledged }) => sum + boxesOf(acknowledged), 0);
      ledger.whole = { images: all.images, boxes: all.boxes - edited };
    },

    /** Writes down what a window is told. */
    async listen(client: Client): Promise<void> {
      void client.next('epoch', ({ runId, metrics }) => {
        const told = epochs.get(runId) ?? new Map<number, EpochMetrics>();
        epochs.set(runId, told);
        for (const epoch of told.keys()) if (epoch > metrics.epoch) told.delete(epoch);
        told.set(metrics.epoch, metrics);
        touched.add(runId);
        counts.epochs += 1;
        return false;
      });
      void client.next('run', (run) => {
        if (run.state === 'done' && !done.has(run.id)) {
          done.add(run.id);
          counts.runs += 1;
        }
        if (run.state === 'cancelled') cancelled.add(run.id);
        if (run.evaluated && !evaluated.has(run.id)) {
          evaluated.add(run.id);
          counts.evaluations += 1;
        }
        touched.add(run.id);
        return false;
      });
      void client.next('job', (job: Job) => {
        if (job.error?.code === 'internal') fault(`${job.title}: internal: ${job.error.message}`);
        if (job.state === 'running') running.set(job.id, job.kind);
        else running.delete(job.id);
        if (job.state === 'done' && job.kind === 'import' && job.title.endsWith(ledger.open?.name ?? '?'))
          ledger.tookImport();
        return false;
      });
      for (const { id, kind, state } of await client.call('jobs.list', {}))
        if (state === 'running') running.set(id, kind);
    },

    tookImport(): void {
      if (!ledger.open) return;
      ledger.whole.images += ledger.open.images;
      ledger.whole.boxes += ledger.open.boxes;
      ledger.open = null;
      counts.imports += 1;
    },

    /** What is there after a restart, held against what was acknowledged. */
    async verify(client: Client, isLast = false): Promise<void> {
      for (const image of images) await verifyEdits(client, image);
      for (const id of isLast ? new Set([...epochs.keys(), ...done]) : touched) await verifyRun(client, id);
      touched.clear();
      await verifySweeps(client);
      await verifyImport(client);
      const { lastImageId } = (await client.call('projects.current', {}))!;
      if (ledger.seen && !ledger.seen.isOpen && lastImageId !== ledger.seen.id)
        fault('the picture that was last seen is forgotten');
      verifyExports();
      verifyDatabase();
    },
  };

  async function verifyEdits(client: Client, image: EditedImage): Promise<void> {
    const { id } = image;
    const found = await client.call('images.get', { id });
    if (!image.isOpen && !same(found.annotations, image.acknowledged))
      fault(`picture ${id} has ${found.annotations.length} shapes, ${image.acknowledged.length} were told`);
    // Undo leads back to what was there before, and redo to what is there now.
    if (!image.isOpen && image.before) {
      const undone = await client.call('annotations.undo', { imageId: id });
      if (!same(undone?.annotations, image.before)) fault(`undo of picture ${id} leads elsewhere`);
      const redone = await client.call('annotations.redo', { imageId: id });
      if (!same(redone?.annotations, image.acknowledged)) fault(`redo of picture ${id} leads elsewhere`);
    }
    Object.assign(image, { acknowledged: found.annotations, before: null, isOpen: false });
  }

  async function verifyRun(client: Client, id: RunId): Promise<void> {
    const kept = await client.call('runs.metrics', { id });
    for (const metrics of epochs.get(id)?.values() ?? [])
      if (!kept.some((one) => same(one, metrics))) fault(`epoch ${metrics.epoch} of run ${id} is lost`);
    if (kept.some(({ epoch }, index) => epoch !== index + 1)) fault(`the log of run ${id} has a hole`);
    const { state, evaluated: figures } = await client.call('runs.get', { id });
    if (done.has(id) && state !== 'done') fault(`run ${id} was done and is ${state}`);
    if (cancelled.has(id) && state !== 'cancelled') fault(`run ${id} was cancelled and is ${state}`);
    if (evaluated.has(id) && !figures) fault(`the evaluation of run ${id} is lost`);
  }

  async function verifySweeps(client: Client): Promise<void> {
    for (const sweep of await client.call('sweeps.list', {})) {
      const before = measured.get(sweep.id) ?? 0;
      if (sweep.measured < before)
        fault(`sweep ${sweep.id} had ${before} measured runs and has ${sweep.measured}`);
      measured.set(sweep.id, sweep.measured);
    }
  }

  async function verifyImport(client: Client): Promise<void> {
    const { counts: all } = (await client.call('projects.current', {}))!;
    const { open } = ledger;
    if (open && all.images === ledger.whole.images + open.images) ledger.tookImport();
    ledger.open = null;
    if (all.images !== ledger.whole.images)
      fault(`${all.images} pictures, ${ledger.whole.images} were told: half an import, or a lost one`);
    const edited = images.reduce((sum, { acknowledged }) => sum + boxesOf(acknowledged), 0);
    if (all.boxes - edited !== ledger.whole.boxes)
      fault(`${all.boxes - edited} imported boxes, ${ledger.whole.boxes} were told`);
    ledger.whole = { images: all.images, boxes: all.boxes - edited };
  }

  function verifyExports(): void {
    for (const [folder, isDone] of exported) {
      const isThere = fs.existsSync(folder) && fs.readdirSync(folder).length > 0;
      if (isDone && !isThere) fault('an export that was done is lost');
      if (isThere && !fs.existsSync(path.join(folder, 'annotations')))
        fault(`half an export: ${fs.readdirSync(folder).join(', ')}`);
      fs.rmSync(folder, { recursive: true, force: true });
    }
    exported.clear();
  }

  function verifyDatabase(): void {
    const db = new Database(path.join(project, 'project.sqlite'), { readonly: true });
    const integrity = db.pragma('integrity_check', { simple: true });
    const foreign = db.pragma('foreign_key_check') as unknown[];
    db.close();
    if (integrity !== 'ok') fault(`integrity: ${String(integrity)}`);
    if (foreign.length > 0) fault(`${foreign.length} rows refer to nothing`);
  }

  return ledger;
}
