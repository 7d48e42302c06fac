import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Edit } from '../../../src-main/contracts/annotations.ts';
import type { AnnotationId, ClassId, ImageId } from '../../../src-main/contracts/ids.ts';
import {
  classFolders,
  importFrom,
  refusal,
  scratchFolder,
  startCore,
  type TestCore,
} from './scratch-core.ts';

async function withImage() {
  const folder = scratchFolder();
  const core = startCore(path.join(folder, 'home'));
  await core.call('projects.create', { name: 'Animals' });
  await importFrom(core, await classFolders(path.join(folder, 'animals'), 1));
  const [{ id }] = await core.call('images.page', { offset: 0, limit: 1 });
  return { folder, core, id };
}

const add = (x: number, classId: ClassId | null = null): Edit => ({
  do: 'add',
  classId,
  shape: { kind: 'box', box: { x, y: 1, width: 4, height: 4 } },
});
const edit = (core: TestCore, imageId: ImageId, ...edits: Edit[]) =>
  core.call('annotations.edit', { imageId, edits });

describe('drawing', () => {
  it('answers with what is on disk, and says that it was saved', async () => {
    const { core, id } = await withImage();
    const { annotations, canUndo, canRedo, image } = await edit(core, id, add(1), add(6, 1 as ClassId));
    expect(annotations.map(({ shape, classId, origin }) => [shape.kind, classId, origin])).toEqual([
      ['box', null, 'person'],
      ['box', 1, 'person'],
    ]);
    expect([canUndo, canRedo, image.boxes, image.classId]).toEqual([true, false, 2, 1]);
    expect(core.heard.some(({ event }) => event === 'saved')).toBe(true);
  });

  it('cuts off what reaches over the edge', async () => {
    const { core, id } = await withImage();
    const { annotations } = await edit(core, id, {
      do: 'add',
      classId: null,
      shape: { kind: 'box', box: { x: -3, y: 8, width: 10, height: 10 } },
    });
    expect(annotations[0].shape).toEqual({ kind: 'box', box: { x: 0, y: 8, width: 7, height: 4 } });
  });

  it.each<[string, Edit, string]>([
    ['a box outside the picture', add(50), 'bad-input'],
    [
      'a box without area',
      { do: 'add', classId: null, shape: { kind: 'box', box: { x: 1, y: 1, width: 0, height: 3 } } },
      'bad-input',
    ],
    [
      'a mask of another size',
      { do: 'add', classId: null, shape: { kind: 'mask', rle: { width: 5, height: 5, counts: [0, 25] } } },
      'bad-input',
    ],
    ['a class that is not there', add(1, 99 as ClassId), 'not-found'],
    ['a shape that is not there', { do: 'delete', id: 12345 as AnnotationId }, 'not-found'],
    [
      'a box of nonsense',
      { do: 'add', classId: null, shape: { kind: 'box', box: { x: NaN, y: 1, width: 1, height: 1 } } },
      'bad-input',
    ],
  ])('refuses %s, and with it the whole step', async (_, bad, code) => {
    const { core, id } = await withImage();
    expect(await refusal(core, 'annotations.edit', { imageId: id, edits: [add(1), bad] })).toBe(code);
    const { annotations, canUndo } = await core.call('images.get', { id });
    expect([annotations, canUndo]).toEqual([[], false]);
  });

  it('refuses to change a shape by way of another picture', async () => {
    const { core, id } = await withImage();
    const [, other] = await core.call('images.page', { offset: 0, limit: 2 });
    const { annotations } = await edit(core, id, add(1));
    expect(
      await refusal(core, 'annotations.edit', {
        imageId: other.id,
        edits: [{ do: 'delete', id: annotations[0].id }],
      }),
    ).toBe('not-found');
  });
});

