// The picture on the canvas over a real core: what one edit costs, and that counts kept by hand are those of the core.

import path from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { PreloadApi } from '../../../src-renderer/bridge/preload-transport.ts';
import type { AnnotationId, ClassId, EventName, Method, Shape } from '../../../src-main/contracts/index.ts';
import {
  coco,
  importFrom,
  scratchFolder,
  startCore,
  type TestCore,
} from '../../src-main/services/scratch-core.ts';

let core: TestCore;
const calls: Method[] = [];
const api: Pick<PreloadApi, 'call' | 'on'> = {
  call: (_id, method, input) => {
    calls.push(method);
    return core.handle(method, input);
  },
  on: (_event: EventName) => () => undefined,
};
Object.assign(globalThis, { window: { fovea: api } });
const { image } = await import('../../../src-renderer/state/image.svelte.ts');
const { images } = await import('../../../src-renderer/state/images.svelte.ts');
const { project } = await import('../../../src-renderer/state/project.svelte.ts');
const { app } = await import('../../../src-renderer/state/app.svelte.ts');

/** Three pictures: a cat with a box, one of both, and one with nothing. The last is open. */
async function opened(): Promise<{ cat: ClassId; dog: ClassId }> {
  const folder = scratchFolder();
  core = startCore(path.join(folder, 'home'));
  await core.call('projects.create', { name: 'Animals' });
  await importFrom(
    core,
    await coco(path.join(folder, 'coco'), [
      { name: 'a.png', boxes: [{ category: 1, bbox: [1, 1, 4, 4] }] },
      {
        name: 'b.png',
        boxes: [
          { category: 1, bbox: [1, 1, 4, 4] },
          { category: 2, bbox: [6, 6, 4, 4] },
        ],
      },
      { name: 'c.png', boxes: [] },
    ]),
  );
  await project.load();
  await images.refresh();
  image.onchanged = (record) => images.put(record);
  const last = await images.record(2);
  await image.open(last!.id);
  onTestFinished(() => image.close());
  // Where the person was is told in passing.
  await vi.waitUntil(() => calls.includes('projects.seen'));
  await project.load();
  calls.length = 0;
  const [cat, dog] = project.classes.map(({ id }) => id);
  return { cat: cat!, dog: dog! };
}
const polygon: Shape = {
  kind: 'polygon',
  rings: [
    [
      [0, 0],
      [4, 0],
      [4, 4],
    ],
  ],
};
const box = (x: number): Shape => ({ kind: 'box', box: { x, y: 1, width: 5, height: 5 } });

/** All that was asked since, also what waits a moment first. */
async function costs(): Promise<Method[]> {
  await image.settled();
  await new Promise((resolve) => setTimeout(resolve, 400));
  return calls.splice(0);
}
/** What the window shows is what the core would say, were it asked. */
async function expectTrue(): Promise<void> {
  expect(project.current).toEqual(await core.call('projects.current', {}));
  const { id } = image.detail!;
  const stored = await core.call('images.get', { id });
  expect(image.detail).toEqual(stored);
  expect([image.annotations, image.canUndo, image.canRedo]).toEqual([
    stored.annotations,
    stored.canUndo,
    stored.canRedo,
  ]);
  const [listed] = await core.call('images.page', { offset: 2, limit: 1 });
  expect(images.at(2)).toEqual(listed);
  for (const has of ['box', 'no-box', 'mask'] as const)
    expect(images.counts![has]).toBe((await core.call('images.count', { filter: { has } })).images);
  expect(app.saveFailed).toBe(false);
}

it('costs one call an edit, undo, redo or class, with all counts right after each', async () => {
  const { cat, dog } = await opened();
  image.edit([{ do: 'add', classId: cat, shape: box(1) }], true);
  expect(await costs()).toEqual(['annotations.edit']);
  await expectTrue();
  // The picture took the class that its one shape has.
  expect(image.detail!.classId).toBe(cat);

  const [id] = image.selection as ReadonlySet<AnnotationId>;
  image.edit([{ do: 'change', id: id!, classId: dog }]);
  image.edit([{ do: 'add', classId: null, shape: polygon }]);
  expect(await costs()).toEqual(['annotations.edit', 'annotations.edit']);
  await expectTrue();

  for (const [act, method] of [
    [() => image.undo(), 'annotations.undo'],
    [() => image.redo(), 'annotations.redo'],
    [() => void image.setClass(cat), 'images.setClass'],
    [() => image.undo(), 'annotations.undo'],
    [() => image.edit([{ do: 'delete', id: id! }]), 'annotations.edit'],
  ] as const) {
    act();
    expect(await costs()).toEqual([method]);
    await expectTrue();
  }
});

it('asks what it does not know only when the picture was left before the answer', async () => {
  const { cat } = await opened();
  image.edit([{ do: 'add', classId: cat, shape: box(2) }]);
  image.close();
  expect(await costs()).toEqual(['annotations.edit', 'projects.current']);
  expect(project.current).toEqual(await core.call('projects.current', {}));
});

it('takes a refused edit back and shows what the core has', async () => {
  const { cat } = await opened();
  vi.spyOn(app, 'sayProblem').mockImplementation(() => undefined);
  image.edit([{ do: 'add', classId: cat, shape: box(900) }]);
  await costs();
  expect(image.annotations).toEqual([]);
  expect(app.saveFailed).toBe(true);
  image.edit([{ do: 'add', classId: cat, shape: box(1) }]);
  await costs();
  await expectTrue();
});
