// Objects of a project on two kinds of ground: shares, attributes, pixels, and what cannot be made.

import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { decodeRgb, rasterize } from '../../../src-main/imaging/index.ts';
import { writeSample } from '../../../src-main/imaging/sample/index.ts';
import { writeWaterbirdsLike } from '../../../src-main/demo/waterbirds-like.ts';
import { keptOf, readAs } from '../formats/reading.ts';
import {
  classFolders,
  importFrom,
  scratchFolder,
  startCore,
  type TestCore,
} from '../services/scratch-core.ts';

let folder: string;
let core: TestCore;
beforeEach(async () => {
  folder = scratchFolder();
  core = startCore(path.join(folder, 'home'));
  await core.call('projects.create', { name: 'Objects' });
});
const options = { seed: 5, correlation: 0.9, sizePx: 32, backgrounds: null };

describe('objects on two kinds of ground', () => {
  it('stand on their class’s ground in training as often as asked, and half the time elsewhere', async () => {
    const sample = path.join(folder, 'sample');
    await writeSample(sample, { seed: 1, train: 80, selection: 16, test: 40 });
    await importFrom(core, sample);
    const out = path.join(folder, 'out');
    const made = await writeWaterbirdsLike(core.context, out, options);
    expect(made).toMatchObject({ pictures: 136, left: 0, grounds: ['land', 'water'] });
    const { images, warnings } = await readAs('coco', out);
    expect(warnings).toEqual([]);
    const share = (part: string, className: string) => {
      const own = images.filter(
        ({ split, annotations }) => split === part && annotations[0].className === className,
      );
      return own.filter(({ attributes }) => attributes!.background === 'land').length / own.length;
    };
    made.classes.forEach((name, i) => {
      expect(share('train', name)).toBeCloseTo(i % 2 === 0 ? 0.9 : 0.1, 10);
      expect(share('test', name)).toBe(0.5);
      expect(share('selection', name)).toBe(0.5);
    });
    // Inside the mask the object is as it was; a picture of the project has the same pixels there.
    const image = images.find(({ split }) => split === 'test')!;
    const mask = rasterize([keptOf(image.annotations[0].shape, 32, 32)], 32, 32, 32);
    const drawn = await decodeRgb(image.file, { width: 32, height: 32 });
    const originals = core.context
      .project()
      .store.images.all()
      .filter(({ split }) => split === 'test');
    const inside = (rgb: Uint8Array) =>
      Array.from(rgb)
        .filter((_, i) => mask[Math.floor(i / 3)] > 0)
        .join();
    const candidates = await Promise.all(
      originals.map(async ({ file }) => inside(await decodeRgb(file, { width: 32, height: 32 }))),
    );
    expect(candidates).toContain(inside(drawn));

    const again = path.join(folder, 'again');
    await writeWaterbirdsLike(core.context, again, options);
    const second = (await readAs('coco', again)).images.find(
      ({ relativePath }) => relativePath === image.relativePath,
    )!;
    expect(await decodeRgb(second.file, { width: 32, height: 32 })).toEqual(drawn);
  });

  it('keep their part of the project, and are dealt out where they have none', async () => {
    const sample = path.join(folder, 'sample');
    await writeSample(sample, { seed: 1, train: 40, selection: 8, test: 16 });
    await importFrom(core, sample);
    const { images } = core.context.project().store;
    const unassigned = images
      .all()
      .filter(({ split }) => split === 'train')
      .slice(0, 20);
    for (const { id } of unassigned) images.setSplit(id, null);
    const out = path.join(folder, 'out');
    expect(await writeWaterbirdsLike(core.context, out, options)).toMatchObject({
      pictures: 64,
      left: 0,
    });
    const made = (await readAs('coco', out)).images;
    const count = (part: string) => made.filter(({ split }) => split === part).length;
    // Of the five that each of four classes has among them, one is for the test and one to choose by.
    expect([count('train'), count('selection'), count('test')]).toEqual([32, 12, 20]);
  });

  it('take their grounds from two folders of pictures, and no other number', async () => {
    const sample = path.join(folder, 'sample');
    await writeSample(sample, { seed: 1, train: 8, selection: 4, test: 4 });
    await importFrom(core, sample);
    const backgrounds = await classFolders(path.join(folder, 'grounds'));
    const out = path.join(folder, 'out');
    const { grounds } = await writeWaterbirdsLike(core.context, out, { ...options, backgrounds });
    expect(grounds).toEqual(['cat', 'dog']);
    for (const [place, says] of [
      ['cat', /two folders/],
      ['cat/cat1.png', /is no folder/],
    ] as const)
      await expect(
        writeWaterbirdsLike(core.context, path.join(folder, 'no'), {
          ...options,
          backgrounds: path.join(backgrounds, place),
        }),
      ).rejects.toThrow(says);
  });

  it('need objects of two classes with masks', async () => {
    await importFrom(core, await classFolders(path.join(folder, 'plain')));
    await expect(writeWaterbirdsLike(core.context, path.join(folder, 'out'), options)).rejects.toMatchObject({
      code: 'bad-input',
    });
  });
});
