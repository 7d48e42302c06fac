// What other programs get: pictures whose boxes fit them without EXIF, and every class.

import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeRgb } from '../../../src-main/imaging/index.ts';
import { classFolders, importFrom, scratchFolder, startCore } from './scratch-core.ts';

/** A JPEG of 40 x 24 whose EXIF turns it to stand, red in the upper left corner of what a person sees. */
async function turnedImage(file: string): Promise<void> {
  const upright = sharp({ create: { width: 24, height: 40, channels: 3, background: '#00f' } }).composite([
    { input: { create: { width: 8, height: 8, channels: 3, background: '#f00' } }, left: 0, top: 0 },
  ]);
  const lying = await sharp(await upright.png().toBuffer())
    .rotate(270)
    .jpeg({ quality: 100 })
    .withMetadata({ orientation: 6 })
    .toBuffer();
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, lying);
}

describe('an export', () => {
  it('writes pictures upright by their pixels, so that boxes fit in programs that know no EXIF', async () => {
    const folder = scratchFolder();
    const core = startCore(path.join(folder, 'home'));
    await core.call('projects.create', { name: 'Turned' });
    const from = await classFolders(path.join(folder, 'from'), 1);
    await turnedImage(path.join(from, 'cat', 'turned.jpg'));
    await importFrom(core, from);
    const out = path.join(folder, 'out');
    fs.mkdirSync(out);
    const started = await core.call('exports.start', { format: 'coco', folder: core.refer(out) });
    expect((await core.jobEnded(started)).error).toBeNull();

    const copy = path.join(out, 'images', 'turned.jpg');
    expect(await sharp(copy).metadata()).toMatchObject({ format: 'jpeg', width: 24, height: 40 });
    expect((await sharp(copy).metadata()).orientation ?? 1).toBe(1);
    const [red, , blue] = await decodeRgb(copy, { width: 6, height: 10 });
    expect(red).toBeGreaterThan(200);
    expect(blue).toBeLessThan(60);
    expect(fs.readFileSync(path.join(out, 'images', 'cat1.png'))).toEqual(
      fs.readFileSync(path.join(from, 'cat', 'cat1.png')),
    );

    // What was written comes back with the same classes, though no picture has a shape.
    await core.call('projects.create', { name: 'Again' });
    const again = await importFrom(core, out);
    expect(again).toMatchObject({ format: 'coco', images: 3, classes: 2, warnings: [] });
    const { classes } = (await core.call('projects.current', {}))!;
    expect(classes.map(({ name, pictures: images }) => [name, images])).toEqual([
      ['cat', 2],
      ['dog', 1],
    ]);
  });

  it('counts all pictures in one bar, whatever folders they go to', async () => {
    const folder = scratchFolder();
    const core = startCore(path.join(folder, 'home'));
    await core.call('projects.create', { name: 'Counted' });
    await importFrom(core, await classFolders(path.join(folder, 'from'), 2));
    fs.mkdirSync(path.join(folder, 'out'));
    const out = core.refer(path.join(folder, 'out'));
    const job = await core.jobEnded(await core.call('exports.start', { format: 'folders', folder: out }));
    expect(job).toMatchObject({ state: 'done', done: 4, total: 4 });
  });

  it.each([[[]], [['mine.txt']]])(
    'leaves no trace when it fails half way in a folder with %j',
    async (own) => {
      const folder = scratchFolder();
      const core = startCore(path.join(folder, 'home'));
      await core.call('projects.create', { name: 'Failed' });
      const from = await classFolders(path.join(folder, 'from'), 2);
      await importFrom(core, from);
      fs.rmSync(path.join(from, 'dog', 'dog1.png'));
      const out = path.join(folder, 'out');
      fs.mkdirSync(out);
      for (const name of own) fs.writeFileSync(path.join(out, name), 'a person’s own');
      const started = await core.call('exports.start', { format: 'coco', folder: core.refer(out) });
      const { state, done, error } = await core.jobEnded(started);
      expect(state).toBe('failed');
      expect(done).toBeGreaterThan(0);
      expect(error!.message).toContain('dog1.png');
      expect(fs.readdirSync(out)).toEqual(own);
    },
  );
});
