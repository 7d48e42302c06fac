// Who may read what the app makes: the person alone, or whoever may look into a project that is shared.

import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileModeIn, makeFolder, PRIVATE, writeFileWhole } from '../../../src-main/files/write-file.ts';
import { backUp, dailyFile } from '../../../src-main/storage/backups.ts';
import { importFrom, image, scratchFolder, startCore, type TestCore } from './scratch-core.ts';

const modeOf = (file: string): number => fs.statSync(file).mode & 0o777;
const umask = process.umask();

/** Everything in a folder and the folder itself, with its permissions. */
const permissionsIn = (folder: string): Record<string, string> =>
  Object.fromEntries(
    ['', ...(fs.readdirSync(folder, { recursive: true }) as string[])].map((name) => [
      name,
      modeOf(path.join(folder, name)).toString(8),
    ]),
  );

async function usedProject(core: TestCore, parent: string, shared: boolean): Promise<string> {
  await core.call('projects.create', { name: 'birds', parent: core.refer(parent), shared });
  const project = path.join(parent, 'birds');
  await image(path.join(parent, 'pictures', 'cat', 'large.png'), 9, 400, 300);
  await importFrom(core, path.join(parent, 'pictures'));
  const [large] = await core.call('images.page', { offset: 0, limit: 1 });
  const thumbnail = await core.media('thumbnail', large.id);
  expect(thumbnail?.file.startsWith(project)).toBe(true);
  backUp(path.join(project, 'project.sqlite'), dailyFile(project));
  makeFolder(path.join(project, 'runs', '1'));
  await writeFileWhole(path.join(project, 'runs', '1', 'last.ckpt'), ['weights']);
  return project;
}

describe.skipIf(process.platform === 'win32')('the files of a project', () => {
  it('are for the person alone: database with its log, lock, cache, runs and backups', async () => {
    const place = scratchFolder();
    const project = await usedProject(startCore(path.join(place, 'home')), place, false);
    const all = permissionsIn(project);
    for (const name of ['project.sqlite', 'project.sqlite-wal', 'project.sqlite-shm', 'project.lock'])
      expect([name, all[name]]).toEqual([name, '600']);
    for (const [name, mode] of Object.entries(all))
      expect([name, mode]).toEqual([
        name,
        fs.statSync(path.join(project, name)).isDirectory() ? '700' : '600',
      ]);
    expect(Object.keys(all).some((name) => name.endsWith('.webp'))).toBe(true);
    expect(Object.keys(all).some((name) => name.startsWith('backups/daily-'))).toBe(true);
  });

  it('are for others, too, in a project that is made to be shared', async () => {
    const place = scratchFolder();
    fs.chmodSync(place, 0o755);
    const project = await usedProject(startCore(path.join(place, 'home')), place, true);
    for (const [name, mode] of Object.entries(permissionsIn(project))) {
      const open = fs.statSync(path.join(project, name)).isDirectory() ? 0o777 : 0o666;
      expect([name, mode]).toEqual([name, (open & ~umask).toString(8)]);
    }
  });

  it('are for the person alone where the empty folder was there before, open to all', async () => {
    const place = scratchFolder();
    const project = path.join(place, 'birds');
    fs.mkdirSync(project);
    fs.chmodSync(project, 0o755);
    const core = startCore(path.join(place, 'home'));
    await core.call('projects.create', { name: 'birds', parent: core.refer(place) });
    expect(modeOf(project)).toBe(0o700);
  });

  it('leave it in new folders that only the person may look into, when they are exported', async () => {
    const place = scratchFolder();
    const core = startCore(path.join(place, 'home'));
    await usedProject(core, place, false);
    const chosen = path.join(place, 'out');
    makeFolder(path.join(chosen, 'other'));
    const job = await core.jobEnded(
      await core.call('exports.start', { format: 'coco', folder: core.refer(chosen) }),
    );
    expect(job.error).toBeNull();
    const [made] = fs.readdirSync(chosen).filter((name) => name !== 'other');
    expect(modeOf(path.join(chosen, made))).toBe(0o700);
  });
});

describe.skipIf(process.platform === 'win32')('the data folder', () => {
  it('is for the person alone', () => {
    const home = path.join(scratchFolder(), 'home');
    startCore(home);
    expect(modeOf(home)).toBe(0o700);
  });
});

describe.skipIf(process.platform === 'win32')('what is made in a folder', () => {
  it('is open to no more people than the folder', async () => {
    const folder = scratchFolder();
    fs.chmodSync(folder, 0o750);
    makeFolder(path.join(folder, 'a', 'b'));
    await writeFileWhole(path.join(folder, 'a', 'b', 'file'), ['x']);
    expect(modeOf(path.join(folder, 'a', 'b'))).toBe(0o750 & ~umask);
    expect(modeOf(path.join(folder, 'a', 'b', 'file'))).toBe(0o640 & ~umask);
    makeFolder(path.join(folder, 'own'), PRIVATE);
    expect(modeOf(path.join(folder, 'own'))).toBe(0o700);
    expect(fileModeIn(path.join(folder, 'own'))).toBe(0o600);
  });
});
