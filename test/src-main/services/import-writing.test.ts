import path from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { tidyImports, writeImport, type Ready } from '../../../src-main/services/import-writing.ts';
import { scratchFolder, startCore, type TestCore } from './scratch-core.ts';

const SHAPES = 4;

/** As if it had been read and looked at; enough for several turns. */
const ready = (count: number, className = (index: number): string => `class ${index % 3}`): Ready[] =>
  Array.from({ length: count }, (_, index) => ({
    image: {
      file: `/nowhere/${index}.png`,
      relativePath: `${index}.png`,
      className: null,
      split: null,
      attributes: { side: index % 2 === 0 ? 'left' : 'right' },
      annotations: [],
      declaredSize: null,
      recordPlace: { file: 'all.json', place: `images[${index}]` },
    } as unknown as Ready['image'],
    probe: {
      contentHash: index.toString(16).padStart(64, '0'),
      widthPx: 640,
      heightPx: 480,
      sizeBytes: 1000,
      format: 'png',
    },
    modifiedMs: 1,
    annotations: Array.from({ length: SHAPES }, (_, number) => ({
      className: className(index),
      place: `annotations[${number}]`,
      shape: { kind: 'box' as const, box: { x: number, y: 1, width: 5, height: 5 } },
    })),
  }));

async function open(folder = scratchFolder()) {
  const core = startCore(path.join(folder, 'home'));
  await core.call('projects.create', { name: 'Animals' });
  return { folder, core, project: core.context.project() };
}

/** @param during  called once, when about a third is written */
async function write(
  core: TestCore,
  images: Ready[],
  during?: (abort: AbortController) => Promise<unknown> | void,
) {
  const abort = new AbortController();
  let between: Promise<unknown> | void = undefined;
  const handle = {
    signal: abort.signal,
    secondsLeft: () => undefined,
    progress(done: number) {
      if (during && done > images.length / 3) {
        between = during(abort);
        during = undefined;
      }
    },
  };
  const written = writeImport(
    core.context.project(),
    { root: '/nowhere', format: 'coco', classes: [], labels: 'coco|' },
    images,
    {
      warn: () => undefined,
      concerns: () => false,
      report: (written) => ({
        format: 'coco',
        ...written,
        seen: { files: 0, pictures: 0 },
        taken: { pictures: 0, annotationFiles: 0 },
        left: [],
        warnings: [],
      }),
    },
    handle,
  );
  await written.catch(() => undefined);
  await between;
  return written;
}

const counts = async (core: TestCore) => (await core.call('projects.current', {}))!;
/** Rows of tables as they are, shown or not. */
function rows(core: TestCore) {
  const db = new Database(path.join(core.context.project().folder, 'project.sqlite'), { readonly: true });
  try {
    return Object.fromEntries(
      ['image', 'annotation', 'import_key', 'image_attribute', 'import', 'import_change', 'source'].map(
        (table) => [table, db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()],
      ),
    );
  } finally {
    db.close();
  }
}

