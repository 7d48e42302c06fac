import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { classFolders, importFrom, refusal, scratchFolder, startCore } from './scratch-core.ts';

describe('projects', () => {
  it('are remembered with what was last known of them, and open again', async () => {
    const folder = scratchFolder();
    const core = startCore(path.join(folder, 'home'));
    await core.call('projects.create', { name: 'Animals', parent: core.refer(folder) });
    await importFrom(core, await classFolders(path.join(folder, 'animals')));
    const [{ id: imageId }] = await core.call('images.page', { offset: 3, limit: 1 });
    await core.call('projects.seen', { imageId });
    await core.call('projects.close', {});
    expect(await core.call('projects.current', {})).toBeNull();
    expect(await refusal(core, 'images.page', { offset: 0, limit: 1 })).toBe('conflict');

    const [recent] = await core.call('projects.recent', {});
    expect(recent).toMatchObject({ name: 'Animals', images: 6, annotated: 0, runs: 0, missing: false });
    // Its faces are shown while it is closed; each class has one among them.
    expect(recent.faces).toHaveLength(5);
    expect((await core.media('thumbnail', recent.faces[0]))!.type).toBe('image/png');
    expect((await core.call('projects.open', { id: recent.id })).lastImageId).toBe(imageId);
  });

  it('that are gone are listed as missing and can be forgotten, which deletes nothing', async () => {
    const folder = scratchFolder();
    const core = startCore(path.join(folder, 'home'));
    const { id } = await core.call('projects.create', { name: 'Animals', parent: core.refer(folder) });
    await core.call('projects.close', {});
    fs.renameSync(path.join(folder, 'Animals'), path.join(folder, 'Beasts'));
    expect(await core.call('projects.recent', {})).toMatchObject([{ id, missing: true }]);
    expect(await refusal(core, 'projects.open', { id })).toBe('not-found');
    await core.call('projects.forget', { id });
    expect(await core.call('projects.recent', {})).toEqual([]);
    expect(
      await core.call('projects.open', { folder: core.refer(path.join(folder, 'Beasts')) }),
    ).toMatchObject({
      name: 'Animals',
    });
  });

  it('are opened without the half of a checkpoint that a killed process was writing', async () => {
    const folder = scratchFolder();
    const core = startCore(path.join(folder, 'home'));
    const { id } = await core.call('projects.create', { name: 'Animals', parent: core.refer(folder) });
    const run = path.join(folder, 'Animals', 'runs', '1');
    fs.mkdirSync(run, { recursive: true });
    const { pid: dead } = spawnSync(process.execPath, ['--eval', '']);
    const inFlight = `.0123456789ab.${process.ppid}.new`;
    for (const name of ['best.ckpt', `.0123456789ab.${dead}.new`, inFlight])
      fs.writeFileSync(path.join(run, name), '');
    await core.call('projects.close', {});
    await core.call('projects.open', { id });
    expect(fs.readdirSync(run).sort()).toEqual([inFlight, 'best.ckpt']);
  });

  it('are discarded with their folder while nothing is in them, and never else', async () => {
    const folder = scratchFolder();
    const core = startCore(path.join(folder, 'home'));
    const parent = core.refer(folder);
    const { id } = await core.call('projects.create', { name: 'Animals', parent });
    await importFrom(core, await classFolders(path.join(folder, 'source')));
    expect(await refusal(core, 'projects.discard', { id })).toBe('conflict');
    const other = await core.call('projects.create', { name: 'Beasts', parent });
    expect(await refusal(core, 'projects.discard', { id })).toBe('conflict');
    await core.call('projects.discard', { id: other.id });
    expect(await core.call('projects.current', {})).toBeNull();
    expect(fs.existsSync(path.join(folder, 'Beasts'))).toBe(false);
    expect((await core.call('projects.recent', {})).map((project) => project.name)).toEqual(['Animals']);

    const last = await core.call('projects.create', { name: 'Kept', parent });
    fs.writeFileSync(path.join(folder, 'Kept', 'notes.txt'), 'mine');
    await core.call('projects.discard', { id: last.id });
    expect(fs.readdirSync(path.join(folder, 'Kept'))).toEqual(['notes.txt']);
  });

  it('are not made over something that is there', async () => {
    const folder = scratchFolder();
    const core = startCore(path.join(folder, 'home'));
    fs.mkdirSync(path.join(folder, 'Taken'));
    fs.writeFileSync(path.join(folder, 'Taken', 'letter.txt'), 'Dear');
    expect(await refusal(core, 'projects.create', { name: 'Taken', parent: core.refer(folder) })).toBe(
      'conflict',
    );
    expect(fs.readdirSync(path.join(folder, 'Taken'))).toEqual(['letter.txt']);
  });

  it.each(['../up', 'a/b', 'a\\b', '..', 'nul\0', 'x:y'])('are not named %j', async (name) => {
    const core = startCore(path.join(scratchFolder(), 'home'));
    expect(await refusal(core, 'projects.create', { name })).toBe('bad-input');
  });

  it('are no folders without a project in them', async () => {
    const folder = scratchFolder();
    const core = startCore(path.join(folder, 'home'));
    expect(await refusal(core, 'projects.open', { folder: core.refer(folder) })).toBe('not-found');
    expect(fs.existsSync(path.join(folder, 'project.sqlite'))).toBe(false);
  });

  it('are open in one Fovea at a time', async () => {
    const folder = scratchFolder();
    const core = startCore(path.join(folder, 'home'));
    const { id } = await core.call('projects.create', { name: 'Animals' });
    const other = startCore(path.join(folder, 'home'));
    expect(await refusal(other, 'projects.open', { id })).toBe('conflict');
    await core.call('projects.close', {});
    expect(await refusal(other, 'projects.open', { id })).toBeNull();
  });

  it('find their pictures in a folder that was moved', async () => {
    const folder = scratchFolder();
    const core = startCore(path.join(folder, 'home'));
    const { id } = await core.call('projects.create', { name: 'Animals' });
    await importFrom(core, await classFolders(path.join(folder, 'animals')));
    await core.call('projects.close', {});
    fs.mkdirSync(path.join(folder, 'disk'));
    fs.renameSync(path.join(folder, 'animals'), path.join(folder, 'disk', 'animals'));
    await core.call('projects.open', { id });
    const [{ id: imageId }] = await core.call('images.page', { offset: 0, limit: 1 });
    expect(await core.media('image', imageId)).toBeNull();
    expect(await core.call('projects.relink', { folder: core.refer(path.join(folder, 'disk')) })).toEqual({
      found: 6,
      missing: 0,
    });
    expect((await core.call('projects.current', {}))!.counts.missing).toBe(0);
    expect(await core.media('image', imageId)).not.toBeNull();
  });
});

describe('preferences', () => {
  it('survive a restart', async () => {
    const home = path.join(scratchFolder(), 'home');
    const core = startCore(home);
    await core.call('settings.set', { key: 'theme', value: 'light' });
    await core.call('settings.set', { key: 'panels', value: { left: 300 } });
    expect(await startCore(home).call('settings.get', {})).toEqual({ theme: 'light', panels: { left: 300 } });
  });

  it('are not worth refusing to start for', async () => {
    const home = path.join(scratchFolder(), 'home');
    fs.mkdirSync(home);
    fs.writeFileSync(path.join(home, 'settings.json'), '{"theme":');
    expect(await startCore(home).call('settings.get', {})).toEqual({});
  });
});
