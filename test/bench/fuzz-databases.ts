// Damaged databases: a project with pictures, shapes, runs, an evaluation, a sweep and a finding is copied, damaged in
// one of many ways, opened, read through and written to. Nothing may end the process, hang for more than two seconds or
// be told as a bug; what is refused is named, and the next project can be opened.
// `npm run bench -- fuzz-databases [--json] [--count N] [--seed N]`

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import type { Input, Method } from '../../src-main/contracts/api.ts';
import type { ImageId, RunId, SweepId } from '../../src-main/contracts/ids.ts';
import { runConfigSchema } from '../../src-main/contracts/runs.ts';
import { localCore } from '../../src-main/host/local-core.ts';
import { openProjectStore } from '../../src-main/storage/project-store.ts';
import { randomFrom } from '../src-main/host/raw-requests.ts';
import { option } from './fovea.ts';

const HANG_MS = 2000;

function makeProject(folder: string): { imageId: ImageId } {
  fs.mkdirSync(folder);
  const store = openProjectStore(folder);
  store.settings.set('name', 'Fuzzed');
  const source = store.sources.add('/nowhere', 'folders');
  const classId = store.classes.add('cat');
  const ids = Array.from({ length: 60 }, (_, index) =>
    store.images.add({
      sourceId: source,
      relativePath: `${index}.png`,
      widthPx: 64,
      heightPx: 48,
      sizeBytes: 100,
      contentHash: index.toString(16).padStart(64, '0'),

      modifiedMs: 1,
      fileFormat: 'png',
      classId,
      classOrigin: 'given',
      split: index % 2 ? 'train' : 'test',
    }),
  );
  for (const imageId of ids) {
    const box = { x: 1, y: 1, width: 5, height: 5 };
    const fresh = {
      imageId,
      classId,
      shape: { kind: 'box' as const, box },
      origin: 'person' as const,
      hidden: false,
      locked: false,
      isCrowd: false,
      attributes: {},
    };
    const id = store.annotations.add(fresh);
    store.undo.add(imageId, [{ of: 'annotation', before: null, after: { id, ...fresh } }]);
  }
  const config = runConfigSchema.parse({
    objective: 'standard',
    model: 'resnet8',
    sizePx: 32,
    epochs: 3,
    batch: 8,
    seed: 1,
  });
  const trainedOn = {
    classes: [{ classId, name: 'cat', train: 30, withRegion: 30, selection: 0, test: 30 }],
    train: 30,
    withRegion: 30,
    selection: 0,
    test: 30,
    unclassed: 0,
    snapshotId: null,
    warnings: [],
  };
  const snapshot = store.snapshots.save({
    classes: [{ id: classId, name: 'cat' }],
    images: ids.map((id) => ({ id, contentHash: 'a', classId, split: 'train' as const, annotations: [] })),
  });
  const runs = [1, 2].map(() => store.runs.add(config, trainedOn, snapshot, '0.1.0'));
  for (const run of runs) {
    for (let epoch = 1; epoch <= 3; epoch++)
      store.epochMetrics.add(run, {
        epoch,
        loss: { total: 1 },
        trainAccuracy: 0.5,
        accuracy: 0.5,
        energyInBox: 0.3,
        learningRate: 0.1,
        seconds: 1,
        picturesPerSecond: 10,
      });
    store.runs.setProgress(run, { epoch: 2, accuracy: 0.5 });
    store.runs.setState(run, 'done');
    store.evaluations.save(
      {
        runId: run,
        split: 'test',
        images: 30,
        withRegion: 30,
        epoch: 2,
        confusion: [[30]],
        classes: [{ classId, name: 'cat' }],
      },
      ids.slice(0, 30).map((imageId) => ({
        imageId,
        classId,
        predictedId: classId,
        trueScore: 0.9,
        predictedScore: 0.9,
        areaShare: null,
      })),
      [
        {
          measure: 'accuracy',
          params: {},
          value: 1,
          low: null,
          high: null,
          pictures: 30,
          skipped: 0,
          ofImages: new Array<number>(30).fill(1),
        },
      ],
    );
  }
  store.comparisons.add({
    runA: runs[0],
    runB: runs[1],
    imageId: ids[0],
    method: 'grad-cam',
    params: {},
    classId,
    versusId: null,
    note: 'the ear',
    createdAt: 1,
    energyA: 0.5,
    energyB: null,
  });
  store.close();
  return { imageId: ids[0] };
}

