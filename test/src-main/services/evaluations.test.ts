// Measuring a run through the core: chosen measures, groups from an imported attribute, pictures to compare with.

import fs from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import type { Input } from '../../../src-main/contracts/api.ts';
import type { RunId } from '../../../src-main/contracts/ids.ts';
import { lossHeat } from '../../../src-main/contracts/heat-metrics.ts';
import { metricOf } from '../../../src-main/contracts/metrics.ts';
import { measureInfos } from '../../../src-main/engine/measures/index.ts';
import {
  classFolders,
  coco,
  importFrom,
  refusal,
  scratchFolder,
  startCore,
  type TestCore,
} from './scratch-core.ts';

let folder: string;
let core: TestCore;
let runId: RunId;
beforeEach(() => {
  folder = scratchFolder();
  core = startCore(path.join(folder, 'home'));
});
const config = {
  objective: 'standard',
  model: 'resnet8',
  sizePx: 16,
  epochs: 1,
  batch: 4,
  seed: 1,
  device: 'cpu',
} as const;

/** Pictures in two classes, by day and by night. */
async function imported(
  attributesOf = (id: number): object => ({ light: id % 3 === 0 ? 'night' : 'day' }),
): Promise<void> {
  await core.call('projects.create', { name: 'Animals' });
  const images = Array.from({ length: 24 }, (_, index) => ({
    name: `p${index}.png`,
    boxes: [{ category: 1 + (index % 2), bbox: [2, 2, 8, 8] as [number, number, number, number] }],
  }));
  const place = await coco(path.join(folder, 'coco'), images);
  const file = path.join(place, 'annotations', 'instances.json');
  const json = JSON.parse(fs.readFileSync(file, 'utf8')) as { images: { id: number; attributes?: object }[] };
  for (const image of json.images) image.attributes = attributesOf(image.id);
  fs.writeFileSync(file, JSON.stringify(json));
  await importFrom(core, place);
}

async function trained(): Promise<void> {
  await imported();
  const run = await core.call('runs.start', { ...config, groupBy: 'light' });
  runId = run.id;
  await core.jobEnded(run.jobId!);
  for (const job of await core.call('jobs.list', {}))
    if (job.kind === 'evaluate') await core.jobEnded(job.id);
}

async function evaluate(more: Partial<Input<'evaluations.start'>> = {}) {
  const job = await core.jobEnded(await core.call('evaluations.start', { runId, split: 'train', ...more }));
  expect(job.error).toBeNull();
  return (await core.call('evaluations.summary', { runId, split: 'train' }))!;
}

it('takes the usual measures unless others are named, and adds those; groups; compares; refuses', async () => {
  await trained();
  const usual = await evaluate();
  expect(metricOf(usual.metrics, 'energy-in-box', lossHeat)!.chance).toBeCloseTo(80 / 256, 10);
  expect(metricOf(usual.metrics, 'fgsm')!.curve!.map(({ x }) => x)).toEqual(
    [0, 1, 2, 4, 8].map((step) => step / 255),
  );

  // Groups are of class and the run's attribute; the others of the comparison lie in a folder.
  const more = await evaluate({
    measures: [
      { id: 'worst-group-accuracy', params: {} },
      { id: 'ood-auroc', params: {} },
    ],
    against: core.refer(await classFolders(path.join(folder, 'others'))),
  });
  const added = ['worst-group-accuracy', 'ood-auroc'];
  expect(more.metrics.filter(({ measure }) => !added.includes(measure))).toEqual(usual.metrics);
  const [worstGroupAccuracy, oodAuroc] = added.map((id) => metricOf(more.metrics, id)!);
  const names = worstGroupAccuracy.parts!.map(({ name }) => name);
  expect(names).toEqual(['cat, day', 'cat, night', 'dog, day', 'dog, night']);
  expect(worstGroupAccuracy.skipped).toBe(0);
  expect(oodAuroc.low).toBeLessThanOrEqual(oodAuroc.value!);
  expect(oodAuroc.high).toBeGreaterThanOrEqual(oodAuroc.value!);

  const refused = (more: Partial<Input<'evaluations.start'>>) =>
    refusal(core, 'evaluations.start', { runId, ...more });
  expect(await refused({ measures: [{ id: 'none', params: {} }] })).toBe('bad-input');
  expect(await refused({ measures: [{ id: 'top-k-accuracy', params: { k: 0 } }] })).toBe('bad-input');
  expect(await refused({ groupBy: 'weather' })).toBe('bad-input');
  const file = core.refer(path.join(folder, 'others', 'cat', 'cat1.png'));
  const jobId = await core.call('evaluations.start', {
    runId,
    measures: [{ id: 'ood-auroc' }],
    against: file,
  });
  expect((await core.jobEnded(jobId)).error).toMatchObject({ message: 'cat1.png is no folder' });
  const against = core.refer(core.context.project().folder);
  const itself = { runId, measures: [{ id: 'ood-auroc' }], against };
  await expect(core.call('evaluations.start', itself)).rejects.toThrow('compared with itself');
}, 60_000);

it('knows before it computes what cannot be measured of a network, and says of which measure', async () => {
  const measures = measureInfos().map(({ id }) => ({ id, params: {} }));
  const obstacles = async (model: string, more: { groupBy?: string } = {}, isCompared = false) => {
    const config = { model, sizePx: 16, ...more };
    const reasons = await core.call('evaluations.obstacles', { config, measures, isCompared });
    return measures.flatMap(({ id }, index) => (reasons[index] === null ? [] : [id]));
  };
  expect(await obstacles('resnet8', { groupBy: 'light' }, true)).toEqual([]);
  expect(await obstacles('resnet8')).toEqual(['worst-group-accuracy', 'ood-auroc']);
  const ofMaps = ['content-heat-map', 'stochastic-pointing-game', 'max-box-accuracy', 'weight-randomisation'];
  expect((await obstacles('mlp', { groupBy: 'light' }, true)).toSorted()).toEqual(
    [...ofMaps, 'negative-quadrant-heat'].toSorted(),
  );

  await imported();
  const ofMap = [{ id: 'pointing-game', params: { method: 'grad-cam' } }];
  await expect(core.call('runs.start', { ...config, model: 'mlp', measures: ofMap })).rejects.toThrow(
    'pointing-game cannot be measured',
  );
});

it('has no run by an attribute that no picture has', async () => {
  await imported();
  expect(await refusal(core, 'runs.start', { ...config, groupBy: 'weather' })).toBe('bad-input');
});

it('has no run over groups that only pictures of the test part have', async () => {
  await imported((id) => (id > 20 ? { weather: 'rain' } : {}));
  const groups = { ...config, objective: 'group-dro', groupBy: 'weather' } as const;
  const { store } = core.context.project();
  const last = store.images.all().filter(({ id }) => store.attributes.valuesOf('weather').has(id));
  expect(last).toHaveLength(4);
  for (const { id } of last) store.images.setSplit(id, 'test');
  await expect(core.call('runs.start', groups)).rejects.toThrow('no training picture has the attribute');
  expect(await core.call('runs.list', {})).toEqual([]);
});
