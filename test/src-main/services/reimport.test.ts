import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import Database from 'better-sqlite3';
import {
  coco,
  image,
  importFrom,
  scratchFolder,
  startCore,
  type CocoImage,
  type TestCore,
} from './scratch-core.ts';

const first: CocoImage[] = [
  {
    name: 'a.png',
    boxes: [
      { category: 1, bbox: [1, 1, 5, 5] },
      { category: 2, bbox: [9, 6, 5, 5] },
    ],
  },
];
/** With the first box at another place, of another class. */
const changed: CocoImage[] = [
  {
    name: 'a.png',
    boxes: [
      { category: 2, bbox: [2, 1, 5, 6] },
      { category: 2, bbox: [9, 6, 5, 5] },
    ],
  },
];
const without: CocoImage[] = [{ name: 'a.png', boxes: [{ category: 2, bbox: [9, 6, 5, 5] }] }];

async function imported(images = first) {
  const folder = scratchFolder();
  const core = startCore(path.join(folder, 'home'));
  await core.call('projects.create', { name: 'Animals' });
  const source = await coco(path.join(folder, 'set'), images);
  await importFrom(core, source);
  return { folder, core, source };
}

async function only(core: TestCore) {
  const [{ id }] = await core.call('images.page', { offset: 0, limit: 1 });
  return core.call('images.get', { id });
}
const boxesOf = async (core: TestCore) =>
  (await only(core)).annotations.map(({ shape, classId }) =>
    shape.kind === 'box'
      ? [classId, shape.box.x, shape.box.y, shape.box.width, shape.box.height]
      : shape.kind,
  );

describe('an import of a source that has changed', () => {
  it('updates what nobody changed here, as one step of undo', async () => {
    const { core, source } = await imported();
    const [before] = (await only(core)).annotations;
    await coco(source, changed);
    expect(await importFrom(core, source)).toMatchObject({
      annotations: 0,
      updated: 1,
      gone: 0,
      conflicts: 0,
    });
    expect(await boxesOf(core)).toEqual([
      [2, 2, 1, 5, 6],
      [2, 9, 6, 5, 5],
    ]);
    const { id, annotations, classId } = await only(core);
    expect(annotations[0].id).toBe(before.id);
    expect(classId).toBe(2);
    await core.call('annotations.undo', { imageId: id });
    expect((await boxesOf(core))[0]).toEqual([1, 1, 1, 5, 5]);
    // Said once: what a person took back stays so.
    expect(await importFrom(core, source)).toMatchObject({ updated: 0, conflicts: 0, annotations: 0 });
  });

  it('keeps what was changed in both as it is here, and reports it once', async () => {
    const { core, source } = await imported();
    const { id, annotations } = await only(core);
    await core.call('annotations.edit', {
      imageId: id,
      edits: [{ do: 'change', id: annotations[0].id, classId: null }],
    });
    const before = await boxesOf(core);
    await coco(source, changed);
    const report = await importFrom(core, source);
    expect(report).toMatchObject({ updated: 0, conflicts: 1, annotations: 0 });
    expect(report.warnings.filter(({ code }) => code === 'changed-in-both')).toMatchObject([
      { code: 'changed-in-both', file: 'images/a.png', message: expect.stringContaining('the box at 1, 1') },
    ]);
    expect(await boxesOf(core)).toEqual(before);
    expect(await importFrom(core, source)).toMatchObject({ updated: 0, conflicts: 0, annotations: 0 });
    expect(await boxesOf(core)).toEqual(before);
  });

  it('does not revive in another form what a person deleted', async () => {
    const { core, source } = await imported();
    const { id, annotations } = await only(core);
    await core.call('annotations.edit', { imageId: id, edits: [{ do: 'delete', id: annotations[0].id }] });
    await coco(source, changed);
    expect(await importFrom(core, source)).toMatchObject({ conflicts: 1, annotations: 0 });
    expect(await boxesOf(core)).toEqual([[2, 9, 6, 5, 5]]);
  });

  it('offers to remove what is gone from it, and removes that only when asked', async () => {
    const { core, source } = await imported();
    await coco(source, without);
    expect(await importFrom(core, source)).toMatchObject({ gone: 1, conflicts: 0 });
    expect(await boxesOf(core)).toHaveLength(2);
    const [record] = await core.call('imports.list', {});
    expect(record).toMatchObject({ gone: 1, concerned: 1, added: 0 });
    expect(await core.call('imports.removeGone', { id: record.id })).toEqual({ removed: 1 });
    expect(await boxesOf(core)).toEqual([[2, 9, 6, 5, 5]]);
    await core.call('annotations.undo', { imageId: (await only(core)).id });
    expect(await boxesOf(core)).toHaveLength(2);
  });

  it('does not offer what is gone from it and was changed here', async () => {
    const { core, source } = await imported();
    const { id, annotations } = await only(core);
    const shape = { kind: 'box' as const, box: { x: 1, y: 2, width: 5, height: 5 } };
    await core.call('annotations.edit', {
      imageId: id,
      edits: [{ do: 'change', id: annotations[0].id, shape }],
    });
    await coco(source, without);
    expect(await importFrom(core, source)).toMatchObject({ gone: 0, conflicts: 1 });
    expect(await importFrom(core, source)).toMatchObject({ gone: 0, conflicts: 0 });
    expect(await boxesOf(core)).toHaveLength(2);
  });

  it('follows it in a project that an older version imported', async () => {
    const { core, source } = await imported();
    const db = new Database(path.join(core.context.project().folder, 'project.sqlite'));
    db.exec('UPDATE import_key SET annotation_id = NULL, state = NULL, bounds = NULL, labels_id = NULL');
    db.close();
    await coco(source, changed);
    expect(await importFrom(core, source)).toMatchObject({ updated: 1, annotations: 0 });
    expect((await boxesOf(core))[0]).toEqual([2, 2, 1, 5, 6]);
  });

  it('leaves alone what other labels of the same pictures brought', async () => {
    const { core, source } = await imported();
    fs.writeFileSync(
      path.join(source, 'images', 'a.json'),
      JSON.stringify({
        version: '5.0.1',
        imagePath: 'a.png',
        imageWidth: 16,
        imageHeight: 12,
        imageData: null,
        shapes: [
          {
            label: 'cow',
            shape_type: 'rectangle',
            points: [
              [3, 3],
              [8, 8],
            ],
          },
        ],
      }),
    );
    const report = await importFrom(core, source, 'labelme');
    expect(report).toMatchObject({ annotations: 1, updated: 0, gone: 0, conflicts: 0 });
    expect(await boxesOf(core)).toHaveLength(3);
  });
});

