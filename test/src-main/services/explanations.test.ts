import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { Run } from '../../../src-main/contracts/runs.ts';
import type { ExplainSpec } from '../../../src-main/contracts/worker-protocol.ts';
import type { ClassId, ImageId } from '../../../src-main/contracts/ids.ts';
import { mapsVersion } from '../../../src-main/engine/saliency/index.ts';
import { cacheKeyOf } from '../../../src-main/services/explanations.ts';
import {
  classFolders,
  coco,
  importFrom,
  refusal,
  scratchFolder,
  startCore,
  type TestCore,
} from './scratch-core.ts';

interface Looked {
  core: TestCore;
  run: Run;
  imageId: ImageId;
  classes: ClassId[];
}

/** A run of one epoch on pictures of two classes, and a picture to look at. */
async function trained(): Promise<Looked> {
  const folder = scratchFolder();
  const core = startCore(path.join(folder, 'home'));
  await core.call('projects.create', { name: 'Animals' });
  await importFrom(core, await classFolders(path.join(folder, 'animals'), 8));
  const run = await core.call('runs.start', {
    objective: 'standard',
    model: 'resnet8',
    sizePx: 16,
    epochs: 1,
    batch: 4,
    seed: 1,
  });
  await core.jobEnded(run.jobId!);
  const [{ id: imageId }] = await core.call('images.page', { offset: 0, limit: 1 });
  return { core, run, imageId, classes: run.trainedOn.classes.map(({ classId }) => classId) };
}