describe('undo and redo', () => {
  it('walk through every state in both directions, also after a restart', async () => {
    const { folder, core, id } = await withImage();
    const states = [(await core.call('images.get', { id })).annotations];
    const note = ({ annotations }: { annotations: (typeof states)[0] }) => states.push(annotations);
    note(await edit(core, id, add(1), add(2)));
    const [first, second] = states[1];
    note(await edit(core, id, { do: 'change', id: first.id, classId: 2 as ClassId, locked: true }));
    note(await edit(core, id, { do: 'delete', id: second.id }, add(7)));
    note(
      await edit(core, id, {
        do: 'change',
        id: first.id,
        shape: { kind: 'box', box: { x: 0, y: 0, width: 3, height: 3 } },
      }),
    );
    for (const state of states.slice(0, -1).toReversed())
      expect((await core.call('annotations.undo', { imageId: id }))!.annotations).toEqual(state);
    expect(await core.call('annotations.undo', { imageId: id })).toBeNull();

    const { id: projectId } = (await core.call('projects.current', {}))!;
    await core.close();
    const again = startCore(path.join(folder, 'home'));
    await again.call('projects.open', { id: projectId });
    for (const state of states.slice(1))
      expect((await again.call('annotations.redo', { imageId: id }))!.annotations).toEqual(state);
    expect(await again.call('annotations.redo', { imageId: id })).toBeNull();
  });

  it('forget what was undone once something else is done', async () => {
    const { core, id } = await withImage();
    await edit(core, id, add(1));
    await core.call('annotations.undo', { imageId: id });
    await edit(core, id, add(5));
    expect(await core.call('annotations.redo', { imageId: id })).toBeNull();
    expect((await core.call('annotations.undo', { imageId: id }))!.annotations).toEqual([]);
  });

  it('take back the class of a picture, too', async () => {
    const { core, id } = await withImage();
    expect((await core.call('images.setClass', { id, classId: 2 as ClassId })).image.classId).toBe(2);
    await core.call('annotations.undo', { imageId: id });
    expect((await core.call('images.get', { id })).classId).toBe(1);
    await core.call('annotations.redo', { imageId: id });
    expect((await core.call('images.get', { id })).classId).toBe(2);
  });

  it('bring a shape back without its class when that was deleted since', async () => {
    const { core, id } = await withImage();
    const { classes } = await core.call('classes.create', { name: 'cow' });
    const cow = classes.find(({ name }) => name === 'cow')!.id;
    const { annotations } = await edit(core, id, add(1, cow));
    await edit(core, id, { do: 'delete', id: annotations[0].id });
    await core.call('classes.delete', { id: cow });
    const outcome = await core.call('annotations.undo', { imageId: id });
    expect(outcome!.annotations).toEqual([{ ...annotations[0], classId: null }]);
  });
});

describe('the class of a picture without one of its own', () => {
  it('follows its boxes', async () => {
    const folder = scratchFolder();
    const core = startCore(path.join(folder, 'home'));
    await core.call('projects.create', { name: 'Flat' });
    const source = path.join(folder, 'flat');
    const { image } = await import('./scratch-core.ts');
    await image(path.join(source, 'a.png'), 1);
    await importFrom(core, source);
    const [{ id, classId }] = await core.call('images.page', { offset: 0, limit: 1 });
    expect(classId).toBeNull();
    const { classes } = await core.call('classes.create', { name: 'cat' });
    await edit(core, id, add(1, classes[0].id));
    expect((await core.call('images.get', { id })).classId).toBe(classes[0].id);
    await core.call('annotations.undo', { imageId: id });
    expect((await core.call('images.get', { id })).classId).toBeNull();
  });
});

describe('attributes', () => {
  it('of a picture are set, listed, and taken back by undo', async () => {
    const { core, id } = await withImage();
    const set = await core.call('images.setAttributes', { id, attributes: { weather: 'rain', people: '3' } });
    expect(set.attributes).toEqual({ weather: 'rain', people: '3' });
    expect(await core.call('images.attributes', {})).toEqual({
      pictures: [
        { name: 'people', values: ['3'] },
        { name: 'weather', values: ['rain'] },
      ],
      shapes: [],
    });
    await core.call('images.setAttributes', { id, attributes: { weather: 'sun' } });
    expect((await core.call('images.get', { id })).attributes).toEqual({ weather: 'sun' });
    await core.call('annotations.undo', { imageId: id });
    expect((await core.call('images.get', { id })).attributes).toEqual({ weather: 'rain', people: '3' });
    await core.call('annotations.undo', { imageId: id });
    const redone = await core.call('annotations.redo', { imageId: id });
    expect(redone!.attributes).toEqual({ weather: 'rain', people: '3' });
  });

  it('of a shape and its crowd flag are one undo step with the rest', async () => {
    const { core, id } = await withImage();
    const { annotations } = await edit(core, id, add(1));
    const [{ id: shape }] = annotations;
    const said = { occluded: 'yes' };
    const changed = await edit(core, id, { do: 'change', id: shape, attributes: said, isCrowd: true });
    expect(changed.annotations[0]).toMatchObject({ attributes: said, isCrowd: true, origin: 'person' });
    const undone = await core.call('annotations.undo', { imageId: id });
    expect(undone!.annotations[0]).toMatchObject({ attributes: {}, isCrowd: false });
    const redone = await core.call('annotations.redo', { imageId: id });
    expect(redone!.annotations[0]).toMatchObject({ attributes: said, isCrowd: true });
    expect((await core.call('images.attributes', {})).shapes).toEqual([
      { name: 'occluded', values: ['yes'] },
    ]);
  });

  it('are refused with a line break or without a name', async () => {
    const { core, id } = await withImage();
    const wrong: Record<string, string>[] = [{ '': 'x' }, { a: 'one\ntwo' }, { a: 'x'.repeat(201) }];
    for (const attributes of wrong)
      expect(await refusal(core, 'images.setAttributes', { id, attributes })).toBe('bad-input');
  });
});
