// Evaluations: what is kept of them, what is added to, and what an older Fovea left behind.

import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ClassId, ImageId, RunId } from '../../../src-main/contracts/ids.ts';
import { runConfigSchema } from '../../../src-main/contracts/runs.ts';
import type { MetricValue } from '../../../src-main/contracts/metrics.ts';
import { openDatabase } from '../../../src-main/storage/database.ts';
import { migrations } from '../../../src-main/storage/migrations.ts';
import type { NewEvaluation } from '../../../src-main/storage/evaluations.ts';
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
const metricValue = (value: number | null, more: Partial<MetricValue> = {}): MetricValue => ({
  value,
  low: null,
  high: null,
  pictures: 2,
  skipped: 0,
  params: {},
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
const evaluation = (
  runId: RunId,
  figures: Record<string, MetricValue>,
  weightsOf: number,
): NewEvaluation => ({
  runId,
  split: 'test',
  images: 2,
  withRegion: 1,
  figures,
  weightsOf,
  confusion: [[2]],
  classes: [{ classId: 1 as ClassId, name: 'cat' }],
});
const rows = (images: readonly ImageId[], values: Record<string, number | null>) =>
  images.map((imageId) => ({
    imageId,
    classId: 1 as ClassId,
    predictedId: 1 as ClassId,
    trueScore: 0.9,
    predictedScore: 0.9,
    values,
  }));

describe('an evaluation', () => {
  it('comes back with every figure, those of old under their own names too', () => {
    const { store, runId, images } = project();
    const parts = [
      { name: '0', value: 0.5 },
      { name: String(2 / 255), value: 0.25 },
    ];
    const figures = {
      accuracy: metricValue(0.5, { low: 0.1, high: 0.9 }),
      fgsm: metricValue(0.25, { parts }),
      pointingGame: metricValue(1),
      f1: metricValue(0.4, { params: { beta: 1 } }),
    };
    store.evaluations.save(evaluation(runId, figures, 2), rows(images, { pointingGame: 1, insertion: null }));
    const summary = store.evaluations.summary(runId, 'test')!;
    expect(summary.figures).toEqual(figures);
    expect(summary.measures).toMatchObject({
      accuracy: 0.5,
      pointingGame: 1,
      energyInBox: null,
      fgsm: [
        { eps: 0, accuracy: 0.5 },
        { eps: 2 / 255, accuracy: 0.25 },
      ],
    });
    expect(store.evaluations.images(runId, 'test')[0]).toMatchObject({
      name: 'a.png',
      correct: true,
      pointingHit: true,
      iou: null,
      values: { pointingGame: 1, insertion: null },
    });
  });

  it('says of a picture with several classes what its accuracy says', () => {
    const { store, runId, images } = project();
    const stored = rows(images, {}).map((row, i) => ({
      ...row,
      predictedId: 2 as ClassId,
      values: { accuracy: 1 - i },
    }));
    store.evaluations.save(evaluation(runId, { accuracy: metricValue(0.5) }, 2), stored);
    expect(store.evaluations.images(runId, 'test').map(({ correct }) => correct)).toEqual([true, false]);
    expect(images.map((id) => store.evaluations.verdict(id)?.correct)).toEqual([true, false]);
  });

  it('of the same weights adds to what is there, and of others replaces it', () => {
    const { store, runId, images } = project();
    const save = (key: string, value: number, weightsOf: number) =>
      store.evaluations.save(
        evaluation(runId, { accuracy: metricValue(0.5), [key]: metricValue(value) }, weightsOf),
        rows(images, { [key]: value }),
      );
    save('f1', 0.3, 2);
    save('insertion', 0.7, 2);
    save('insertion', 0.8, 2);
    expect(Object.keys(store.evaluations.summary(runId, 'test')!.figures).sort()).toEqual([
      'accuracy',
      'f1',
      'insertion',
    ]);
    expect(store.evaluations.images(runId, 'test')[1].values).toEqual({ f1: 0.3, insertion: 0.8 });
    save('deletion', 0.1, 3);
    expect(Object.keys(store.evaluations.summary(runId, 'test')!.figures)).toEqual(['accuracy', 'deletion']);
    expect(store.evaluations.images(runId, 'test')[1].values).toEqual({ deletion: 0.1 });
  });
});

describe('an evaluation of an older Fovea', () => {
  it('is read as it was, picture by picture, and verdicts still stand', () => {
    const folder = scratchFolder();
    const old = openDatabase(path.join(folder, 'project.sqlite'), migrations.slice(0, 1));
    const measures = { accuracy: 0.5, energyInBox: 0.25, fgsm: [{ eps: 0, accuracy: 0.5 }] };
    old.exec(`
      INSERT INTO source VALUES (1, '/p', 'folders', 0);
      INSERT INTO class VALUES (1, 'cat', 1);
      INSERT INTO snapshot VALUES (1, 'h', 0, x'00');
      INSERT INTO image (id, source_id, relative_path, name, name_key, sort_key, content_hash, width_px, height_px,
        size_bytes, modified_ms, file_format, class_origin) VALUES (7, 1, 'a.png', 'a.png', 'a.png', 'a.png',
        '${'1'.repeat(64)}', 8, 8, 1, 1, 'png', 'given'), (8, 1, 'b.png', 'b.png', 'b.png', 'b.png',
        '${'2'.repeat(64)}', 8, 8, 1, 1, 'png', 'given');
      INSERT INTO run (id, config, state, created_at, trained_on, snapshot_id, code_version)
        VALUES (3, '${JSON.stringify(config)}', 'done', 0, '{"classes":[]}', 1, '0');
      INSERT INTO evaluation VALUES (1, 3, 'test', 0, 2, 1, '${JSON.stringify(measures)}', '[[2]]', '[]');
      INSERT INTO evaluation_image VALUES (1, 7, 1, 1, 0.9, 0.9, 0.123456789012345678, 1, 0.5, -1.5),
        (1, 8, 1, 2, 0.1, 0.8, NULL, NULL, NULL, NULL);
    `);
    old.close();
    const store = openStore(folder);
    const runId = 3 as RunId;
    expect(store.evaluations.summary(runId, 'test')).toMatchObject({ measures, figures: {} });
    const [a, b] = store.evaluations.images(runId, 'test');
    expect(a).toMatchObject({ correct: true, pointingHit: true, iou: 0.5, saliencyMetric: -1.5 });
    expect(a.energyInBox).toBeCloseTo(0.123456789012345678, 14);
    expect(b).toMatchObject({ correct: false, energyInBox: null, pointingHit: null });
    expect(store.evaluations.verdict(7 as ImageId)?.energyInBox).toBeCloseTo(0.1234567890123, 12);
    // It does not say which weights it is of, so a new one stands alone.
    store.evaluations.save(
      evaluation(runId, { accuracy: metricValue(1) }, 1),
      rows([7 as ImageId], { f1: 1 }),
    );
    expect(store.evaluations.images(runId, 'test').map(({ values }) => values)).toEqual([{ f1: 1 }]);
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