describe('writing an import', () => {
  it('shows nothing of it until all of it is there', async () => {
    const { core } = await open();
    let meanwhile: unknown;
    const written = await write(core, ready(3000), async () => {
      meanwhile = await counts(core);
      expect(await core.call('images.page', { offset: 0, limit: 5 })).toEqual([]);
      expect(core.context.project().store.attributes.names()).toEqual([]);
    });
    expect(meanwhile).toMatchObject({ classes: [], counts: { images: 0, boxes: 0 }, attributes: [] });
    expect(written).toMatchObject({ images: 3000, annotations: 3000 * SHAPES, classes: 3, unchanged: 0 });
    const after = await counts(core);
    expect(after).toMatchObject({
      counts: { images: 3000, annotated: 3000, boxes: 3000 * SHAPES },
      attributes: ['side'],
    });
    expect(
      after.classes.map(({ name, position, pictures: images, annotations }) => [
        name,
        position,
        images,
        annotations,
      ]),
    ).toEqual([
      ['class 0', 1, 1000, 1000 * SHAPES],
      ['class 1', 2, 1000, 1000 * SHAPES],
      ['class 2', 3, 1000, 1000 * SHAPES],
    ]);
  });

  it('that is cancelled leaves nothing, and all that others wrote meanwhile', async () => {
    const { core, project } = await open();
    await write(core, ready(3));
    const before = rows(core);
    const [{ id: imageId }] = await core.call('images.page', { offset: 0, limit: 1 });
    const shape = { kind: 'box' as const, box: { x: 9, y: 9, width: 2, height: 2 } };
    const writing = write(
      core,
      ready(3000, (index) => `fresh ${index % 2}`),
      async (abort) => {
        await core.call('annotations.edit', { imageId, edits: [{ do: 'add', shape, classId: null }] });
        await core.call('projects.seen', { imageId });
        // A class that the import brings, too.
        await core.call('classes.create', { name: 'fresh 0' });
        abort.abort();
      },
    );
    await expect(writing).rejects.toThrow(/abort/i);
    const { classes, lastImageId } = await counts(core);
    expect(classes.map(({ name, position }) => [name, position])).toEqual([
      ['class 0', 1],
      ['class 1', 2],
      ['class 2', 3],
      ['fresh 0', 4],
    ]);
    expect(lastImageId).toBe(imageId);
    expect((await core.call('images.get', { id: imageId })).annotations).toHaveLength(SHAPES + 1);
    expect(rows(core)).toEqual({ ...before, annotation: Number(before.annotation) + 1 });
    expect(project.store.imports.isInFlight()).toBe(false);
    // And the same import works after it.
    expect(await write(core, ready(3000))).toMatchObject({ images: 2997, unchanged: 3 });
  });

  it('that was killed is removed when the project is opened', async () => {
    const { folder, core, project } = await open();
    const writing = write(core, ready(3000), () => project.closing.abort());
    await expect(writing).rejects.toThrow(/abort/i);
    expect(Number(rows(core).image)).toBeGreaterThan(500);
    await core.close();
    const again = startCore(path.join(folder, 'home'));
    const { counts: found } = await again.call('projects.open', { id: project.id });
    expect(found.images).toBe(0);
    await tidyImports(again.context.project());
    expect(rows(again)).toEqual({
      image: 0,
      annotation: 0,
      import_key: 0,
      image_attribute: 0,
      import: 0,
      import_change: 0,
      source: 0,
    });
  });

  it('brings to pictures that are there what is new, counted, and when all of it is written', async () => {
    const { core } = await open();
    const bare = ready(2000).map((one) => ({ ...one, annotations: [] }));
    await write(core, bare);
    expect((await counts(core)).counts).toMatchObject({ images: 2000, annotated: 0, unclassed: 2000 });
    await write(core, ready(2000), async () => {
      expect((await counts(core)).counts).toMatchObject({ images: 2000, annotated: 0, boxes: 0 });
      const [{ id }] = await core.call('images.page', { offset: 0, limit: 1 });
      expect((await core.call('images.get', { id })).annotations).toEqual([]);
    });
    const after = await counts(core);
    expect(after.counts).toMatchObject({ annotated: 2000, boxes: 2000 * SHAPES, unclassed: 0 });
    // What a person deletes is counted, and not brought again.
    const [{ id }] = await core.call('images.page', { offset: 0, limit: 1 });
    const [{ id: gone }] = (await core.call('images.get', { id })).annotations;
    await core.call('annotations.edit', { imageId: id, edits: [{ do: 'delete', id: gone }] });
    expect(await write(core, ready(2000))).toMatchObject({ images: 0, annotations: 0, unchanged: 2000 });
    expect((await counts(core)).counts.boxes).toBe(2000 * SHAPES - 1);
  });

  it('refuses to rename a class to one that it brings, and to delete one that it uses', async () => {
    const { core } = await open();
    await core.call('classes.create', { name: 'class 0' });
    await core.call('classes.create', { name: 'other' });
    const [used, other] = (await counts(core)).classes;
    const refused: unknown[] = [];
    await write(core, ready(2000), async () => {
      for (const answer of [
        await core.handle('classes.rename', { id: other.id, name: 'class 1' }),
        await core.handle('classes.delete', { id: used.id }),
      ])
        refused.push(answer);
    });
    expect(refused).toMatchObject([
      { ok: false, error: { code: 'conflict' } },
      { ok: false, error: { code: 'conflict' } },
    ]);
    expect((await counts(core)).classes).toHaveLength(4);
  });
});
