// A project from elsewhere may say anything of itself. It reaches nothing outside its folder that the person did
// not confirm, and serves nothing that is no picture.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { allowedRoots } from '../../../src-main/core/file-refs.ts';
import { classFolders, importFrom, image, refusal, scratchFolder, startCore } from './scratch-core.ts';

let folder: string;
let project: string;

/** A project with two pictures, made by another Fovea, and then what its maker did to it. */
async function foreign(change: (db: Database.Database, images: string) => void): Promise<void> {
  const images = await classFolders(path.join(folder, 'pictures'), 1);
  project = path.join(folder, 'Gift');
  const maker = startCore(path.join(folder, 'maker'));
  await maker.call('projects.create', { name: 'Gift', parent: maker.refer(folder) });
  await importFrom(maker, images);
  await maker.close();
  const db = new Database(path.join(project, 'project.sqlite'));
  db.pragma('ignore_check_constraints = ON');
  change(db, images);
  db.close();
}

/** The refusal of opening it, and how to open it all the same. */
async function opening(core: ReturnType<typeof startCore>, confirm?: string) {
  const answer = await core.handle('projects.open', {
    folder: core.refer(project),
    ...(confirm !== undefined && { confirm }),
  });
  return answer.ok ? null : answer.error;
}

beforeEach(() => {
  folder = scratchFolder();
});

describe('a project from elsewhere', () => {
  it('is asked for the folders of its pictures, once', async () => {
    await foreign(() => {});
    const core = startCore(path.join(folder, 'home'));
    const refused = (await opening(core))!;
    expect(refused).toMatchObject({ code: 'refused', detail: { places: path.join(folder, 'pictures') } });
    expect(await core.call('projects.current', {})).toBeNull();
    expect(await opening(core, 'not what was shown')).toMatchObject({ code: 'refused' });
    expect(await opening(core, String(refused.detail.confirm))).toBeNull();
    expect(await core.call('images.count', {})).toEqual({ images: 2 });
    await core.call('projects.close', {});
    expect(await opening(core)).toBeNull();
  });

  it('is asked again when it names another folder later', async () => {
    await foreign(() => {});
    const core = startCore(path.join(folder, 'home'));
    expect(await opening(core, String((await opening(core))!.detail.confirm))).toBeNull();
    await core.call('projects.close', {});
    const db = new Database(path.join(project, 'project.sqlite'));
    db.exec(`UPDATE source SET root = '/etc'`);
    db.close();
    expect(await opening(core)).toMatchObject({ code: 'refused', detail: { places: '/etc' } });
  });

  it('is not asked for pictures that lie in its own folder', async () => {
    await foreign((db, images) => {
      fs.renameSync(images, path.join(project, 'pictures'));
      db.prepare('UPDATE source SET root = ?').run(path.join(project, 'pictures'));
    });
    expect(await opening(startCore(path.join(folder, 'home')))).toBeNull();
  });

  it.runIf(process.platform !== 'win32')('never has a file that is no picture served as one', async () => {
    await foreign((db, images) => {
      fs.writeFileSync(path.join(images, 'secret'), 'root:x:0:0:root:/root:/bin/bash\n'.repeat(20));
      spawnSync('mkfifo', [path.join(images, 'pipe')]);
      db.exec(`UPDATE image SET relative_path = 'secret' WHERE id = (SELECT min(id) FROM image);
               UPDATE image SET relative_path = 'pipe' WHERE id = (SELECT max(id) FROM image)`);
    });
    const core = startCore(path.join(folder, 'home'));
    await opening(core, String((await opening(core))!.detail.confirm));
    const images = await core.call('images.page', { offset: 0, limit: 2 });
    for (const { id } of images)
      for (const kind of ['image', 'thumbnail'] as const) expect(await core.media(kind, id)).toBeNull();
  });

  it('has a picture served as what it is, whatever the project calls it', async () => {
    await foreign((db) => db.exec(`UPDATE image SET file_format = 'gif'`));
    const core = startCore(path.join(folder, 'home'));
    await opening(core, String((await opening(core))!.detail.confirm));
    const [{ id }] = await core.call('images.page', { offset: 0, limit: 1 });
    expect(await core.media('image', id)).toMatchObject({ type: 'image/png' });
  });

  it.each([
    ['a content hash that is a path', `content_hash = '../../../x'`, /picture \d+ .*"\.\.\/\.\.\/\.\.\/x"/],
    ['a content hash in capitals', `content_hash = upper(hex(randomblob(32)))`, /content hash/],
    ['a path that leads out', `relative_path = 'a/../../secret'`, /"a\/\.\.\/\.\.\/secret" leads out/],
    ['an absolute path', `relative_path = '/etc/passwd'`, /leads out/],
  ])('is refused by name for %s, and nothing is written outside', async (_, change, message) => {
    await foreign((db) => db.exec(`UPDATE image SET ${change} WHERE id = (SELECT min(id) FROM image)`));
    const before = fs.readdirSync(folder).sort();
    const core = startCore(path.join(folder, 'home'));
    const refused = await opening(core);
    expect(refused).toMatchObject({ code: 'bad-file' });
    expect(refused!.message).toMatch(message);
    expect(fs.readdirSync(folder).sort()).toEqual([...before, 'home'].sort());
    // Its lock is free again.
    expect(await opening(core)).toMatchObject({ code: 'bad-file' });
  });

  it('is looked for before its folder is searched, which may be the home folder', async () => {
    fs.mkdirSync(path.join(folder, 'home', 'deep', 'deeper'), { recursive: true });
    const core = startCore(path.join(folder, 'data'));
    const search = vi.spyOn(fs.promises, 'readdir');
    expect(
      await core.handle('projects.open', { folder: core.refer(path.join(folder, 'home')) }),
    ).toMatchObject({ ok: false, error: { code: 'not-found', message: 'home is no Fovea project' } });
    expect(search).not.toHaveBeenCalled();
    search.mockRestore();
  });

  it.runIf(process.platform !== 'win32')(
    'has its links out of its folder confirmed, and none as its database',
    async () => {
      await foreign(() => {
        fs.mkdirSync(path.join(folder, 'elsewhere'));
        fs.rmSync(path.join(project, 'cache'), { recursive: true, force: true });
        fs.symlinkSync(path.join(folder, 'elsewhere'), path.join(project, 'cache'));
      });
      const core = startCore(path.join(folder, 'home'));
      expect((await opening(core))!.detail.places).toContain(`cache → ${path.join(folder, 'elsewhere')}`);
      fs.renameSync(path.join(project, 'project.sqlite'), path.join(folder, 'other.sqlite'));
      fs.symlinkSync(path.join(folder, 'other.sqlite'), path.join(project, 'project.sqlite'));
      expect(await opening(core)).toMatchObject({
        code: 'refused',
        message: expect.stringContaining('project.sqlite of Gift is a link'),
      });
    },
  );

  it.runIf(process.platform !== 'win32')('has no thumbnail written through a link', async () => {
    await foreign(() => {});
    const core = startCore(path.join(folder, 'home'));
    await opening(core, String((await opening(core))!.detail.confirm));
    const [{ id }] = await core.call('images.page', { offset: 0, limit: 1 });
    const db = new Database(path.join(project, 'project.sqlite'), { readonly: true });
    const hash = db.prepare('SELECT content_hash FROM image WHERE id = ?').pluck().get(id) as string;
    db.close();
    // The thumbnail of a small picture is the picture: a large one is what has one.
    const file = path.join(folder, 'kept.txt');
    fs.writeFileSync(file, 'kept');
    const cached = path.join(project, 'cache', 'thumbnails', hash.slice(0, 2));
    fs.mkdirSync(cached, { recursive: true });
    for (const name of [`${hash}.webp`, `${hash}.new.webp`]) fs.symlinkSync(file, path.join(cached, name));
    const large = new Database(path.join(project, 'project.sqlite'));
    large.prepare('UPDATE image SET width_px = 4000 WHERE id = ?').run(id);
    large.close();
    expect(await core.media('thumbnail', id)).toMatchObject({ type: 'image/webp' });
    expect(fs.readFileSync(file, 'utf8')).toBe('kept');
    expect(fs.lstatSync(path.join(cached, `${hash}.webp`)).isFile()).toBe(true);
  });
});