describe('a picture that was moved within its folder', () => {
  it('keeps its shapes', async () => {
    const { core, source } = await imported();
    const { id, annotations } = await only(core);
    fs.renameSync(path.join(source, 'images', 'a.png'), path.join(source, 'images', 'renamed.png'));
    const json = path.join(source, 'annotations', 'instances.json');
    fs.writeFileSync(json, fs.readFileSync(json, 'utf8').replace('a.png', 'renamed.png'));
    expect(await importFrom(core, source)).toMatchObject({ images: 0, unchanged: 1, annotations: 0 });
    const after = await only(core);
    expect([after.id, after.name, after.missing]).toEqual([id, 'renamed.png', false]);
    expect(after.annotations).toEqual(annotations);
  });
});

describe('the report of an import', () => {
  it('is kept, with a filter for the pictures that it brought and those that it names', async () => {
    const { folder, core } = await imported();
    const more = await coco(path.join(folder, 'more'), [
      { name: 'out.png', boxes: [{ category: 1, bbox: [90, 90, 5, 5] }] },
    ]);
    await image(path.join(more, 'images', 'out.png'), 77);
    const report = await importFrom(core, more);
    const [last, earlier] = await core.call('imports.list', {});
    expect(last.report).toEqual(report);
    expect(last).toMatchObject({ added: 1, concerned: 1, gone: 0 });
    expect(earlier).toMatchObject({ added: 1, concerned: 0 });
    const names = async (which: 'added' | 'concerned', id = last.id) =>
      (await core.call('images.page', { offset: 0, limit: 9, filter: { import: { id, which } } })).map(
        ({ name }) => name,
      );
    expect(await names('concerned')).toEqual(['out.png']);
    expect(await names('added')).toEqual(['out.png']);
    expect(await names('added', earlier.id)).toEqual(['a.png']);
  });

  it('of an older version is not known', async () => {
    const { core } = await imported();
    const db = new Database(path.join(core.context.project().folder, 'project.sqlite'));
    db.exec('UPDATE import SET report = NULL, last_image = NULL, labels_id = NULL');
    db.close();
    expect(await core.call('imports.list', {})).toMatchObject([{ report: null, added: 0, concerned: 0 }]);
  });
});
