// What other programs get: pictures whose boxes fit them without EXIF, and every class.

import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeRgb } from '../../../src-main/imaging/index.ts';
import type { Job } from '../../../src-main/contracts/jobs.ts';
import type { Point } from '../../../src-main/contracts/geometry.ts';
import {
  classFolders,
  coco,
  importFrom,
  refusal,
  scratchFolder,
  startCore,
  type TestCore,
} from './scratch-core.ts';

/** The process below this one that writes a set. */
function writing(): number | undefined {
  const isOne = (pid: string) => {
    try {
      const isChild = new RegExp(`^PPid:\\s*${process.pid}$`, 'm').test(
        fs.readFileSync(`/proc/${pid}/status`, 'utf8'),
      );
      return isChild && fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').endsWith('\0writing\0');
    } catch {
      return false; // it has ended
    }
  };
  const found = fs.readdirSync('/proc').find((name) => /^\d+$/.test(name) && isOne(name));
  return found === undefined ? undefined : Number(found);
}

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

  it.runIf(process.platform === 'linux')(
    'is written by a process of its own, and leaves no trace when that is ended',
    async () => {
      const folder = scratchFolder();
      const core = startCore(path.join(folder, 'home'));
      await core.call('projects.create', { name: 'Ended' });
      await importFrom(core, await classFolders(path.join(folder, 'from'), 60));
      const out = path.join(folder, 'out');
      fs.mkdirSync(out);
      const started = await core.call('exports.start', { format: 'coco', folder: core.refer(out) });
      const ended = core.jobEnded(started);
      for (let writer = writing(); ; writer = writing())
        if (writer) {
          process.kill(writer, 'SIGKILL');
          break;
        } else await new Promise((resolve) => setTimeout(resolve, 5));
      const { state, error } = await ended;
      expect(state).toBe('failed');
      expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('SIGKILL') });
      expect(fs.readdirSync(out)).toEqual([]);
    },
  );

  it('that is cancelled leaves no trace', async () => {
    const folder = scratchFolder();
    const core = startCore(path.join(folder, 'home'));
    await core.call('projects.create', { name: 'Cancelled' });
    await importFrom(core, await classFolders(path.join(folder, 'from'), 60));
    const out = path.join(folder, 'out');
    fs.mkdirSync(out);
    const id = await core.call('exports.start', { format: 'coco', folder: core.refer(out) });
    const ended = core.jobEnded(id);
    while (!core.heard.some(({ event, data }) => event === 'job' && (data as Job).done > 3))
      await new Promise((resolve) => setTimeout(resolve, 5));
    await core.call('jobs.cancel', { id });
    expect((await ended).state).toBe('cancelled');
    expect(fs.readdirSync(out)).toEqual([]);
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

/** All that a project says of its pictures, in its own order and without its numbers. */
function contentOf(core: TestCore) {
  const { store } = core.context.project();
  const classes = store.classes.all();
  const nameOf = (id: number | null) => classes.find((one) => one.id === id)?.name ?? null;
  const attributes = store.attributes
    .names()
    .map((name) => ({ name, values: store.attributes.valuesOf(name) }));
  return {
    classes: classes.map(({ name, position, pictures, annotations }) => ({
      name,
      position,
      pictures,
      annotations,
    })),
    images: store.images
      .all()
      .map(({ id, name, widthPx, heightPx, contentHash, split, classId, classOrigin }) => ({
        name,
        widthPx,
        heightPx,
        contentHash,
        split,
        classOrigin,
        className: nameOf(classId),
        attributes: attributes.flatMap((one) => (one.values.has(id) ? [[one.name, one.values.get(id)]] : [])),
        annotations: store.annotations
          .ofImage(id)
          .map(({ id: _, imageId: __, classId: ofShape, ...rest }) => ({
            ...rest,
            className: nameOf(ofShape),
          })),
      })),
  };
}

/** Crowds, attributes, holes, masks, hidden and locked shapes, a class that nothing has, and every part of the split. */
async function variedProject(core: TestCore, folder: string): Promise<void> {
  await core.call('projects.create', { name: 'Varied' });
  await core.call('classes.create', { name: 'zebra' });
  await core.call('classes.create', { name: 'unused' });
  const set = await coco(path.join(folder, 'set'), [
    { name: 'a.png', boxes: [{ category: 1, bbox: [1, 2, 3, 4] }] },
    { name: 'b.png', boxes: [{ category: 2, bbox: [2, 2, 5.5, 4] }, { category: 1, bbox: [0, 0, 4, 4] }] }, // prettier-ignore
    { name: 'c.png', boxes: [] },
  ]);
  const file = path.join(set, 'annotations', 'instances.json');
  const json = JSON.parse(fs.readFileSync(file, 'utf8')) as {
    images: object[];
    annotations: Record<string, unknown>[];
  };
  Object.assign(json.images[0], { attributes: { weather: 'rain' } });
  Object.assign(json.annotations[0], { attributes: { pose: 'left', age: 3 } });
  Object.assign(json.annotations[1], { iscrowd: 1, segmentation: { size: [12, 16], counts: [30, 20, 142] } });
  fs.writeFileSync(file, JSON.stringify(json));
  await importFrom(core, set);
  const { store } = core.context.project();
  const [a, , c] = store.images.all();
  const zebra = store.classes.byName('zebra');
  const [box] = store.annotations.ofImage(a.id);
  const ring = (x: number, y: number, side: number): Point[] => [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]; // prettier-ignore
  await core.call('annotations.edit', {
    imageId: a.id,
    edits: [
      { do: 'change', id: box.id, hidden: true },
      { do: 'add', classId: null, shape: { kind: 'polygon', rings: [ring(1, 1, 9), ring(3, 3, 4)] } },
      { do: 'add', classId: zebra, shape: { kind: 'box', box: { x: 1, y: 2, width: 3, height: 4 } } },
      { do: 'add', classId: zebra, shape: { kind: 'box', box: { x: 1, y: 2, width: 3, height: 4 } } },
    ],
  });
  const [, outline] = store.annotations.ofImage(a.id);
  await core.call('annotations.edit', {
    imageId: a.id,
    edits: [{ do: 'change', id: outline.id, locked: true }],
  });
  await core.call('images.setClass', { id: c.id, classId: zebra });
  store.transaction(() => {
    for (const [i, part] of (['train', 'selection', 'test'] as const).entries())
      store.images.setSplit(store.images.all()[i].id, part);
  });
}

async function exported(core: TestCore, format: string, out: string): Promise<string> {
  fs.mkdirSync(out);
  const started = await core.call('exports.start', { format, folder: core.refer(out) });
  expect((await core.jobEnded(started)).error).toBeNull();
  return out;
}

describe('Fovea JSON', () => {
  it('holds a whole project: what was exported and imported is the same', async () => {
    const folder = scratchFolder();
    const core = startCore(path.join(folder, 'home'));
    await variedProject(core, folder);
    const before = contentOf(core);
    expect(before.classes.map(({ name }) => name)).toEqual(['zebra', 'unused', 'cat', 'dog']);
    expect(before.images[1].annotations[0]).toMatchObject({ isCrowd: true, shape: { kind: 'mask' } });
    expect(before.images[0].annotations.map((one) => [one.origin, one.hidden, one.locked])).toEqual([
      ['import', true, false],
      ['person', false, true],
      ['person', false, false],
      ['person', false, false],
    ]);
    const out = await exported(core, 'fovea', path.join(folder, 'out'));
    await core.call('projects.create', { name: 'Again' });
    const { warnings } = await importFrom(core, out);
    expect(warnings.map(({ code }) => code)).toEqual(['several-classes']);
    expect(contentOf(core)).toEqual(before);
  });
});

describe('a crowd', () => {
  it('is one in the project, and again in what is written as COCO, with what is said of its shapes', async () => {
    const folder = scratchFolder();
    const core = startCore(path.join(folder, 'home'));
    await variedProject(core, folder);
    const out = await exported(core, 'coco', path.join(folder, 'out'));
    const written = (part: string) =>
      JSON.parse(fs.readFileSync(path.join(out, 'annotations', `instances_${part}.json`), 'utf8')) as {
        annotations: { iscrowd: number; attributes?: object }[];
      };
    expect(written('val').annotations.map(({ iscrowd }) => iscrowd)).toEqual([1, 0]);
    expect(written('train').annotations.map(({ attributes }) => attributes)).toEqual([
      { pose: 'left', age: '3' },
      undefined,
      undefined,
    ]);
  });
});

describe('what is exported', () => {
  const start = async (core: TestCore, out: string, more: object) => {
    const id = await core.call('exports.start', { format: 'coco', folder: core.refer(out), ...more });
    const job = await core.jobEnded(id);
    if (job.error) throw new Error(job.error.message);
    return job.result as { images: number; annotations: number };
  };

  it('may be one part of the split and one class, counted before it is written', async () => {
    const folder = scratchFolder();
    const core = startCore(path.join(folder, 'home'));
    await variedProject(core, folder);
    const train = { include: { split: 'train' as const } };
    expect(await core.call('exports.losses', { format: 'coco', ...train })).toMatchObject({
      images: 1,
      annotations: 4,
    });
    const out = path.join(folder, 'out');
    fs.mkdirSync(out);
    expect(await start(core, out, { ...train, name: 'training set' })).toMatchObject({
      images: 1,
      annotations: 4,
    });
    expect(fs.readdirSync(path.join(out, 'training set', 'images'))).toEqual(['a.png']);
    await expect(start(core, out, { ...train, name: 'training set' })).rejects.toThrow('is there already');
    const zebra = core.context.project().store.classes.byName('zebra')!;
    expect(await core.call('exports.losses', { format: 'coco', include: { classId: zebra } })).toMatchObject({
      images: 1,
      annotations: 0,
    });
    await expect(start(core, out, { include: { text: 'nothing has it' } })).rejects.toThrow('no pictures');
  });

  it('links pictures without a copy, or leaves them where they are, and reads back either way', async () => {
    const folder = scratchFolder();
    const core = startCore(path.join(folder, 'home'));
    await variedProject(core, folder);
    const [linked, left] = ['linked', 'left'].map((name) => path.join(folder, name));
    fs.mkdirSync(linked);
    fs.mkdirSync(left);
    await start(core, linked, { pictures: 'link' });
    await start(core, left, { pictures: 'leave' });
    const original = path.join(folder, 'set', 'images');
    expect(fs.statSync(path.join(linked, 'images', 'a.png')).ino).toBe(
      fs.statSync(path.join(original, 'a.png')).ino,
    );
    expect(fs.readdirSync(path.join(left, 'images'))).toEqual([]);
    await core.call('projects.create', { name: 'Back' });
    const job = await core.jobEnded(
      await core.call('imports.start', { source: core.refer(left), images: core.refer(original) }),
    );
    // Of six, one has no class, and COCO holds none without.
    expect(job.result).toMatchObject({ images: 3, annotations: 5 });
    expect(
      await refusal(core, 'exports.start', {
        format: 'folders',
        folder: core.refer(left),
        pictures: 'leave',
      }),
    ).toBe('bad-input');
  });
});