type Numbers = () => number;
const below = (next: Numbers, count: number): number => Math.floor(next() * count);
const oneOf = <T>(next: Numbers, of: readonly T[]): T => of[below(next, of.length)];

function patch(file: string, change: (content: Buffer) => Buffer): void {
  fs.writeFileSync(file, change(fs.readFileSync(file)));
}

/** Ways in which disks, programs and people damage a database. */
const damages: Record<string, (file: string, next: Numbers) => void> = {
  bytes: (file, next) =>
    patch(file, (content) => {
      for (let count = 1 + below(next, 64); count > 0; count--)
        content[below(next, content.length)] = below(next, 256);
      return content;
    }),
  header: (file, next) =>
    patch(file, (content) => {
      for (let count = 1 + below(next, 4); count > 0; count--) content[below(next, 100)] = below(next, 256);
      return content;
    }),
  page: (file, next) =>
    patch(file, (content) => {
      const at = below(next, content.length / 4096) * 4096;
      return content.fill(oneOf(next, [0, 255, 0x41]), at, at + 4096);
    }),
  swapped: (file, next) =>
    patch(file, (content) => {
      const [a, b] = [0, 1].map(() => (1 + below(next, content.length / 4096 - 1)) * 4096);
      const page = Buffer.from(content.subarray(a, a + 4096));
      content.copyWithin(a, b, b + 4096);
      page.copy(content, b);
      return content;
    }),
  cut: (file, next) => patch(file, (content) => content.subarray(0, below(next, content.length))),
  log: (file, next) => {
    const garbage = Buffer.from(Array.from({ length: below(next, 9000) }, () => below(next, 256)));
    fs.writeFileSync(`${file}-wal`, garbage);
    if (next() < 0.3) fs.truncateSync(file);
  },
  foreign: (file, next) => {
    fs.rmSync(file);
    const db = new Database(file);
    db.exec(
      oneOf(next, ['CREATE TABLE image (a)', 'CREATE TABLE setting (key, value)', 'CREATE TABLE x (y)']),
    );
    db.pragma(`user_version = ${oneOf(next, [0, 1, 5, 6, 7, -1, 2 ** 31 - 1])}`);
    db.close();
  },
  version: (file, next) => changed(file, (db) => db.pragma(`user_version = ${below(next, 12) - 3}`)),
  table: (file, next) =>
    changed(file, (db) => {
      const tables = db
        .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`)
        .pluck()
        .all() as string[];
      const table = oneOf(
        next,
        tables.filter((name) => !name.startsWith('sqlite_')),
      );
      db.exec(next() < 0.5 ? `DROP TABLE "${table}"` : `ALTER TABLE "${table}" RENAME TO renamed`);
    }),
  value: (file, next) =>
    changed(file, (db) => {
      const tables = ['setting', 'run', 'annotation', 'epoch_metric', 'evaluation', 'evaluation_image'];
      const table = oneOf(next, [
        ...tables,
        'comparison',
        'undo_step',
        'image',
        'class',
        'source',
        'snapshot',
      ]);
      const columns = db.pragma(`table_info(${table})`) as { name: string; type: string; pk: number }[];
      const { name, type } = oneOf(
        next,
        columns.filter(({ pk }) => pk === 0),
      );
      const texts = [
        '',
        '{',
        'null',
        '[]',
        '5',
        '"x"',
        '{"kind":"box"}',
        '{"a":{"b":1}}',
        '../../x',
        '\u0000',
      ];
      const value =
        type === 'TEXT'
          ? oneOf(next, texts)
          : type === 'BLOB'
            ? Buffer.from('no')
            : oneOf(next, [-1, 0, 2 ** 40]);
      try {
        db.prepare(`UPDATE ${table} SET ${name} = ?`).run(value);
      } catch {
        db.prepare(`UPDATE ${table} SET ${name} = ? WHERE rowid = (SELECT min(rowid) FROM ${table})`).run(
          value,
        );
      }
    }),
};

function changed(file: string, change: (db: Database.Database) => unknown): void {
  const db = new Database(file);
  try {
    db.pragma('foreign_keys = OFF');
    db.pragma('ignore_check_constraints = ON');
    change(db);
  } catch {
    // This damage is none here, such as a value that the column does not take.
  } finally {
    db.close();
  }
}

export async function bench(args: string[]): Promise<unknown> {
  const count = Number(option(args, 'count', '500'));
  const next = randomFrom(Number(option(args, 'seed', '1')));
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'fovea-fuzz-'));
  const whole = path.join(work, 'whole');
  const { imageId } = makeProject(whole);
  const core = localCore({ dataFolder: path.join(work, 'home'), emit: () => undefined });
  const outcomes: Record<string, number> = {};
  const bad: string[] = [];
  let calls = 0;
  let slowestMs = 0;
  let trial = '';
  const died = (error: unknown) => bad.push(`${trial}: would have ended the process: ${String(error)}`);
  process.on('uncaughtException', died);
  process.on('unhandledRejection', died);

  const ask = async <M extends Method>(method: M, input: Input<M>): Promise<string> => {
    const begun = performance.now();
    const answer = await core.handle(method, input);
    const took = performance.now() - begun;
    calls += 1;
    slowestMs = Math.max(slowestMs, took);
    if (took > HANG_MS) bad.push(`${trial}: ${method} took ${Math.round(took)} ms`);
    if (answer.ok) return 'ok';
    if (answer.error.code === 'internal') bad.push(`${trial}: ${method}: internal: ${answer.error.message}`);
    return answer.error.code;
  };

  /** Says that the places outside of the project have been seen. */
  const open = async (folder: string): Promise<string> => {
    const asked = { folder: core.refer(folder) };
    const first = await core.handle('projects.open', asked);
    const confirm = first.ok ? undefined : first.error.detail['confirm'];
    return ask('projects.open', { ...asked, ...(typeof confirm === 'string' && { confirm }) });
  };

  const kinds = Object.keys(damages);
  const complain = console.error;
  console.error = () => undefined;
  try {
    for (let index = 0; index < count; index++) {
      const kind = kinds[index % kinds.length];
      trial = `${index} (${kind})`;
      const folder = path.join(work, `damaged-${index}`);
      fs.mkdirSync(folder);
      fs.copyFileSync(path.join(whole, 'project.sqlite'), path.join(folder, 'project.sqlite'));
      damages[kind](path.join(folder, 'project.sqlite'), next);
      const opened = await open(folder);
      outcomes[`${kind}: ${opened}`] = (outcomes[`${kind}: ${opened}`] ?? 0) + 1;
      if (opened === 'ok') {
        const [a, b] = [1 as RunId, 2 as RunId];
        await ask('projects.current', {});
        await ask('images.page', { offset: 0, limit: 100, sort: 'name' });
        await ask('images.get', { id: imageId });
        await ask('runs.list', {});
        await ask('runs.metrics', { id: a });
        await ask('runs.pinned', { id: a });
        await ask('runs.preview', {});
        await ask('evaluations.summary', { runId: a, split: 'test' });
        await ask('evaluations.images', { runId: a, split: 'test' });
        await ask('comparisons.list', {});
        await ask('comparisons.rows', { runA: a, runB: b, split: 'test' });
        await ask('sweeps.list', {});
        await ask('sweeps.get', { id: 1 as SweepId });
        await ask('annotations.undo', { imageId });
        await ask('annotations.redo', { imageId });
        const shape = { kind: 'box' as const, box: { x: 3, y: 3, width: 9, height: 9 } };
        await ask('annotations.edit', { imageId, edits: [{ do: 'add', shape, classId: null }] });
        await ask('classes.create', { name: 'new' });
        await ask('splits.make', { seed: 1 });
        await ask('projects.recent', {});
        await ask('projects.close', {});
      }
      if ((await core.call('projects.current', {}).catch(() => 'stuck')) !== null)
        bad.push(`${trial}: the project stays open`);
      fs.rmSync(folder, { recursive: true, force: true });
    }
    trial = 'after all';
    if ((await open(whole)) !== 'ok') bad.push('the whole project cannot be opened after all');
  } finally {
    console.error = complain;
    process.off('uncaughtException', died);
    process.off('unhandledRejection', died);
    await core.close();
    fs.rmSync(work, { recursive: true, force: true });
  }
  for (const [outcome, times] of Object.entries(outcomes).sort())
    console.log(`${String(times).padStart(5)}  ${outcome}`);
  console.log(
    `${count} databases, ${calls} calls, slowest ${Math.round(slowestMs)} ms, ${bad.length} faults`,
  );
  for (const line of bad.slice(0, 40)) console.log(`  ${line}`);
  if (bad.length > 0) process.exitCode = 1;
  return { databases: count, calls, slowestMs, faults: bad.length, outcomes };
}
