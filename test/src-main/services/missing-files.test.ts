// Pictures that are moved away and put back: what training takes, and what a person is told.

import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { runConfigSchema } from '../../../src-main/contracts/runs.ts';
import { classFolders, importFrom, scratchFolder, startCore } from './scratch-core.ts';

const asked = runConfigSchema.parse({
  objective: 'standard',
  model: 'smallcnn',
  sizePx: 16,
  epochs: 1,
  batch: 8,
  seed: 1,
  device: 'cpu',
});

async function withImages() {
  const folder = scratchFolder();
  const core = startCore(path.join(folder, 'home'));
  await core.call('projects.create', { name: 'Animals', parent: core.refer(folder) });
  const images = await classFolders(path.join(folder, 'animals'), 10);
  await importFrom(core, images);
  const reopen = async () => {
    await core.call('projects.close', {});
    await core.call('projects.open', { folder: core.refer(path.join(folder, 'Animals')) });
  };
  const missing = async () => (await core.call('projects.current', {}))!.counts.missing;
  return { core, images, away: path.join(folder, 'away'), reopen, missing };
}

describe('missing pictures', () => {
  it('are counted and named where too few are left to train on, and a disk that comes back is seen at once', async () => {
    const { core, images, away, reopen, missing } = await withImages();
    fs.renameSync(images, away);
    await reopen();
    const refused = await core.handle('runs.start', asked);
    expect(refused).toMatchObject({
      ok: false,
      error: {
        code: 'bad-input',
        detail: {
          reason: expect.stringMatching(
            /20 pictures missing .*: cat1\.png, cat2\.png, cat3\.png and 17 more/,
          ),
        },
      },
    });
    expect(await missing()).toBe(20);

    fs.renameSync(away, images);
    const { trainedOn } = await core.call('runs.start', asked);
    expect(trainedOn.train + trainedOn.selection + trainedOn.test).toBe(20);
    expect(trainedOn.warnings.join()).not.toMatch(/missing/);
  });

  it('that are back are part of a run that is started right after the project was opened', async () => {
    const { core, images, away, reopen, missing } = await withImages();
    fs.renameSync(path.join(images, 'dog'), away);
    await reopen();
    await expect.poll(missing).toBe(10);
    fs.renameSync(away, path.join(images, 'dog'));
    await reopen();
    const run = await core.call('runs.start', asked);
    const { store } = core.context.project();
    expect(store.snapshots.load(run.trainedOn.snapshotId!).images).toHaveLength(20);
    expect(await missing()).toBe(0);
  });

  it('are noted when they are asked for, and so is that they are back', async () => {
    const { core, images, missing } = await withImages();
    const [{ id, name }] = await core.call('images.page', { offset: 0, limit: 1 });
    const file = path.join(images, 'cat', name);
    fs.renameSync(file, `${file}.away`);
    expect(await core.media('image', id)).toBeNull();
    expect(await missing()).toBe(1);
    fs.renameSync(`${file}.away`, file);
    expect(await core.media('image', id)).not.toBeNull();
    expect(await missing()).toBe(0);
  });
});