describe('heat maps of a run', () => {
  it('explain any class, the difference of two, or what sets a picture apart, each remembered for itself', async () => {
    const { core, run, imageId, classes } = await trained();
    const request = { runId: run.id, imageId, method: 'gradient-x-input' } as const;
    const [one, other] = classes;
    const asked = [
      { ...request, target: one },
      { ...request, target: other },
      { ...request, target: one, versus: other },
      { ...request, target: one, params: { reduction: 'absolute-max' } },
    ];
    const maps = [];
    for (const each of asked) maps.push(await core.call('explanations.map', each));
    expect(maps.map(({ classId }) => classId)).toEqual([one, other, one, one]);
    expect(new Set(maps.map(({ values }) => values)).size).toBe(4);
    for (const [i, each] of asked.entries())
      expect(await core.call('explanations.map', each)).toEqual(maps[i]);
    expect(await refusal(core, 'explanations.map', { ...request, target: one, versus: one })).toBe(
      'bad-input',
    );
    const unknown = 999 as ClassId;
    expect(await refusal(core, 'explanations.map', { ...request, versus: unknown })).toBe('bad-input');

    // Against training pictures: the same ones when it is made anew, and in words when there are none any more.
    const againstOthers = { ...request, method: 'expected-gradients', params: { samples: 4 } };
    const map = await core.call('explanations.map', againstOthers);
    const { store } = core.context.project();
    store.explanations.get = () => null;
    const calls = vi.spyOn(core.context.workers, 'call');
    expect(await core.call('explanations.map', againstOthers)).toEqual(map);
    // The method's seed draws them, not the run's, so that two runs are held against the same ones.
    const drawn = async (seed: number): Promise<number[]> => {
      const params = { samples: 4, seed };
      await core.call('explanations.map', { ...againstOthers, params });
      const [, , spec] = calls.mock.lastCall as [string, string, ExplainSpec];
      return spec.references!.map((one) => one.imageId);
    };
    expect(await drawn(0)).toHaveLength(4);
    expect(await drawn(1)).not.toEqual(await drawn(0));
    for (const { id } of store.images.all()) store.images.setMissing(id, true);
    expect(await refusal(core, 'explanations.map', againstOthers)).toBe('bad-input');
  });

  it('of a picture of several classes are of the class, and in the region, that are measured', async () => {
    const folder = scratchFolder();
    const core = startCore(path.join(folder, 'home'));
    await core.call('projects.create', { name: 'Animals' });
    // Cat left, dog right, each drawn first on some; neither is the picture's own class.
    const [left, right] = [
      [1, 2, 5, 8],
      [9, 3, 6, 7],
    ] as [number, number, number, number][];
    const boxes = [
      { category: 1, bbox: left },
      { category: 2, bbox: right },
    ];
    const allImages = Array.from({ length: 16 }, (_, index) => ({
      name: `p${index}.png`,
      boxes: index < 6 ? boxes : boxes.toReversed(),
    }));
    await importFrom(core, await coco(path.join(folder, 'coco'), allImages));
    const run = await core.call('runs.start', {
      objective: 'standard',
      model: 'resnet8',
      sizePx: 16,
      epochs: 1,
      batch: 4,
      seed: 1,
      settings: { labels: 'several' },
    });
    await core.jobEnded(run.jobId!);
    const evaluation = (await core.call('jobs.list', {})).find(({ kind }) => kind === 'evaluate')!;
    expect((await core.jobEnded(evaluation.id)).error).toBeNull();
    const images = await core.call('evaluations.images', { runId: run.id });
    const [cat, dog] = run.trainedOn.classes.map(({ classId }) => classId);
    expect(new Set(images.map(({ classId }) => classId))).toEqual(new Set([cat, dog]));
    const boxOf = new Map([
      [cat, { x: 1, y: 2, width: 5, height: 8 }],
      [dog, { x: 9, y: 3, width: 6, height: 7 }],
    ]);
    for (const { imageId, classId, predictedId, values } of images) {
      const request = {
        runId: run.id,
        imageId,
        method: 'input-gradient',
        params: { score: 'loss', reduction: 'squared' },
      } as const;
      const map = await core.call('explanations.map', request);
      expect(map).toMatchObject({ classId, regionBox: boxOf.get(classId) });
      expect(map.energyInBox).toBeCloseTo(values['energy-in-box']!, 3);
      for (const target of [cat, dog])
        expect((await core.call('explanations.map', { ...request, target })).regionBox).toEqual(
          boxOf.get(target),
        );
      expect(await core.call('explanations.map', { ...request, target: 'predicted' })).toMatchObject({
        classId: predictedId,
        regionBox: boxOf.get(predictedId),
      });
    }
    // An attack has to beat both classes.
    const asked = vi.spyOn(core.context.workers, 'call');
    const attacked = { runId: run.id, imageId: images[0].imageId, method: 'input-gradient', eps: 0.1 };
    await core.call('explanations.attack', attacked);
    const several = { image: expect.objectContaining({ classIndices: [0, 1] }) };
    expect(asked).toHaveBeenLastCalledWith('interactive', 'explain', expect.objectContaining(several));
  });

  it('are those of the latest weights where no selection picture chooses the best', async () => {
    const folder = scratchFolder();
    const core = startCore(path.join(folder, 'home'));
    await core.call('projects.create', { name: 'Animals' });
    await importFrom(core, await classFolders(path.join(folder, 'animals'), 8));
    await core.call('splits.make', { seed: 1, selection: 0, test: 0.2 });
    const run = await core.call('runs.start', {
      objective: 'standard',
      model: 'resnet8',
      sizePx: 16,
      epochs: 300,
      batch: 4,
      seed: 1,
    });
    const epochs = async () => (await core.call('runs.get', { id: run.id })).epochsDone;
    await vi.waitUntil(async () => (await epochs()) >= 1, 30_000);
    await core.call('runs.pause', { id: run.id });
    await core.jobEnded(run.jobId!);
    const [{ id: imageId }] = await core.call('images.page', { offset: 0, limit: 1 });
    const request = { runId: run.id, imageId, method: 'input-gradient' };
    const early = await core.call('explanations.map', request);
    const paused = await epochs();
    const resumed = await core.call('runs.resume', { id: run.id });
    await vi.waitUntil(async () => (await epochs()) > paused, 30_000);
    await core.call('runs.stopAndKeep', { id: run.id });
    await core.jobEnded(resumed.jobId!);
    const late = await core.call('explanations.map', request);
    expect(late.scores).not.toEqual(early.scores);
    expect(late.values).not.toBe(early.values);
  });

  it('are not looked for under what other code kept them by', () => {
    const dependsOn = ['hirescam', { stagesBack: 0 }];
    expect(cacheKeyOf(dependsOn)).toBe(cacheKeyOf(dependsOn, mapsVersion));
    expect(cacheKeyOf(dependsOn)).not.toBe(cacheKeyOf(dependsOn, mapsVersion - 1));
  });

  it('of an attacked picture say whether it was changed and is still right, also with another run’s network', async () => {
    const { core, run, imageId } = await trained();
    const other = await core.call('runs.start', { ...run.config, seed: 2 });
    await core.jobEnded(other.jobId!);
    const request = { runId: run.id, imageId, method: 'input-gradient', eps: 0.2 } as const;
    const own = await core.call('explanations.attack', request);
    const best = own.map.scores.toSorted((a, b) => b.score - a.score)[0];
    const { classId } = core.context.project().store.images.byId(imageId)!;
    expect(own).toMatchObject({ changed: true, correct: best.classId === classId });
    const moved = await core.call('explanations.attack', { ...request, from: other.id });
    expect(moved.changed).toBe(true);
    expect(moved.picture).not.toBe(own.picture);
    expect(await core.call('explanations.attack', { ...request, from: run.id })).toEqual(own);
    expect(await refusal(core, 'explanations.attack', { ...request, from: 99 as Run['id'] })).toBe(
      'not-found',
    );
  });

  it('are given up when nobody waits for them any more, and made when somebody asks again', async () => {
    const { core, run, imageId } = await trained();
    const long = { runId: run.id, imageId, method: 'rise', params: { masks: 20_000 } };
    const leaving = Array.from({ length: 3 }, () => new AbortController());
    const calls = vi.spyOn(core.context.workers, 'call');
    const outcomes = [
      core.call('explanations.map', long, leaving[0].signal),
      core.call('explanations.map', long, leaving[1].signal),
      core.call('explanations.attack', { ...long, eps: 0.01 }, leaving[2].signal),
    ].map((outcome) => outcome.then(() => null).catch((thrown: unknown) => thrown));
    expect(calls).toHaveBeenCalledTimes(2); // two want the same map
    const works = calls.mock.results.map(({ value }) => (value as { value: Promise<unknown> }).value);
    works.forEach((work) => work.catch(() => undefined));
    let ended = 0;
    for (const work of works) void work.catch(() => (ended += 1));
    leaving[0].abort();
    expect(await outcomes[0]).toMatchObject({ code: 'cancelled' });
    await core.call('explanations.map', { ...long, params: { masks: 10 } });
    expect(ended).toBe(0); // one of the two still waits
    leaving[1].abort();
    leaving[2].abort();
    for (const outcome of outcomes) expect(await outcome).toMatchObject({ code: 'cancelled' });
    for (const work of works) await expect(work).rejects.toMatchObject({ code: 'cancelled' });
    expect((await core.call('explanations.map', { ...long, params: { masks: 20 } })).scores).toHaveLength(2);
  });
});
