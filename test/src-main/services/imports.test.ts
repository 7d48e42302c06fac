import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { areaOfRle } from '../../../src-main/imaging/index.ts';
import type { Core } from '../../../src-main/core/core.ts';
import { classFolders, coco, importFrom, image, scratchFolder, startCore } from './scratch-core.ts';

/** All that a person sees of a project: pictures with class and split, and their shapes. */
async function everything(core: Core) {
  const page = await core.call('images.page', { offset: 0, limit: 500 });
  return Promise.all(page.map(({ id }) => core.call('images.get', { id })));
}

async function openProject() {
  const folder = scratchFolder();
  const core = startCore(path.join(folder, 'home'));
  await core.call('projects.create', { name: 'Animals' });
  return { folder, core };
}

const twoImages = [
  {
    name: 'one.png',
    boxes: [
      { category: 1, bbox: [1, 1, 4, 4] as [number, number, number, number] },
      { category: 1, bbox: [8, 2, 4, 4] as [number, number, number, number] },
    ],
  },
  { name: 'two.png', boxes: [{ category: 2, bbox: [2, 2, 6, 6] as [number, number, number, number] }] },
];

describe('the report of an import', () => {
  it('says what was seen, what was taken, and what was not, by reason', async () => {
    const { folder, core } = await openProject();
    const place = await classFolders(path.join(folder, 'animals'));
    const put = (name: string) => fs.writeFileSync(path.join(place, name), 'x');
    for (const name of ['cat/a.HEIC', 'cat/b.dng', 'v.mp4', 'more.zip', 'notes.txt', 'x.tfrecord', '.hidden'])
      put(name);
    await image(path.join(folder, 'outside.png'), 9);
    fs.symlinkSync(path.join(folder, 'outside.png'), path.join(place, 'cat', 'link.png'));
    fs.writeFileSync(path.join(place, 'cat', 'broken.png'), 'no picture');
    const { seen, taken, left } = await importFrom(core, place);
    expect(seen).toEqual({ files: 13, pictures: 7 });
    expect(taken).toEqual({ pictures: 6, annotationFiles: 0 });
    expect(left.map(({ reason, count, examples }) => `${count} ${reason}: ${examples.join()}`)).toEqual([
      '1 .heic pictures, which cannot be decoded here: cat/a.HEIC',
      '1 .dng pictures, which cannot be decoded here: cat/b.dng',
      '1 .zip archives, which are not looked into: more.zip',
      '1 .txt files that this format does not read; they may hold labels: notes.txt',
      '1 .mp4 videos: v.mp4',
      '1 .tfrecord files, of a kind that is not known: x.tfrecord',
      '1 links that lead out of the folder: cat/link.png',
      '1 hidden files and folders: .hidden',
      expect.stringMatching(/^1 pictures that cannot be read: cat\/broken.png: /),
    ]);
  });

  it('is empty only where all of it was taken', async () => {
    const { folder, core } = await openProject();
    const { left, seen } = await importFrom(core, await classFolders(path.join(folder, 'animals')));
    expect(seen).toEqual({ files: 6, pictures: 6 });
    expect(left).toEqual([]);
  });

  it('names a copy of an annotation file, whose shapes count once', async () => {
    const { folder, core } = await openProject();
    const place = await coco(path.join(folder, 'set'), twoImages);
    const [json] = fs
      .readdirSync(place, { recursive: true })
      .filter((file) => String(file).endsWith('.json'));
    const beside = path.join(place, path.dirname(String(json)), 'instances (copy).json');
    fs.copyFileSync(path.join(place, String(json)), beside);
    const { annotations, left } = await importFrom(core, place);
    expect(annotations).toBe(3);
    expect(left.map(({ reason, count }) => `${count} ${reason}`)).toEqual(['1 copies of an annotation file']);
  });
});

