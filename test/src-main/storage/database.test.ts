import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ImageId, SweepId } from '../../../src-main/contracts/ids.ts';
import { openDatabase } from '../../../src-main/storage/database.ts';
import { migrations } from '../../../src-main/storage/migrations.ts';
import { openStore, scratchFolder } from './scratch.ts';

const newer = [...migrations, 'CREATE TABLE added_later (id INTEGER PRIMARY KEY) STRICT'];

describe('opening a project file', () => {
  it('writes ahead, syncs every commit and checks foreign keys', () => {
    const db = openDatabase(path.join(scratchFolder(), 'project.sqlite'));
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(db.pragma('synchronous', { simple: true })).toBe(2);
    expect(db.pragma('foreign_keys', { simple: true })).toBe(1);
    db.close();
    // The setting belongs to a connection, so it has to hold for the second one, too.
    const again = openDatabase(db.name);
    expect(again.pragma('synchronous', { simple: true })).toBe(2);
    again.close();
  });

  it('has STRICT tables only', () => {
    const db = openDatabase(path.join(scratchFolder(), 'project.sqlite'));
    const loose = db
      .prepare(`SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0`)
      .pluck()
      .all()
      .filter((name) => !String(name).startsWith('sqlite_'));
    expect(loose).toEqual([]);
    db.close();
  });

  it.each(migrations.map((_, index) => index + 1))(
    'brings a file of version %i up to date and keeps a copy of it as it was',
    (version) => {
      const file = path.join(scratchFolder(), 'project.sqlite');
      const old = openDatabase(file, migrations.slice(0, version));
      old.prepare(`INSERT INTO setting VALUES ('name', '"Birds"')`).run();
      old.close();
      const now = openDatabase(file, newer);
      expect(now.pragma('user_version', { simple: true })).toBe(newer.length);
      expect(now.prepare('SELECT count(*) FROM added_later').pluck().get()).toBe(0);
      expect(now.prepare(`SELECT value FROM setting WHERE key = 'name'`).pluck().get()).toBe('"Birds"');
      now.close();
      const copy = new Database(`${file}.version-${version}.backup`, { readonly: true });
      expect(copy.pragma('user_version', { simple: true })).toBe(version);
      expect(copy.prepare(`SELECT value FROM setting WHERE key = 'name'`).pluck().get()).toBe('"Birds"');
      copy.close();
    },
  );

  it('has findings of before held against no class', () => {
    const folder = scratchFolder();
    const old = openDatabase(path.join(folder, 'project.sqlite'), migrations.slice(0, 3));
    old.pragma('foreign_keys = OFF');
    old.exec(`
      INSERT INTO image (id, source_id, relative_path, name, name_key, sort_key, content_hash, width_px, height_px,
        size_bytes, modified_ms, file_format, class_origin)
      VALUES (7, 1, 'a.png', 'a.png', 'a.png', 'a.png', '${'0'.repeat(64)}', 4, 4, 9, 1, 'png', 'derived');
      INSERT INTO comparison (run_a, run_b, image_id, method, params, class_id, note, created_at, energy_a)
      VALUES (1, 2, 7, 'grad-cam', '{}', 3, 'the ear', 5, 0.25)`);
    old.close();
    expect(openStore(folder).comparisons.all()).toMatchObject([
      { note: 'the ear', classId: 3, versusId: null, energyA: 0.25, energyB: null },
    ]);
  });

  it('keeps with the runs of a sweep what they had scored on the test pictures', () => {
    const folder = scratchFolder();
    const old = openDatabase(path.join(folder, 'project.sqlite'), migrations.slice(0, 4));
    old.pragma('foreign_keys = OFF');
    const figures = { accuracy: { value: 0.5, low: null, high: null, pictures: 2, skipped: 0, params: {} } };
    old.exec(`
      INSERT INTO sweep_run (sweep_id, position, run_id, figures) VALUES (1, 0, 4, '{}'), (1, 1, 5, NULL);
      INSERT INTO evaluation (run_id, split, created_at, images, with_region, measures, figures, confusion, classes,
        weights_of)
      VALUES (4, 'train', 1, 2, 2, '{}', '{}', '[]', '[]', 1), (4, 'test', 1, 2, 2, '{}', '${JSON.stringify(figures)}',
        '[]', '[]', 1), (5, 'test', 1, 2, 2, '{}', '{}', '[]', '[]', 1)`);
    old.close();
    const { sweeps } = openStore(folder);
    expect(sweeps.runsOf(1 as SweepId)).toEqual([
      { position: 0, runId: 4, figures: {}, test: figures },
      { position: 1, runId: 5, figures: null, test: null },
    ]);
  });

  it('keeps the runs of a sweep over box-aware in their places, now that its points stand one by one', () => {
    const folder = scratchFolder();
    const old = openDatabase(path.join(folder, 'project.sqlite'), migrations.slice(0, 9));
    old.pragma('foreign_keys = OFF');
    const config = {
      run: { objective: 'box-aware', params: { reduction: 'paper' }, seed: 3 },
      grid: { lambdaInside: [1, 0], lambdaOutside: [0, 0.21544] },
      repeat: 2,
      measures: [{ id: 'accuracy', params: {} }],
    };
    old
      .prepare('INSERT INTO sweep (config, created_at, trained_on, snapshot_id) VALUES (?, 1, ?, 1)')
      .run(JSON.stringify(config), '{}');
    old.close();
    const [{ config: kept, plan }] = openStore(folder).sweeps.all();
    const pair = (lambdaInside: number, lambdaOutside: number) => ({
      objective: 'box-aware',
      values: { lambdaInside, lambdaOutside },
      params: { reduction: 'paper', lambdaInside, lambdaOutside },
    });
    expect(plan).toBeNull();
    expect(kept).toEqual({
      run: config.run,
      repeat: 2,
      measures: config.measures,
      objectives: ['standard', 'blackout', 'box-aware'],
      vary: [
        { name: 'lambdaInside', values: [1, 0] },
        { name: 'lambdaOutside', values: [0, 0.21544] },
      ],
      points: [
        { objective: 'standard', values: {}, params: {} },
        { objective: 'blackout', values: {}, params: {} },
        pair(1, 0),
        pair(1, 0.21544),
        pair(0, 0.21544),
      ],
    });
  });

  it('shows and counts the shapes that were drawn or imported before', () => {
    const folder = scratchFolder();
    const old = openDatabase(path.join(folder, 'project.sqlite'), migrations.slice(0, 5));
    old.exec(`
      INSERT INTO source VALUES (1, '/x', 'coco', 1);
      INSERT INTO class VALUES (1, 'cat', 1);
      INSERT INTO image (id, source_id, relative_path, name, name_key, sort_key, content_hash, width_px, height_px,
        size_bytes, modified_ms, file_format, class_id, class_origin)
      VALUES (7, 1, 'a.png', 'a.png', 'a.png', 'a.png', '${'0'.repeat(64)}', 4, 4, 9, 1, 'png', 1, 'derived');
      INSERT INTO annotation (image_id, class_id, kind, shape, origin)
      VALUES (7, 1, 'box', '{"kind":"box","box":{"x":0,"y":0,"width":1,"height":1}}', 'import');
      INSERT INTO import_key VALUES (7, 'k')`);
    old.close();
    const store = openStore(folder);
    expect(store.images.counts()).toMatchObject({ images: 1, boxes: 1 });
    expect(store.classes.all()).toMatchObject([{ name: 'cat', pictures: 1, annotations: 1 }]);
    const [drawn] = store.annotations.ofImage(7);
    store.annotations.remove(drawn.id);
    expect(store.images.counts()).toMatchObject({ boxes: 0 });
    expect(store.importKeys.ofImage(7 as ImageId)).toMatchObject([
      { key: 'k', annotationId: null, state: null },
    ]);
  });

  it('leaves a file as it was when a migration fails half-way', () => {
    const file = path.join(scratchFolder(), 'project.sqlite');
    openDatabase(file).close();
    const broken = [...migrations, 'CREATE TABLE half (id INTEGER) STRICT; SELECT nonsense();'];
    expect(() => openDatabase(file, broken)).toThrow();
    const db = openDatabase(file);
    expect(db.prepare(`SELECT count(*) FROM sqlite_schema WHERE name = 'half'`).pluck().get()).toBe(0);
    db.close();
  });

  it('refuses a file of a newer Fovea and does not touch it', () => {
    const file = path.join(scratchFolder(), 'project.sqlite');
    openDatabase(file, newer).close();
    const before = fs.readFileSync(file);
    expect(() => openDatabase(file)).toThrow(expect.objectContaining({ code: 'too-new' }));
    expect(fs.readFileSync(file).equals(before)).toBe(true);
  });

  it('says of a file that is no database that it is damaged', () => {
    const file = path.join(scratchFolder(), 'project.sqlite');
    fs.writeFileSync(file, 'this is not SQLite '.repeat(100));
    expect(() => openDatabase(file)).toThrow(expect.objectContaining({ code: 'bad-file' }));
  });
});

