import fs from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JobId, RunId } from '../../../src-main/contracts/ids.ts';
import type { Job } from '../../../src-main/contracts/jobs.ts';
import type { ComparisonRecord } from '../../../src-main/contracts/comparisons.ts';
import type { Run, RunConfigInput } from '../../../src-main/contracts/runs.ts';
import {
  classFolders,
  coco,
  importFrom,
  refusal,
  scratchFolder,
  startCore,
  type TestCore,
} from './scratch-core.ts';

const config: RunConfigInput = {
  objective: 'standard',
  model: 'resnet8',
  sizePx: 16,
  epochs: 2,
  batch: 4,
  seed: 1,
};

let folder: string;
let core: TestCore;
beforeEach(async () => {
  folder = scratchFolder();
  core = startCore(path.join(folder, 'home'));
  await core.call('projects.create', { name: 'Animals' });
  const images = Array.from({ length: 20 }, (_, index) => ({
    name: `p${index}.png`,
    boxes: [{ category: 1 + (index % 2), bbox: [2, 2, 8, 8] as [number, number, number, number] }],
  }));
  await importFrom(core, await coco(path.join(folder, 'coco'), images));
});

const start = (more: Partial<RunConfigInput> = {}) => core.call('runs.start', { ...config, ...more });
const get = (id: RunId) => core.call('runs.get', { id });
const trained = (run: Run): Promise<Job> => core.jobEnded(run.jobId!);
/** Waits until the core says something. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}
const heardEpoch = (id: RunId, epoch: number) =>
  core.heard.some(
    ({ event, data }) =>
      event === 'epoch' &&
      (data as { runId: RunId; metrics: { epoch: number } }).runId === id &&
      (data as { metrics: { epoch: number } }).metrics.epoch === epoch,
  );

describe('a run', () => {
  it('deals out the pictures first, keeps what it was trained on, and is evaluated on test when it is done', async () => {
    const run = await start({ objective: 'box-aware', params: { lambdaOutside: 2 } });
    expect(run).toMatchObject({ number: 1, state: 'waiting', evaluated: null });
    expect(run.config.params).toMatchObject({ lambdaInside: 0, lambdaOutside: 2 });
    expect(run.trainedOn).toMatchObject({ train: 14, selection: 2, test: 4, withRegion: 14, unclassed: 0 });
    await trained(run);
    const evaluation = (await core.call('jobs.list', {})).find((job) => job.kind === 'evaluate')!;
    expect((await core.jobEnded(evaluation.id)).error).toBeNull();
    const done = await get(run.id);
    expect(done).toMatchObject({ state: 'done', epochsDone: 2, evaluated: { images: 4, withRegion: 4 } });
    expect((await core.call('runs.metrics', { id: run.id })).map(({ epoch }) => epoch)).toEqual([1, 2]);
    expect(await core.call('evaluations.images', { runId: run.id })).toHaveLength(4);
    // Each pinned picture has a heat map of each epoch.
    const pinned = await core.call('runs.pinned', { id: run.id });
    expect(pinned.map(({ epoch }) => epoch)).toEqual([1, 1, 2, 2]);
    const [{ map }] = pinned;
    expect(Buffer.from(map.values, 'base64').length).toBe(map.widthPx * map.heightPx * 4);
  });

  it('counts a picture for each class that is drawn on it, where pictures may have several', async () => {
    await core.call('projects.create', { name: 'Both' });
    const bbox: [number, number, number, number] = [2, 2, 8, 8];
    const images = Array.from({ length: 32 }, (_, index) => ({
      name: `p${index}.png`,
      boxes: (index < 20 ? [1 + (index % 2)] : [1, 2]).map((category) => ({ category, bbox })),
    }));
    await importFrom(core, await coco(path.join(folder, 'both'), images));
    const { store } = core.context.project();
    for (const { id, name } of store.images.all())
      store.images.setSplit(id, name.endsWith('9.png') ? 'test' : 'train');
    store.settings.set('dealt', true);
    expect((await start()).trainedOn).toMatchObject({ train: 18, unclassed: 12 });
    expect(await core.call('runs.preview', {})).toMatchObject({ train: 18, unclassed: 12 });
    expect(await core.call('runs.preview', { labels: 'several' })).toMatchObject({ train: 29, unclassed: 0 });
    const run = await start({ settings: { labels: 'several' }, measures: [{ id: 'f1' }] });
    expect(run.trainedOn).toMatchObject({ train: 29, withRegion: 29, unclassed: 0 });
    expect(run.trainedOn.classes.map(({ train }) => train)).toEqual([21, 19]);
    await trained(run);
    const evaluation = (await core.call('jobs.list', {})).find(
      (job) => job.kind === 'evaluate' && job.runId === run.id,
    )!;
    expect((await core.jobEnded(evaluation.id)).error).toBeNull();
    const { metrics } = (await get(run.id)).evaluated!;
    expect(metrics.map(({ measure }) => measure)).toEqual(['accuracy', 'f1']);
    expect(metrics[0].pictures).toBe(3);
  });

  it('takes pictures for choosing the best epoch out of an imported train part, and leaves the test part', async () => {
    const { store } = core.context.project();
    for (const { id } of store.images.all().slice(0, 8)) store.images.setSplit(id, 'test');
    for (const { id } of store.images.all().slice(8)) store.images.setSplit(id, 'train');
    const preview = await core.call('runs.preview', {});
    expect(preview).toMatchObject({ train: 10, selection: 2, test: 8 });
    const run = await start();
    expect(run.trainedOn).toMatchObject({ train: 10, selection: 2, test: 8 });
    expect(
      store.images
        .all()
        .slice(0, 8)
        .every(({ split }) => split === 'test'),
    ).toBe(true);
    await core.call('runs.cancel', { id: run.id });
    await trained(run);
  });

  it('does without them if a person wants it so', async () => {
    await core.call('splits.make', { seed: 1, selection: 0, test: 0.2 });
    const run = await start();
    expect(run.trainedOn).toMatchObject({ train: 16, selection: 0, test: 4 });
    expect(run.trainedOn.warnings).toContainEqual(expect.stringMatching(/no validation picture/));
    await trained(run);
    expect((await get(run.id)).state).toBe('done');
  });

  it('does not see what is drawn after it was started', async () => {
    const run = await start();
    const [{ id }] = await core.call('images.page', { offset: 0, limit: 1 });
    await core.call('annotations.edit', {
      imageId: id,
      edits: [{ do: 'add', classId: null, shape: { kind: 'box', box: { x: 0, y: 0, width: 9, height: 9 } } }],
    });
    const later = await start();
    expect(later.trainedOn.snapshotId).not.toBe(run.trainedOn.snapshotId);
    await core.call('runs.cancel', { id: later.id });
    await core.call('runs.cancel', { id: run.id });
    await trained(run);
  });

  it('waits for the one before it; a waiting one is cancelled without having begun', async () => {
    const first = await start({ epochs: 200 });
    const second = await start();
    await until(() => heardEpoch(first.id, 1));
    expect([(await get(first.id)).state, (await get(second.id)).state]).toEqual(['running', 'waiting']);
    await core.call('runs.cancel', { id: second.id });
    expect((await get(second.id)).state).toBe('cancelled');
    expect(await refusal(core, 'runs.delete', { id: first.id })).toBe('conflict');
    expect(await refusal(core, 'projects.close', {})).toBe('conflict');
    await core.call('runs.cancel', { id: first.id });
    await trained(first);
    expect((await get(first.id)).state).toBe('cancelled');
    expect((await core.call('runs.metrics', { id: second.id })).length).toBe(0);
    await core.call('runs.delete', { id: first.id });
    expect((await core.call('runs.list', {})).map(({ id }) => id)).toEqual([second.id]);
  });

  it('is trained beside another where the core has trainers for two, and a third waits', async () => {
    const { id: projectId } = (await core.call('projects.current', {}))!;
    await core.close();
    core = startCore(path.join(folder, 'home'), { trainers: 2 });
    await core.call('projects.open', { id: projectId });
    const runs: Run[] = [];
    for (const seed of [1, 2, 3]) runs.push(await start({ epochs: 500, seed }));
    const states = () => Promise.all(runs.map(async ({ id }) => (await get(id)).state));
    await until(() => heardEpoch(runs[0].id, 1) && heardEpoch(runs[1].id, 1));
    expect(await states()).toEqual(['running', 'running', 'waiting']);
    await core.call('runs.cancel', { id: runs[0].id });
    await until(() => heardEpoch(runs[2].id, 1));
    expect(await states()).toEqual(['cancelled', 'running', 'running']);
  });

  it('is paused, resumed, and kept before its last epoch', async () => {
    const run = await start({ epochs: 300 });
    await until(() => heardEpoch(run.id, 2));
    await core.call('runs.pause', { id: run.id });
    await trained(run);
    const paused = await get(run.id);
    expect(paused.state).toBe('paused');
    expect(await refusal(core, 'runs.pause', { id: run.id })).toBe('conflict');
    const resumed = await core.call('runs.resume', { id: run.id });
    await until(() => heardEpoch(run.id, paused.epochsDone + 1));
    await core.call('runs.stopAndKeep', { id: run.id });
    await trained(resumed);
    const kept = await get(run.id);
    expect(kept.state).toBe('done');
    expect(kept.epochsDone).toBeLessThan(300);
    // Every epoch once, whatever happened in between.
    const epochs = (await core.call('runs.metrics', { id: run.id })).map(({ epoch }) => epoch);
    expect(epochs).toEqual(Array.from({ length: kept.epochsDone }, (_, index) => index + 1));
    expect(await refusal(core, 'runs.resume', { id: run.id })).toBe('conflict');
  });

  it('that was going on when the core ended can be resumed by the next', async () => {
    const run = await start({ epochs: 300 });
    await until(() => heardEpoch(run.id, 1));
    const { id: projectId } = (await core.call('projects.current', {}))!;
    await core.close();
    core = startCore(path.join(folder, 'home'));
    await core.call('projects.open', { id: projectId });
    expect((await get(run.id)).state).toBe('interrupted');
    const resumed = await core.call('runs.resume', { id: run.id });
    await until(() => heardEpoch(run.id, 2));
    await core.call('runs.cancel', { id: run.id });
    await trained(resumed);
  });

  it('that is taken up has all its epochs again, whatever was lost of them', async () => {
    const run = await start({ epochs: 300 });
    await until(() => heardEpoch(run.id, 3));
    await core.call('runs.pause', { id: run.id });
    await trained(run);
    const log = await core.call('runs.metrics', { id: run.id });
    const { id: projectId } = (await core.call('projects.current', {}))!;
    await core.close();
    const [file] = fs.globSync('**/project.sqlite', { cwd: folder });
    const db = new Database(path.join(folder, file));
    db.exec('DELETE FROM epoch_metric WHERE epoch <> 2');
    db.close();
    core = startCore(path.join(folder, 'home'));
    await core.call('projects.open', { id: projectId });
    expect(await core.call('runs.metrics', { id: run.id })).toHaveLength(1);
    const resumed = await core.call('runs.resume', { id: run.id });
    await until(() => heardEpoch(run.id, log.length + 1));
    expect(heardEpoch(run.id, 1)).toBe(true);
    await core.call('runs.cancel', { id: run.id });
    await trained(resumed);
    expect((await core.call('runs.metrics', { id: run.id })).slice(0, log.length)).toEqual(log);
  });

  it.each<[string, Partial<RunConfigInput>, RegExp]>([
    ['an unknown objective', { objective: 'magic' }, /no objective "magic"/],
    ['an unknown model', { model: 'alexnot' }, /no model "alexnot"/],
    ['an unknown parameter', { params: { lambdaOutside: 1 } }, /lambdaOutside/],
    ['a parameter out of range', { objective: 'box-aware', params: { lambdaOutside: -1 } }, /lambdaOutside/],
    ['no epochs', { epochs: 0 }, /epochs/],
    ['too small pictures', { model: 'resnet18' }, /resnet18 takes pictures of 48 to 448 px, not of 16/],
    ['no groups where some are needed', { objective: 'trades+group-dro' }, /group-dro needs groups/],
    ['a network without maps', { objective: 'mask-energy', model: 'mlp' }, /mask-energy on mlp cannot be/],
    ['tiles of another side', { objective: 'gradcam-consistency', model: 'mlp' }, /on mlp cannot be/],
    ['several classes a picture', { objective: 'trades', settings: { labels: 'several' } }, /trades on/],
    [
      'one norm of a batch that is computed in parts',
      { objective: 'input-grad', params: { reduction: 'batch', power: 1 }, settings: { accumulate: 2 } },
      /input-grad on .* cannot be trained so/,
    ],
    [
      'parts that are not equal',
      { batch: 7, settings: { accumulate: 2 } },
      /a batch of 7 pictures has no equal/,
    ],
    ['a measure without its groups', { measures: [{ id: 'worst-group-accuracy' }] }, /worst-group-accuracy/],
  ])('is refused with %s, and leaves nothing', async (_, more, says) => {
    const answer = await core.handle('runs.start', { ...config, ...more });
    expect(answer).toMatchObject({
      ok: false,
      error: { code: 'bad-input', message: expect.stringMatching(says) },
    });
    expect(await core.call('runs.list', {})).toEqual([]);
    expect((await core.call('projects.current', {}))!.counts.bySplit.none).toBe(20);
  });
});