describe('an import', () => {
  it('brings pictures, classes and counts of class folders', async () => {
    const { folder, core } = await openProject();
    const result = await importFrom(core, await classFolders(path.join(folder, 'animals')));
    expect(result).toMatchObject({ format: 'folders', images: 6, annotations: 0, classes: 2, unchanged: 0 });
    expect(result.warnings).toEqual([]);
    const { classes, counts } = (await core.call('projects.current', {}))!;
    expect(classes.map(({ name, pictures: images }) => [name, images])).toEqual([
      ['cat', 3],
      ['dog', 3],
    ]);
    expect(counts.images).toBe(6);
  });

  it('gives a picture the one class of its boxes, none when they are of several, and says how many', async () => {
    const { folder, core } = await openProject();
    const mixed = { name: 'three.png', boxes: [...twoImages[0].boxes, ...twoImages[1].boxes] };
    const result = await importFrom(core, await coco(path.join(folder, 'coco'), [...twoImages, mixed]));
    expect(result).toMatchObject({ images: 3, annotations: 6, classes: 2 });
    const classes = (await everything(core)).map(({ name, classId }) => [name, classId]);
    expect(classes).toEqual([
      ['one.png', 1],
      ['two.png', 2],
      ['three.png', null],
    ]);
    expect(result.warnings.filter(({ code }) => code === 'several-classes')).toMatchObject([
      { message: expect.stringMatching(/^1 pictures? /) },
    ]);
  });

  it('of the same files again changes nothing', async () => {
    const { folder, core } = await openProject();
    const source = await coco(path.join(folder, 'coco'), twoImages);
    await importFrom(core, source);
    const before = await everything(core);
    expect(await importFrom(core, source)).toMatchObject({ images: 0, annotations: 0, unchanged: 2 });
    expect(await everything(core)).toEqual(before);
  });

  it('again neither revives what a person deleted nor doubles what a person moved', async () => {
    const { folder, core } = await openProject();
    const source = await coco(path.join(folder, 'coco'), twoImages);
    await importFrom(core, source);
    const [one] = await everything(core);
    const [gone, moved] = one.annotations;
    await core.call('annotations.edit', {
      imageId: one.id,
      edits: [
        { do: 'delete', id: gone.id },
        { do: 'change', id: moved.id, shape: { kind: 'box', box: { x: 3, y: 3, width: 5, height: 5 } } },
      ],
    });
    const before = await everything(core);
    await importFrom(core, source);
    expect(await everything(core)).toEqual(before);
  });

  it('brings what was added to the files since', async () => {
    const { folder, core } = await openProject();
    const source = path.join(folder, 'coco');
    await importFrom(core, await coco(source, twoImages.slice(0, 1)));
    expect(await importFrom(core, await coco(source, twoImages))).toMatchObject({
      images: 1,
      annotations: 1,
      unchanged: 1,
    });
  });

  it('of a folder that was moved finds its pictures again', async () => {
    const { folder, core } = await openProject();
    const source = await coco(path.join(folder, 'here'), twoImages);
    await importFrom(core, source);
    const before = await everything(core);
    fs.renameSync(source, path.join(folder, 'there'));
    expect(await importFrom(core, path.join(folder, 'there'))).toMatchObject({ images: 0, unchanged: 2 });
    expect(await everything(core)).toEqual(before);
    expect((await core.media('image', before[0].id))!.file).toContain('there');
  });

  it('keeps two pictures of the same bytes apart', async () => {
    const { folder, core } = await openProject();
    await image(path.join(folder, 'twins', 'cat', 'a.png'), 1);
    await image(path.join(folder, 'twins', 'dog', 'b.png'), 1);
    expect(await importFrom(core, path.join(folder, 'twins'))).toMatchObject({ images: 2, classes: 2 });
    expect(await importFrom(core, path.join(folder, 'twins'))).toMatchObject({ images: 0, unchanged: 2 });
  });

  it('leaves out what is no picture, and what lies outside its picture, and says which', async () => {
    const { folder, core } = await openProject();
    const source = await coco(path.join(folder, 'coco'), [
      ...twoImages,
      { name: 'empty.png', boxes: [] },
      { name: 'liar.png', boxes: [] },
      {
        name: 'odd.png',
        boxes: [
          { category: 1, bbox: [100, 100, 5, 5] },
          { category: 1, bbox: [10, 8, 20, 20] },
          { category: 1, bbox: [1, 1, 0, 5] },
        ],
      },
    ]);
    fs.writeFileSync(path.join(source, 'images', 'empty.png'), '');
    fs.writeFileSync(path.join(source, 'images', 'liar.png'), 'This is a letter, not a picture.');
    const result = await importFrom(core, source);
    expect(result).toMatchObject({ images: 3, annotations: 4 });
    const shown = result.warnings.map(({ code, file }) => [code, path.basename(file)]);
    expect(shown).toEqual(
      expect.arrayContaining([
        ['bad-picture', 'empty.png'],
        ['bad-picture', 'liar.png'],
        ['dropped-box', 'odd.png'],
        ['clipped-box', 'odd.png'],
      ]),
    );
    const odd = (await everything(core)).find(({ name }) => name === 'odd.png')!;
    expect(odd.annotations.map(({ shape }) => shape)).toEqual([
      { kind: 'box', box: { x: 10, y: 8, width: 6, height: 4 } },
    ]);
  });

  it('of damaged annotations changes nothing and says where the damage is', async () => {
    const { folder, core } = await openProject();
    const source = await coco(path.join(folder, 'coco'), twoImages);
    const file = path.join(source, 'annotations', 'instances.json');
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').slice(0, -40));
    const id = await core.call('imports.start', { source: core.refer(source), format: 'coco' });
    const job = await core.jobEnded(id);
    expect(job.state).toBe('failed');
    expect(job.error).toMatchObject({ code: 'bad-file', detail: { file: 'annotations/instances.json' } });
    expect(job.error!.detail.place).toMatch(/\d/);
    expect((await core.call('projects.current', {}))!.counts.images).toBe(0);
    expect((await core.call('projects.current', {}))!.classes).toEqual([]);
  });

  it('of a list with a picture twice is refused by line', async () => {
    const { folder, core } = await openProject();
    const source = await classFolders(path.join(folder, 'birds'));
    const rows = ['img_filename,y,split', 'cat/cat1.png,0,0', 'dog/dog1.png,1,0', 'cat/cat1.png,0,2'];
    fs.writeFileSync(path.join(source, 'metadata.csv'), rows.join('\n'));
    await expect(importFrom(core, source)).rejects.toThrow(
      'metadata.csv, line 4: the picture cat/cat1.png is listed twice',
    );
    expect((await core.call('projects.current', {}))!.counts.images).toBe(0);
  });

  it('that finds nothing is an error', async () => {
    const { folder, core } = await openProject();
    fs.mkdirSync(path.join(folder, 'nothing'));
    await expect(importFrom(core, path.join(folder, 'nothing'))).rejects.toThrow(/nothing/);
  });

  it('that is cancelled changes nothing', async () => {
    const { folder, core } = await openProject();
    const source = await classFolders(path.join(folder, 'animals'), 40);
    const id = await core.call('imports.start', { source: core.refer(source) });
    await core.call('jobs.cancel', { id });
    expect((await core.jobEnded(id)).state).toBe('cancelled');
    expect((await core.call('projects.current', {}))!.counts.images).toBe(0);
  });

  it('goes on when the process that looks at pictures is killed', async () => {
    const { folder, core } = await openProject();
    const source = await classFolders(path.join(folder, 'animals'), 60);
    // A worker that ends itself upon one picture, as a decoder that crashes would.
    const entry = path.join(folder, 'fragile.mjs');
    const real = new URL('../../../src-main/worker/main.ts', import.meta.url).href;
    fs.writeFileSync(
      entry,
      `process.on('message', (m) => { if (m.input?.image?.file.endsWith('cat7.png')) process.kill(process.pid, 'SIGKILL'); });
       await import(${JSON.stringify(real)});`,
    );
    await core.close();
    const fragile = startCore(path.join(folder, 'home2'), { worker: { node: process.execPath, entry } });
    await fragile.call('projects.create', { name: 'Animals' });
    const result = await importFrom(fragile, source);
    expect(result.images).toBe(119);
    expect(result.warnings).toEqual([
      {
        code: 'bad-picture',
        file: 'cat/cat7.png',
        message: 'it cannot be decoded: ended by SIGKILL',
      },
    ]);
  });

  it('is refused in a line, and changes nothing, when the process that reads the annotations is killed', async () => {
    const { folder, core } = await openProject();
    const source = await classFolders(path.join(folder, 'animals'));
    const entry = path.join(folder, 'fragile.mjs');
    const real = new URL('../../../src-main/worker/main.ts', import.meta.url).href;
    fs.writeFileSync(
      entry,
      `process.on('message', (m) => { if (m.call === 'nextImages') process.abort(); });
       await import(${JSON.stringify(real)});`,
    );
    await core.close();
    const fragile = startCore(path.join(folder, 'home2'), { worker: { node: process.execPath, entry } });
    await fragile.call('projects.create', { name: 'Animals' });
    await expect(importFrom(fragile, source)).rejects.toThrow(
      /^animals: reading it took too much memory or time: ended by SIGABRT/,
    );
    expect((await fragile.call('images.count', {})).images).toBe(0);
  });

  it('keeps COCO parts that overlap as their union at the real size', async () => {
    const { folder, core } = await openProject();
    const source = path.join(folder, 'parts');
    fs.mkdirSync(path.join(source, 'images'), { recursive: true });
    await image(path.join(source, 'images', 'a.png'), 1, 100, 80);
    const part = (x: number, y: number) => [x, y, x + 30, y, x + 30, y + 30, x, y + 30];
    fs.writeFileSync(
      path.join(source, 'labels.json'),
      JSON.stringify({
        images: [{ id: 1, file_name: 'a.png', width: -1, height: -1 }],
        annotations: [{ id: 1, image_id: 1, category_id: 1, segmentation: [part(10, 10), part(20, 20)] }],
        categories: [{ id: 1, name: 'x' }],
      }),
    );
    await importFrom(core, source, 'coco');
    const [{ id }] = await core.call('images.page', { offset: 0, limit: 1 });
    const { annotations } = await core.call('images.get', { id });
    expect(annotations.length).toBeGreaterThan(0);
    for (const { shape } of annotations) {
      expect(shape).toMatchObject({ kind: 'mask', rle: { width: 100, height: 80 } });
      expect(shape.kind === 'mask' && areaOfRle(shape.rle)).toBe(1400);
    }
  });
});