describe('the lock of a project', () => {
  it('lets one at a time write, and the next after it', () => {
    const folder = scratchFolder();
    const first = openStore(folder);
    expect(() => openStore(folder)).toThrow(expect.objectContaining({ code: 'conflict' }));
    first.close();
    expect(openStore(folder).images.counts().images).toBe(0);
  });

  it('holds when its file is deleted, also against another process, and for no copy of the project', async () => {
    const folder = scratchFolder();
    const { fork } = await import('node:child_process');
    const child = fork(new URL('hold-lock.ts', import.meta.url), [folder], { execArgv: [] });
    onTestFinished(() => void child.kill('SIGKILL'));
    await new Promise((resolve) => child.once('message', resolve));
    const copy = path.join(scratchFolder(), 'copy');
    fs.cpSync(folder, copy, { recursive: true });
    fs.rmSync(path.join(folder, 'project.lock'));
    expect(() => openStore(folder)).toThrow(expect.objectContaining({ code: 'conflict' }));
    expect(openStore(copy).settings.get('name')).toBe('held');
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    const own = openStore(folder);
    fs.rmSync(path.join(folder, 'project.lock'));
    expect(() => openStore(folder)).toThrow(expect.objectContaining({ code: 'conflict' }));
    own.close();
    expect(openStore(folder).settings.get('name')).toBe('held');
  });

  it('leaves the file readable for others while it is held', () => {
    const folder = scratchFolder();
    openStore(folder).settings.set('name', 'Birds');
    const other = new Database(path.join(folder, 'project.sqlite'), { readonly: true });
    expect(other.prepare(`SELECT value FROM setting WHERE key = 'name'`).pluck().get()).toBe('"Birds"');
    other.close();
  });

  it('is not left behind by a process that was killed', async () => {
    const folder = scratchFolder();
    const { fork } = await import('node:child_process');
    const child = fork(new URL('hold-lock.ts', import.meta.url), [folder], { execArgv: [] });
    await new Promise((resolve) => child.once('message', resolve));
    expect(() => openStore(folder)).toThrow(expect.objectContaining({ code: 'conflict' }));
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    expect(openStore(folder).settings.get('name')).toBe('held');
  });
});
