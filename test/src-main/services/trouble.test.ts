// What others do to a project while it is open, and what is wrong with one that is opened: told, and nothing is lost.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ProjectState } from '../../../src-main/contracts/projects.ts';
import type { TrainedOn } from '../../../src-main/contracts/runs.ts';
import { openJobs } from '../../../src-main/core/jobs.ts';
import { openNewsWriter } from '../../../src-main/core/until-written.ts';
import { train } from '../../../src-main/services/run-training.ts';
import { storedRun } from '../../../src-main/services/run-records.ts';
import { newImage } from '../storage/scratch.ts';
import { scratchFolder, startCore, type TestCore } from './scratch-core.ts';

const scriptedWorker = fileURLToPath(new URL('scripted-worker.mjs', import.meta.url));

async function open(options: Parameters<typeof startCore>[1] = {}) {
  const folder = scratchFolder();
  const core = startCore(path.join(folder, 'home'), options);
  const state = await core.call('projects.create', { name: 'Animals' });
  const { store } = core.context.project();
  const imageId = store.images.add(newImage(store.sources.add(folder, 'folders'), 'one.png'));
  return {
    folder,
    core,
    state,
    store,
    imageId,
    file: path.join(core.context.project().folder, 'project.sqlite'),
  };
}

const trainedOn: TrainedOn = {
  classes: [],
  train: 0,
  withRegion: 0,
  selection: 0,
  test: 0,
  unclassed: 0,
  snapshotId: null,
  warnings: [],
};
/** A run of the worker above. */
function startRun(core: TestCore, objective = 'standard') {
  const project = core.context.project();
  const { store } = project;
  const config = {
    objective,
    params: {},
    model: 'resnet8',
    sizePx: 16,
    epochs: 5,
    batch: 4,
    seed: 1,
    device: 'cpu',
    settings: {},
  } as never;
  const snapshot = store.snapshots.save({ classes: [], images: [] });
  return store.runs.add(config, trainedOn, snapshot, '0.1.0');
}
const trainNow = async (core: TestCore, id: ReturnType<typeof startRun>) => {
  const project = core.context.project();
  train(core.context, project, storedRun(project, id), true);
  return core.jobEnded(core.context.jobs.active().find((job) => job.runId === id)!.id);
};

/** As a backup program does. */
function hold(file: string, forMs: number): Promise<void> {
  const other = new Database(file);
  other.exec('BEGIN IMMEDIATE');
  return new Promise((resolve) =>
    setTimeout(() => {
      other.exec('COMMIT');
      other.close();
      resolve();
    }, forMs),
  );
}
const shape = { kind: 'box' as const, box: { x: 1, y: 1, width: 5, height: 5 } };

describe('another program that holds the database', () => {
  it('delays an edit, which is then kept once, while looking goes on', async () => {
    const { core, file, imageId } = await open();
    const free = hold(file, 400);
    let isEdited = false;
    const edit = core
      .call('annotations.edit', { imageId, edits: [{ do: 'add', shape, classId: null }] })
      .finally(() => (isEdited = true));
    expect(await core.call('images.page', { offset: 0, limit: 5 })).toHaveLength(1);
    expect(isEdited).toBe(false);
    await free;
    expect((await edit)?.annotations).toHaveLength(1);
    expect((await core.call('images.get', { id: imageId })).annotations).toHaveLength(1);
  });

  it('delays the news of a training, of which none is lost', async () => {
    const { core, file } = await open({ worker: { node: process.execPath, entry: scriptedWorker } });
    const id = startRun(core);
    const first = () => core.heard.some(({ event }) => event === 'epoch');
    const ended = trainNow(core, id);
    while (!first()) await new Promise((resolve) => setTimeout(resolve, 1));
    await hold(file, 700);
    expect((await ended).error).toBeNull();
    expect((await core.call('runs.metrics', { id })).map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5]);
    expect(await core.call('runs.get', { id })).toMatchObject({ state: 'done', epochsDone: 5 });
  });
});

