// A project on a disk that is full, in truth: one line for whatever is asked, nothing half there, and all of it goes on
// when there is room.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JobId } from '../../../src-main/contracts/ids.ts';
import type { Job } from '../../../src-main/contracts/jobs.ts';
import { thumbnail } from '../../../src-main/imaging/index.ts';
import { classFolders, image, importFrom, scratchFolder, startCore } from './scratch-core.ts';

const mount = (place: string) =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'none', place]).status === 0;
const unmount = (place: string) => void spawnSync('umount', ['-l', place]);

/** On Linux, as root. */
function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const place = fs.mkdtempSync(path.join(os.tmpdir(), 'fovea-mount-'));
  const is = mount(place);
  if (is) unmount(place);
  fs.rmdirSync(place);
  return is;
}

/** A disk of 3 MB, until the test ends. */
function smallDisk(): { place: string; fill(): void; free(): void } {
  const place = scratchFolder();
  expect(mount(place)).toBe(true);
  onTestFinished(() => unmount(place));
  const filler = path.join(place, 'filler');
  return {
    place,
    fill() {
      for (const size of [1 << 16, 1 << 12, 1])
        try {
          for (;;) fs.appendFileSync(filler, Buffer.alloc(size));
        } catch {
          // Full.
        }
    },
    free: () => fs.rmSync(filler, { force: true }),
  };
}

it('does not blame a picture when its thumbnail cannot be written, and says why', async () => {
  const folder = scratchFolder();
  const file = path.join(folder, 'a.png');
  await image(file, 1, 400, 300);
  await expect(thumbnail(file, path.join(folder, 'none', 'a.webp'), 64)).rejects.toMatchObject({
    code: 'not-found',
    message: 'there is no a.webp',
  });
});

describe.runIf(canMount())('on a full disk', () => {
  it('a thumbnail is refused in one line, and nothing of it stays', async () => {
    const { place, fill } = smallDisk();
    const file = path.join(scratchFolder(), 'a.png');
    await image(file, 1, 400, 300);
    fill();
    await expect(thumbnail(file, path.join(place, 'a.webp'), 64)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('the disk is full: a.webp'),
    });
    expect(fs.readdirSync(place)).toEqual(['filler']);
  });

  it('edits, imports, evaluations and closing say so, lose nothing, and go on when there is room', async () => {
    const { place, fill, free } = smallDisk();
    const folder = scratchFolder();
    const core = startCore(path.join(folder, 'home'));
    await core.call('projects.create', { name: 'Small', parent: core.refer(place) });
    const first = await classFolders(path.join(folder, 'first'), 6);
    const second = await classFolders(path.join(folder, 'second'), 80);
    for (const name of fs.readdirSync(path.join(second, 'cat')))
      await image(path.join(second, 'cat', name), name.length * 31 + Number(/\d+/.exec(name)), 20, 20);
    await importFrom(core, first);
    await core.call('splits.make', { seed: 1 });
    const { id } = await core.call('runs.start', {
      objective: 'standard',
      model: 'resnet8',
      sizePx: 16,
      epochs: 1,
      batch: 4,
      seed: 1,
      device: 'cpu',
      settings: { convolutions: 'rules' },
    });
    for (let [job] = core.context.jobs.active(); job; [job] = core.context.jobs.active())
      expect((await core.jobEnded(job.id)).error).toBeNull();
    const [{ id: imageId }] = await core.call('images.page', { offset: 0, limit: 1 });
    const edit = (x: number) =>
      core.handle('annotations.edit', {
        imageId,
        edits: [{ do: 'add', classId: null, shape: { kind: 'box', box: { x, y: 1, width: 3, height: 3 } } }],
      });
    expect(await edit(1)).toMatchObject({ ok: true });
    const evaluate = () =>
      core.call('evaluations.start', { runId: id, split: 'train', measures: [{ id: 'accuracy' }] });
    const errorOf = async (job: JobId) => (await core.jobEnded(job)).error;
    const isFull = { code: 'unavailable', message: expect.stringMatching(/^the disk is full/) };

    fill();
    // The log of the database has some room of its own at first.
    let refused = 0;
    for (let x = 2; x < 400 && refused === 0; x++) {
      const answer = await edit(x % 9);
      if (!answer.ok) {
        expect(answer.error).toMatchObject(isFull);
        refused = x;
      }
    }
    expect(refused).toBeGreaterThan(0);
    const importing = await core.call('imports.start', { source: core.refer(second) });
    expect(await errorOf(importing)).toMatchObject(isFull);
    expect(await core.call('images.count', {})).toEqual({ images: 12 });
    // What took long is not thrown away: it waits for room, and says so.
    const evaluating = await evaluate();
    const notes = () =>
      core.heard.flatMap(({ event, data }) => (event === 'job' ? [(data as Job).note] : []));
    await expect.poll(notes, { timeout: 50_000 }).toContainEqual(expect.stringContaining('disk is full'));
    free();
    expect(await errorOf(evaluating)).toBeNull();
    fill();
    const { annotations } = await core.call('images.get', { id: imageId });
    expect(annotations).toHaveLength(refused - 1);
    await core.call('projects.close', {});

    free();
    await core.call('projects.open', { folder: core.refer(path.join(place, 'Small')) });
    expect((await core.call('images.get', { id: imageId })).annotations).toEqual(annotations);
    expect(await edit(1)).toMatchObject({ ok: true });
    // Six dogs are those of the first folder.
    expect(await importFrom(core, second)).toMatchObject({ images: 154, unchanged: 6 });
  });
});