it('warns of pictures without boxes only where something would be made of boxes', async () => {
  await core.call('projects.create', { name: 'Boxless' });
  await importFrom(core, await classFolders(path.join(folder, 'folders'), 12));
  const boxless = async (more: Partial<RunConfigInput>): Promise<string[]> => {
    const run = await start({ epochs: 1, device: 'cpu', ...more });
    await trained(run);
    return run.trainedOn.warnings.filter((warning) => warning.includes('box'));
  };
  expect(await boxless({})).toEqual([]);
  expect(await boxless({ objective: 'standard+box-aware', settings: { outside: 'swap' } })).toEqual([
    'no training picture has a box or mask, so Box-aware learns from the labels alone',
    'no training picture has a box or mask, so no outside is replaced',
  ]);
});

it.skipIf(process.platform === 'win32')('is refused on a device that is not there', async () => {
  const answer = await core.handle('runs.start', { ...config, device: 'dml' });
  expect(answer).toMatchObject({ ok: false, error: { code: 'unavailable', detail: { place: 'dml' } } });
  expect(await core.call('runs.list', {})).toEqual([]);
});

describe('looking at runs', () => {
  async function evaluated(): Promise<Run> {
    const run = await start();
    await trained(run);
    const jobs = await core.call('jobs.list', {});
    await core.jobEnded(jobs.find((job) => job.kind === 'evaluate' && job.runId === run.id)!.id as JobId);
    return run;
  }

  it('gives the same heat map again, and another once the box is another', async () => {
    const run = await evaluated();
    const [{ imageId, classId }] = await core.call('evaluations.images', { runId: run.id });
    const request = { runId: run.id, imageId, method: 'grad-cam' } as const;
    const map = await core.call('explanations.map', request);
    expect(map.classId).toBe(classId);
    expect(map.regionBox).toEqual({ x: 2, y: 2, width: 8, height: 8 });
    expect(await core.call('explanations.map', request)).toEqual(map);
    const { annotations } = await core.call('images.get', { id: imageId });
    await core.call('annotations.edit', {
      imageId,
      edits: [
        {
          do: 'change',
          id: annotations[0].id,
          shape: { kind: 'box', box: { x: 0, y: 0, width: 16, height: 12 } },
        },
      ],
    });
    const whole = await core.call('explanations.map', request);
    expect(whole.values).toBe(map.values);
    expect(whole.energyInBox).toBeCloseTo(1, 5);
    expect((await core.call('images.get', { id: imageId })).prediction).toMatchObject({ runNumber: 1 });
  });

  it('shows the picture that an attack made', async () => {
    const run = await evaluated();
    const [{ imageId }] = await core.call('evaluations.images', { runId: run.id });
    const request = { runId: run.id, imageId, method: 'input-gradient' } as const;
    for (const eps of [0, 0.05]) {
      const { picture: image, map } = await core.call('explanations.attack', { ...request, eps });
      expect(image).toMatch(/^data:image\/png;base64,iVBOR/);
      expect(map.scores).toHaveLength(2);
    }
  });

  it('compares two runs picture by picture and keeps findings, which keep their runs', async () => {
    const [a, b] = [await evaluated(), await evaluated()];
    const rows = await core.call('comparisons.rows', { runA: a.id, runB: b.id });
    expect(rows).toHaveLength(4);
    for (const row of rows) expect([row.a.imageId, row.b.imageId]).toEqual([row.imageId, row.imageId]);
    const lookedAt = ({ imageId, classId }: Pick<ComparisonRecord, 'imageId' | 'classId'>) => ({
      runId: a.id,
      imageId,
      method: 'gradient-x-input',
      target: classId,
      params: { score: 'logit' },
    });
    const { imageId, method, params } = lookedAt(rows[0].a);
    const asked = {
      runA: a.id,
      runB: b.id,
      imageId,
      method,
      params,
      classId: rows[0].a.classId,
      note: 'the ear, not the grass',
    };
    const saved = await core.call('comparisons.save', asked);
    expect(saved).toMatchObject({ note: asked.note, imageName: rows[0].name, params });
    expect(saved.energyA).toBe(saved.energyB);
    // The shares are those of the map that was looked at: of the one class, or held against the other.
    const other = a.trainedOn.classes.find(({ classId }) => classId !== saved.classId)!.classId;
    const against = await core.call('comparisons.save', { ...asked, versus: other });
    const map = await core.call('explanations.map', { ...lookedAt(saved), versus: other });
    expect([saved.versusId, against.versusId]).toEqual([null, other]);
    expect(against.energyA).toBe(map.energyInBox);
    expect(against.energyA).not.toBe(saved.energyA);
    expect(saved.energyA).toBe((await core.call('explanations.map', lookedAt(saved))).energyInBox);
    expect(await core.call('comparisons.list', {})).toEqual([against, saved]);
    await core.call('comparisons.delete', { id: against.id });
    expect(await refusal(core, 'runs.delete', { id: b.id })).toBe('conflict');
    await core.call('comparisons.delete', { id: saved.id });
    await core.call('runs.delete', { id: b.id });
    expect(fs.existsSync(path.join(folder, 'home', 'projects', 'Animals', 'runs', String(b.id)))).toBe(false);
  });

  it('asks for a finished epoch first', async () => {
    const run = await start({ epochs: 500, sizePx: 32 });
    const [{ id: imageId }] = await core.call('images.page', { offset: 0, limit: 1 });
    expect(await refusal(core, 'explanations.map', { runId: run.id, imageId, method: 'grad-cam' })).toBe(
      'not-found',
    );
    expect(await refusal(core, 'evaluations.start', { runId: run.id })).toBe('not-found');
    await core.call('runs.cancel', { id: run.id });
    await trained(run);
  });
});