describe('a full disk', () => {
  it('pauses the training that it stops, with the reason', async () => {
    vi.stubEnv('FAILS', JSON.stringify({ code: 'unavailable', message: 'the disk is full', detail: {} }));
    onTestFinished(() => void vi.unstubAllEnvs());
    const { core } = await open({ worker: { node: process.execPath, entry: scriptedWorker } });
    const id = startRun(core);
    expect(await trainNow(core, id)).toMatchObject({ state: 'failed', error: { code: 'unavailable' } });
    expect(await core.call('runs.get', { id })).toMatchObject({
      state: 'paused',
      epochsDone: 5,
      error: { message: 'the disk is full' },
    });
    await core.call('runs.resume', { id });
    await core.jobEnded(core.context.jobs.active().find((job) => job.runId === id)!.id);
    expect(await core.call('runs.get', { id })).toMatchObject({ state: 'done', error: null });
    expect(await core.call('runs.metrics', { id })).toHaveLength(5);
  });

  it('keeps news in order until it can be written, and tells why it waits', async () => {
    const full = new Database.SqliteError('database or disk is full', 'SQLITE_FULL');
    const written: number[] = [];
    const reports: (string | null)[] = [];
    let isFull = true;
    const news = openNewsWriter(new AbortController().signal, (error) => {
      reports.push(error?.message ?? null);
      if (reports.length === 3) isFull = false;
    });
    for (const number of [1, 2, 3])
      news.write(() => {
        if (isFull) throw full;
        written.push(number);
      });
    await news.settled();
    expect(written).toEqual([1, 2, 3]);
    expect(reports).toEqual([...Array(3).fill('the disk is full; nothing was written'), null]);
  });

  it('is no reason for work to fail because the list of projects cannot be written', async () => {
    const { core, folder } = await open();
    const list = path.join(folder, 'home', 'recent.json');
    fs.rmSync(list);
    fs.mkdirSync(list);
    const complaint = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    onTestFinished(() => complaint.mockRestore());
    expect(await core.call('projects.recent', {})).toEqual([]);
    expect(complaint).toHaveBeenCalledWith(expect.stringMatching(/list of projects/));
    fs.rmdirSync(list);
  });
});

describe('a project that is opened', () => {
  async function reopened(
    spoil: (db: Database.Database) => void,
  ): Promise<{ core: TestCore; state: ProjectState }> {
    const { core, state, file } = await open();
    startRun(core);
    await core.call('projects.close', {});
    const db = new Database(file);
    db.pragma('ignore_check_constraints = ON');
    spoil(db);
    db.close();
    return { core, state };
  }

  it('with a run of a method that this version does not know shows it by its id', async () => {
    const { core, state } = await reopened((db) =>
      db.exec(
        `UPDATE run SET config = json_set(config, '$.objective', 'mind-reading', '$.model', 'resnet9000')`,
      ),
    );
    await core.call('projects.open', { id: state.id });
    expect((await core.call('projects.recent', {}))[0].lastRun?.title).toBe('mind-reading, resnet9000');
    expect(await core.call('runs.list', {})).toHaveLength(1);
  });

  it('with a row that is no JSON is named and closed again, so that another can be opened', async () => {
    const { core, state } = await reopened((db) => db.exec(`UPDATE run SET config = '{"objective": "stand'`));
    const answer = await core.handle('projects.open', { id: state.id });
    expect(answer).toMatchObject({
      ok: false,
      error: {
        code: 'bad-file',
        message: expect.stringMatching(/^Animals cannot be opened: project\.sqlite is damaged/),
        detail: { file: 'project.sqlite', reason: expect.stringMatching(/no JSON/) },
      },
    });
    expect(await core.call('projects.current', {})).toBeNull();
    await core.call('projects.create', { name: 'Others' });
    // It is not locked either.
    expect(await core.handle('projects.open', { id: state.id })).toMatchObject({
      error: { code: 'bad-file' },
    });
    expect(await core.call('projects.current', {})).toMatchObject({ name: 'Others' });
  });

  it.each([0, 2, -1])('of version %i, which its content is not, is named', async (version) => {
    const { core, state } = await reopened((db) => void db.pragma(`user_version = ${version}`));
    expect(await core.handle('projects.open', { id: state.id })).toMatchObject({
      error: { code: 'bad-file', message: expect.stringMatching(/version/) },
    });
  });

  it('whose file is empty beside its log is refused, and the log stays', async () => {
    const { core, file, folder, state, imageId } = await open();
    await core.call('annotations.edit', { imageId, edits: [{ do: 'add', shape, classId: null }] });
    const copy = path.join(folder, 'copy');
    fs.cpSync(path.dirname(file), copy, { recursive: true });
    const log = path.join(copy, 'project.sqlite-wal');
    const before = fs.readFileSync(log);
    fs.truncateSync(path.join(copy, 'project.sqlite'));
    await core.call('projects.close', {});
    expect(await core.handle('projects.open', { folder: core.refer(copy) })).toMatchObject({
      error: { code: 'bad-file', message: expect.stringMatching(/empty, but its log/) },
    });
    expect(fs.readFileSync(log).equals(before)).toBe(true);
    await core.call('projects.open', { id: state.id });
  });
});

describe('the clock set back', () => {
  it('does not stop the progress of a job', async () => {
    const reports: number[] = [];
    const jobs = openJobs((event, data) => {
      if (event === 'job') reports.push((data as { done: number }).done);
    });
    const clock = vi.spyOn(Date, 'now');
    onTestFinished(() => clock.mockRestore());
    clock.mockReturnValue(2e12);
    const job = jobs.start({ kind: 'import', title: 'Import', unit: 'pictures' }, async (handle) => {
      handle.progress(1, 3);
      clock.mockReturnValue(1e12);
      await new Promise((resolve) => setTimeout(resolve, 150));
      handle.progress(2, 3);
      await new Promise((resolve) => setTimeout(resolve, 150));
      handle.progress(3, 3);
    });
    await jobs.ended(job.id);
    expect(reports).toContain(2);
  });
});