describe('a project of this data folder', () => {
  it('opens without a question, also from before there was a note of places', async () => {
    const home = path.join(folder, 'home');
    const core = startCore(home);
    const { id } = await core.call('projects.create', { name: 'Mine' });
    await importFrom(core, await classFolders(path.join(folder, 'pictures'), 1));
    await core.call('projects.close', {});
    expect(await refusal(core, 'projects.open', { id })).toBeNull();
    await core.call('projects.close', {});
    fs.rmSync(path.join(home, 'known-projects.json'));
    expect(await refusal(core, 'projects.open', { id })).toBeNull();
  });
});

describe('the folder browser', () => {
  it('does not list the whole disk because the app was started in its root', () => {
    const root = path.parse(folder).root;
    expect(allowedRoots(folder, [], {}, root)).not.toContain(root);
    expect(allowedRoots(folder, [], {}, root)).toContain(fs.realpathSync(folder));
    expect(allowedRoots(folder, [], {}, folder)).toContain(fs.realpathSync(folder));
    expect(allowedRoots(folder, [], { FOVEA_ROOTS: root }, folder)).toContain(root);
  });

  it('lists what is named when the app is started, and nothing beside it', async () => {
    const named = scratchFolder();
    const core = startCore(path.join(folder, 'home'), { roots: [named, path.join(named, 'not there')] });
    const { entries } = await core.call('files.browse', { folder: null });
    expect(entries.map(({ name }) => name)).toContain(core.context.files.shorten(fs.realpathSync(named)));
    expect(entries.filter(({ name }) => name.includes('not there'))).toEqual([]);
  });
});

describe('names with terminal codes', () => {
  it.skipIf(process.platform === 'win32')(
    'are escaped in the titles of jobs, in warnings and in what was left out',
    async () => {
      const place = scratchFolder();
      const core = startCore(path.join(place, 'home'));
      await core.call('projects.create', { name: 'birds' });
      const images = path.join(place, 'all\u001b[2J');
      await image(path.join(images, 'cat', 'good.png'), 1);
      fs.writeFileSync(path.join(images, 'cat', 'bad\u001b]0;x\u0007.png'), 'no picture');
      fs.writeFileSync(path.join(images, 'cat', 'odd\u001b[31m.heic'), 'no picture');
      const id = await core.call('imports.start', { source: core.refer(images) });
      const job = await core.jobEnded(id);
      expect(job).toMatchObject({ state: 'done', title: 'Import of all\\u001b[2J' });
      const result = JSON.stringify(job.result);
      expect(result).toContain('bad\\\\u001b]0;x\\\\u0007.png');
      // As JSON writes the character itself.
      expect(result).not.toMatch(/[^\\]\\u00(1b|07)/);
    },
  );
});
