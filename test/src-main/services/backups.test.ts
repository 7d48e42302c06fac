import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { AppError } from '../../../src-main/contracts/errors.ts';
import { backUp, backupsOf, dailyFile, damageOf } from '../../../src-main/storage/backups.ts';
import { openDatabase } from '../../../src-main/storage/database.ts';
import { migrations } from '../../../src-main/storage/migrations.ts';
import { newImage } from '../storage/scratch.ts';
import { refusal, scratchFolder, startCore } from './scratch-core.ts';

const shape = { kind: 'box' as const, box: { x: 1, y: 1, width: 5, height: 5 } };

/** A project with one box on one picture, and a copy of its database from before a second. */
async function backedUp() {
  const home = path.join(scratchFolder(), 'home');
  const core = startCore(home);
  const state = await core.call('projects.create', { name: 'Animals' });
  const { store, folder } = core.context.project();
  const imageId = store.images.add(newImage(store.sources.add(home, 'folders'), 'one.png'));
  const draw = () => core.call('annotations.edit', { imageId, edits: [{ do: 'add', shape, classId: null }] });
  const boxes = async () => (await core.call('images.get', { id: imageId })).annotations.length;
  await draw();
  const file = path.join(folder, 'project.sqlite');
  const copy = dailyFile(folder);
  backUp(file, copy);
  await draw();
  return { home, core, id: state.id, folder, file, copy, imageId, draw, boxes };
}

/** Zeros in the middle of the file: pages of a table or an index. */
function damage(file: string): void {
  const { size } = fs.statSync(file);
  const handle = fs.openSync(file, 'r+');
  fs.writeSync(handle, Buffer.alloc(size - 8192), 0, size - 8192, 4096);
  fs.closeSync(handle);
}

describe('a backup', () => {
  it('is a whole database, made while the project is open, and the newest seven are kept', async () => {
    const { file, folder, copy } = await backedUp();
    const db = new Database(copy, { readonly: true });
    expect(db.prepare('SELECT count(*) FROM annotation').pluck().get()).toBe(1);
    db.close();
    expect(damageOf(copy)).toEqual([]);
    for (let day = 1; day <= 9; day++)
      backUp(file, path.join(folder, 'backups', `daily-2000-01-0${day}-00-00-00.sqlite`));
    const names = backupsOf(folder).map(({ name }) => name);
    expect(names).toHaveLength(7);
    expect(names).not.toContain('backups/daily-2000-01-01-00-00-00.sqlite');
  });

  it('takes the place of a database that is damaged, which is kept', async () => {
    const { core, id, file, folder, boxes } = await backedUp();
    await core.call('projects.close', {});
    fs.mkdirSync(path.join(folder, 'runs', '7'), { recursive: true });
    damage(file);
    expect(damageOf(file)).not.toEqual([]);
    const before = fs.readFileSync(file);
    expect(await refusal(core, 'projects.open', { id })).toBe('bad-file');

    const [backup] = await core.call('projects.backups', { project: { id } });
    await core.call('projects.restore', { project: { id }, backup: backup.name });
    expect(await boxes()).toBe(1);
    const replaced = backupsOf(folder).find(({ name }) => name.includes('replaced'))!;
    expect(fs.readFileSync(path.join(folder, replaced.name)).equals(before)).toBe(true);
    // A run folder of after the copy is not written over.
    const db = new Database(file, { readonly: true });
    expect(db.prepare(`SELECT seq FROM sqlite_sequence WHERE name = 'run'`).pluck().get()).toBe(7);
    db.close();
  });

  it('that is damaged itself, or not there, changes nothing', async () => {
    const { core, id, copy, boxes } = await backedUp();
    damage(copy);
    const name = `backups/${path.basename(copy)}`;
    expect(await refusal(core, 'projects.restore', { project: { id }, backup: name })).toBe('bad-file');
    expect(await refusal(core, 'projects.restore', { project: { id }, backup: '../../etc' })).toBe(
      'not-found',
    );
    await core.call('projects.open', { id });
    expect(await boxes()).toBe(2);
  });

  it('is made of a project of an older Fovea before it is migrated', async () => {
    const folder = path.join(scratchFolder(), 'old');
    fs.mkdirSync(folder);
    openDatabase(path.join(folder, 'project.sqlite'), migrations.slice(0, 3)).close();
    const core = startCore(path.join(scratchFolder(), 'home'));
    await core.call('projects.open', { folder: core.refer(folder) });
    const project = { folder: core.refer(folder) };
    expect(await core.call('projects.backups', { project })).toMatchObject([
      { name: 'project.sqlite.version-3.backup' },
    ]);
  });
});

describe('a project that is opened to read only', () => {
  it('can be looked at beside another Fovea, and changes are refused', async () => {
    const { core, id, imageId, boxes, draw } = await backedUp();
    const other = startCore(path.join(scratchFolder(), 'home'));
    const folder = other.refer(core.context.project().folder);
    expect(await refusal(other, 'projects.open', { folder })).toBe('conflict');
    // To this Fovea it is a project from elsewhere, whose pictures lie outside its folder.
    const asked: unknown = await other.call('projects.open', { folder, readOnly: true }).catch((e) => e);
    const { confirm } = (asked as AppError).detail;
    expect(
      await other.call('projects.open', { folder, readOnly: true, confirm: String(confirm) }),
    ).toMatchObject({ id, isReadOnly: true });
    expect((await other.call('images.get', { id: imageId })).annotations).toHaveLength(2);
    const edits = [{ do: 'add' as const, shape, classId: null }];
    expect(await refusal(other, 'annotations.edit', { imageId, edits })).toBe('refused');
    await draw();
    expect((await other.call('images.get', { id: imageId })).annotations).toHaveLength(3);
    expect(await boxes()).toBe(3);
    await other.call('projects.close', {});
  });
});
