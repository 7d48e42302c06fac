// Evaluations: what is kept of them, what is added to, and what an older Fovea left behind.

import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ClassId, ImageId, RunId } from '../../../src-main/contracts/ids.ts';
import { runConfigSchema } from '../../../src-main/contracts/runs.ts';
import { lossHeat } from '../../../src-main/contracts/heat-metrics.ts';
import { metricOf, valueOf } from '../../../src-main/contracts/metrics.ts';
import { measureInfos } from '../../../src-main/engine/measures/index.ts';
import { openDatabase } from '../../../src-main/storage/database.ts';
import { migrations } from '../../../src-main/storage/migrations.ts';
import type { NewEvaluation, NewMetric } from '../../../src-main/storage/evaluations.ts';
import type { ProjectStore } from '../../../src-main/storage/project-store.ts';
import { newImage, openStore, scratchFolder } from './scratch.ts';

const config = runConfigSchema.parse({
  objective: 'standard',
  model: 'resnet8',
  sizePx: 32,
  epochs: 3,
  batch: 8,
  seed: 1,
});
const metric = (measure: string, value: number | null, more: Partial<NewMetric> = {}): NewMetric => ({
  measure,
  value,
  low: null,
  high: null,
  pictures: 2,
  skipped: 0,
  params: {},
  ofImages: null,
  ...more,
});

function project(): { store: ProjectStore; runId: RunId; images: ImageId[] } {
  const store = openStore(scratchFolder());
  const source = store.sources.add('/p', 'folders');
  const images = ['a.png', 'b.png'].map((name) => store.images.add(newImage(source, name)));
  const trainedOn = {
    classes: [],
    train: 0,
    withRegion: 0,
    selection: 0,
    test: 0,
    unclassed: 0,
    snapshotId: null,
    warnings: [],
  };
  const runId = store.runs.add(config, trainedOn, store.snapshots.save({ classes: [], images: [] }), '0');
  return { store, runId, images };
}
const evaluation = (runId: RunId, epoch: number): NewEvaluation => ({
  runId,
  split: 'test',
  epoch,
  images: 2,
  withRegion: 1,
  confusion: [[2]],
  classes: [{ classId: 1 as ClassId, name: 'cat' }],
});
const rows = (images: readonly ImageId[]) =>
  images.map((imageId) => ({
    imageId,
    classId: 1 as ClassId,
    predictedId: 1 as ClassId,
    trueScore: 0.9,
    predictedScore: 0.9,
    areaShare: 0.25,
  }));
const listed = ({ ofImages: _, ...one }: NewMetric) => one;

describe('an evaluation', () => {
  it('comes back with every metric, curves, parts and chance among them', () => {
    const { store, runId, images } = project();
    const curve = [
      { x: 0, y: 0.5, low: 0.1, high: 0.9 },
      { x: 2 / 255, y: 0.25, low: null, high: null },
    ];
    const metrics = [
      metric('accuracy', 0.5, { low: 0.1, high: 0.9 }),
      metric('fgsm', 0.25, { curve }),
      metric('pointing-game', 1, { ofImages: [1, null] }),
      metric('energy-in-box', 0.5, { chance: 0.25, params: { method: 'grad-cam' } }),
      metric('f1', 0.4, { params: { beta: 1 }, parts: [{ name: 'cat', value: 0.4 }] }),
    ];
    store.evaluations.save(evaluation(runId, 2), rows(images), metrics);
    const summary = store.evaluations.summary(runId, 'test')!;
    expect(summary.metrics).toEqual(metrics.map(listed));
    expect(summary.epoch).toBe(2);
    expect(store.evaluations.images(runId, 'test')[0]).toMatchObject({ name: 'a.png', areaShare: 0.25 });
    expect(store.evaluations.values(runId, 'test')).toEqual([
      { measure: 'pointing-game', params: {}, values: [{ imageId: images[0], value: 1 }] },
    ]);
  });

  it('says of a picture with several classes what its accuracy says', () => {
    const { store, runId, images } = project();
    const rowsOfTwo = rows(images).map((row) => ({ ...row, predictedId: 2 as ClassId }));
    const accuracy = metric('accuracy', 0.5, { ofImages: [1, 0] });
    store.evaluations.save(evaluation(runId, 2), rowsOfTwo, [accuracy]);
    expect(images.map((id) => store.evaluations.verdict(id)?.correct)).toEqual([true, false]);
  });

  it('keeps a measure with other parameters beside it, and replaces one with the same in whatever order', () => {
    const { store, runId, images } = project();
    const save = (value: number, params: NewMetric['params'], epoch = 2) =>
      store.evaluations.save(evaluation(runId, epoch), rows(images), [
        metric('insertion', value, { params, ofImages: [value, value] }),
      ]);
    save(0.3, { method: 'grad-cam', steps: 4 });
    save(0.7, { method: 'rise', steps: 4 });
    save(0.8, { steps: 4, method: 'grad-cam' });
    const found = () => store.evaluations.summary(runId, 'test')!.metrics;
    expect(
      found()
        .map(({ params, value }) => [params.method, value])
        .toSorted(),
    ).toEqual([
      ['grad-cam', 0.8],
      ['rise', 0.7],
    ]);
    expect(store.evaluations.values(runId, 'test').map(({ values }) => values[1].value)).toEqual([0.7, 0.8]);
    // Of other weights: beside it, and shown in its place.
    save(0.1, { method: 'rise', steps: 4 }, 3);
    expect(found().map(({ value }) => value)).toEqual([0.1]);
    expect(store.evaluations.metrics(runId).map(({ epoch, value }) => [epoch, value])).toEqual([
      [3, 0.1],
      [2, 0.7],
      [2, 0.8],
    ]);
  });
});