describe('the preview of an import', () => {
  it('shows pictures with their shapes, and changes nothing', async () => {
    const { folder, core } = await openProject();
    const source = await coco(path.join(folder, 'coco'), [
      ...twoImages,
      ...Array.from({ length: 10 }, (_, i) => ({ name: `empty${i}.png`, boxes: [] })),
    ]);
    const preview = await core.call('imports.preview', { source: core.refer(source), format: 'coco' });
    expect(preview.pictures).toBe(12);
    expect(preview.images).toHaveLength(2);
    expect(preview.images[0]).toMatchObject({ widthPx: 16, heightPx: 12, hidden: 0 });
    expect(preview.images[0].thumbnail).toMatch(/^data:image\/webp;base64,/);
    const [{ className, rings }] = preview.images[0].shapes;
    expect([typeof className, rings[0].length]).toEqual(['string', 4]);
    expect((await core.call('projects.current', {}))!.counts.images).toBe(0);
  });

  it('shows nine of pictures that nothing is drawn on', async () => {
    const { folder, core } = await openProject();
    const source = await classFolders(path.join(folder, 'plain'), 8);
    const preview = await core.call('imports.preview', { source: core.refer(source), format: 'auto' });
    expect(preview.images.map(({ shapes }) => shapes)).toEqual(Array.from({ length: 9 }, () => []));
  });
});