const picture = (id: number) => `(${id}, 1, '${id}.png', '${id}.png', '${id}.png', '${id}.png',
  '${String(id).repeat(64)}', 8, 8, 1, 1, 'png', 'given')`;
/** A project of some version with two pictures and run 3. */
function older(version: number): { folder: string; file: ReturnType<typeof openDatabase> } {
  const folder = scratchFolder();
  const file = openDatabase(path.join(folder, 'project.sqlite'), migrations.slice(0, version));
  file.exec(`
    INSERT INTO source VALUES (1, '/p', 'folders', 0);
    INSERT INTO class VALUES (1, 'cat', 1);
    INSERT INTO snapshot VALUES (1, 'h', 0, x'00');
    INSERT INTO image (id, source_id, relative_path, name, name_key, sort_key, content_hash, width_px, height_px,
      size_bytes, modified_ms, file_format, class_origin) VALUES ${picture(7)}, ${picture(8)};
    INSERT INTO run (id, config, state, created_at, trained_on, snapshot_id, code_version)
      VALUES (3, '${JSON.stringify(config)}', 'done', 0, '{"classes":[]}', 1, '0');
  `);
  return { folder, file };
}

describe('an evaluation of an older Fovea', () => {
  const runId = 3 as RunId;
  it('of the first version keeps its values, its curve and those of its pictures, and verdicts still stand', () => {
    const { folder, file } = older(1);
    const measures = {
      accuracy: 0.5,
      energyInBox: 0.25,
      meanIou: null,
      fgsm: [
        { eps: 0, accuracy: 0.5 },
        { eps: 0.1, accuracy: 0.25 },
      ],
    };
    file.exec(`
      INSERT INTO evaluation VALUES (1, 3, 'test', 0, 2, 1, '${JSON.stringify(measures)}', '[[2]]', '[]');
      INSERT INTO evaluation_image VALUES (1, 7, 1, 1, 0.9, 0.9, 0.123456789012345678, 1, 0.5, -1.5),
        (1, 8, 1, 2, 0.1, 0.8, NULL, NULL, NULL, NULL);
    `);
    file.close();
    const store = openStore(folder);
    const { metrics, epoch } = store.evaluations.summary(runId, 'test')!;
    expect(epoch).toBe(0);
    expect(valueOf(metrics, 'accuracy')).toBe(0.5);
    expect(metricOf(metrics, 'energy-in-box')).toMatchObject({
      value: 0.25,
      params: { method: 'gradient-energy' },
    });
    expect(metricOf(metrics, 'fgsm')).toMatchObject({
      value: 0.25,
      curve: [
        { x: 0, y: 0.5 },
        { x: 0.1, y: 0.25 },
      ],
    });
    const values = new Map(store.evaluations.values(runId, 'test').map((one) => [one.measure, one.values]));
    expect(values.get('pointing-game')).toEqual([{ imageId: 7, value: 1 }]);
    expect(values.get('saliency-metric')).toEqual([{ imageId: 7, value: -1.5 }]);
    expect(values.get('energy-in-box')![0].value).toBeCloseTo(0.123456789012345678, 14);
    expect(store.evaluations.verdict(7 as ImageId)).toMatchObject({ correct: true, energyParams: lossHeat });
    expect(store.evaluations.verdict(8 as ImageId)).toMatchObject({ correct: false, energyInBox: null });
    // It does not say which weights it is of, so a new one stands alone.
    store.evaluations.save(evaluation(runId, 1), rows([7 as ImageId]), [metric('f1', 1)]);
    expect(store.evaluations.summary(runId, 'test')!.metrics.map(({ measure }) => measure)).toEqual(['f1']);
  });

  it('keeps figures with their parameters, to the last digit and in one order', () => {
    const { folder, file } = older(3);
    const base = { value: 0.5, low: 0.1, high: 0.9, pictures: 2, skipped: 1 };
    const pointing = { method: 'gradient-energy', margin: 15 / 224, mean: 'pictures' };
    const figures = {
      accuracy: { ...base, params: {} },
      pointingGame: { ...base, params: pointing },
      gradientRobustness: { ...base, params: { relative: true, draws: 4 } },
      worstGroupAccuracy: { ...base, params: {}, parts: [{ name: "cat's, day", value: 0.5 }] },
      fgsm: { ...base, params: { points: 1 }, parts: [{ name: String(1 / 255), value: 0.25 }] },
    };
    file
      .prepare(
        `INSERT INTO evaluation (id, run_id, split, created_at, images, with_region, measures, figures, confusion, classes,
          weights_of) VALUES (1, 3, 'test', 0, 2, 1, '{}', ?, '[[2]]', '[]', 2)`,
      )
      .run(JSON.stringify(figures));
    file
      .prepare('INSERT INTO evaluation_image VALUES (1, 7, 1, 1, 0.9, 0.9, ?)')
      .run(JSON.stringify({ accuracy: 1, pointingGame: 0, meanIou: null }));
    file.close();
    const { summary, values, save } = openStore(folder).evaluations;
    const { metrics, epoch } = summary(runId, 'test')!;
    expect(epoch).toBe(2);
    expect(metrics).toHaveLength(5);
    expect(metricOf(metrics, 'pointing-game')).toEqual({
      measure: 'pointing-game',
      ...base,
      params: pointing,
    });
    expect(metricOf(metrics, 'gradient-robustness')!.params).toEqual({ relative: true, draws: 4 });
    expect(metricOf(metrics, 'worst-group-accuracy')!.parts).toEqual(figures.worstGroupAccuracy.parts);
    expect(metricOf(metrics, 'fgsm')!.curve).toEqual([{ x: 1 / 255, y: 0.25, low: null, high: null }]);
    expect(
      values(runId, 'test')
        .map(({ measure }) => measure)
        .toSorted(),
    ).toEqual(['accuracy', 'pointing-game']);
    // Measured again, it is the same metric.
    save(evaluation(runId, 2), rows([7 as ImageId]), [metric('pointing-game', 1, { params: pointing })]);
    expect(summary(runId, 'test')!.metrics).toHaveLength(5);
  });

  it('knows every measure of the registry by the name that its values had', () => {
    const last = migrations.find((step) => step.includes('CREATE TEMP TABLE named'))!;
    for (const { id, key } of measureInfos()) expect(last).toContain(`('${key}', '${id}',`);
  });
});

describe('attributes of pictures', () => {
  it('come back by name, are overwritten, and go with the picture', () => {
    const { store, images } = project();
    store.attributes.set(images[0], { place: 'water', hour: '12' });
    store.attributes.set(images[1], { place: 'land' });
    store.attributes.set(images[1], { place: 'water' });
    expect(store.attributes.names()).toEqual(['hour', 'place']);
    expect([...store.attributes.valuesOf('place')]).toEqual(images.map((id) => [id, 'water']));
    expect(store.attributes.valuesOf('hour').size).toBe(1);
    expect(store.attributes.valuesOf('colour').size).toBe(0);
  });
});
