import path from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ClassId, ImageId, RunId } from '../../../src-main/contracts/ids.ts';
import { runConfigSchema, type EpochMetrics, type TrainedOn } from '../../../src-main/contracts/runs.ts';
import { boxGrid, sweepConfigSchema } from '../../../src-main/contracts/sweeps.ts';
import { openDatabase } from '../../../src-main/storage/database.ts';
import { explanationsRepository } from '../../../src-main/storage/explanations.ts';
import type { ProjectStore } from '../../../src-main/storage/project-store.ts';
import { box, newImage, openStore, scratchFolder } from './scratch.ts';

const config = runConfigSchema.parse({
  objective: 'standard',
  model: 'resnet8',
  sizePx: 32,
  epochs: 3,
  batch: 8,
  seed: 1,
});
const trainedOn: TrainedOn = {
  classes: [],
  train: 0,
  withRegion: 0,
  selection: 0,
  test: 0,
  unclassed: 0,
  snapshotId: null,
  warnings: [],
};
const epoch = (number: number, energyInBox: number | null = null): EpochMetrics => ({
  epoch: number,
  loss: { class: 1 / number, total: 1 / number },
  trainAccuracy: 0.5,
  accuracy: 0.25 * number,
  energyInBox,
  learningRate: 0.05,
  seconds: 2,
  picturesPerSecond: 100,
});
const addRun = (store: ProjectStore): RunId =>
  store.runs.add(config, trainedOn, store.snapshots.save({ classes: [], images: [] }), '0.1.0');

describe('runs', () => {
  it('come back as they were written, with the figures of their best epoch', () => {
    const store = openStore(scratchFolder());
    const id = addRun(store);
    store.epochMetrics.add(id, epoch(1, 0.4));
    store.epochMetrics.add(id, epoch(2, 0.6));
    store.runs.setProgress(id, { epoch: 2, accuracy: 0.5 });
    expect(store.runs.byId(id)).toMatchObject({
      config,
      state: 'waiting',
      epochsDone: 2,
      seconds: 4,
      best: { epoch: 2, accuracy: 0.5 },
      energyInBox: 0.6,
      error: null,
    });
    expect(store.epochMetrics.ofRun(id)).toEqual([epoch(1, 0.4), epoch(2, 0.6)]);
  });

  it('that go on from a checkpoint count their epochs from there', () => {
    const store = openStore(scratchFolder());
    const id = addRun(store);
    for (const number of [1, 2, 3]) store.epochMetrics.add(id, epoch(number));
    store.epochMetrics.add(id, epoch(2, 0.9));
    expect(store.epochMetrics.ofRun(id)).toEqual([epoch(1), epoch(2, 0.9)]);
  });

  it('that are taken up have the log that their checkpoint holds, whatever was lost of it here', () => {
    const store = openStore(scratchFolder());
    const id = addRun(store);
    for (const number of [1, 3, 4]) store.epochMetrics.add(id, epoch(number));
    store.epochMetrics.replace(
      id,
      [1, 2, 3].map((number) => epoch(number)),
    );
    expect(store.epochMetrics.ofRun(id)).toEqual([epoch(1), epoch(2), epoch(3)]);
  });

  it('keep their epochs when a worker tells all of them again, and fill what is missing', () => {
    const store = openStore(scratchFolder());
    const id = addRun(store);
    for (const number of [1, 2, 4]) expect(store.epochMetrics.add(id, epoch(number))).toBe(true);
    const kept = [1, 2, 3, 4].map((number) => {
      const isNews = store.epochMetrics.add(id, epoch(number));
      store.runs.setProgress(id, null);
      return [isNews, store.epochMetrics.ofRun(id).length, store.runs.byId(id)!.epochsDone];
    });
    expect(kept).toEqual([
      [false, 3, 4],
      [false, 3, 4],
      [true, 4, 4],
      [false, 4, 4],
    ]);
  });

  it('take warnings that come while they train, after those they began with', () => {
    const store = openStore(scratchFolder());
    const snapshot = store.snapshots.save({ classes: [], images: [] });
    const id = store.runs.add(config, { ...trainedOn, warnings: ['few pictures'] }, snapshot, '0.1.0');
    store.runs.warn(id, 'memory ran out: a "small" one');
    store.runs.warn(id, 'again');
    expect(store.runs.byId(id)!.trainedOn).toEqual({
      ...trainedOn,
      warnings: ['few pictures', 'memory ran out: a "small" one', 'again'],
    });
  });

  it('never take the number of one that was deleted', () => {
    const store = openStore(scratchFolder());
    const first = addRun(store);
    store.runs.remove(first);
    expect(addRun(store)).toBe(first + 1);
  });

  it('that were going on are interrupted when the project is opened again, and no others', () => {
    const store = openStore(scratchFolder());
    const states = ['waiting', 'running', 'paused', 'done', 'failed', 'cancelled'] as const;
    const ids = states.map((state) => {
      const id = addRun(store);
      store.runs.setState(id, state);
      return id;
    });
    expect(store.runs.interruptAll()).toBe(2);
    expect(ids.map((id) => store.runs.byId(id)!.state)).toEqual([
      'interrupted',
      'interrupted',
      'paused',
      'done',
      'failed',
      'cancelled',
    ]);
  });
});

describe('sweeps', () => {
  it('know their runs by place, forget those that are deleted, and keep the figures of the others', () => {
    const store = openStore(scratchFolder());
    const snapshot = store.snapshots.save({ classes: [], images: [] });
    const asked = sweepConfigSchema.parse({
      run: { ...config, objective: 'box-aware' },
      ...boxGrid([0], [0, 1]),
    });
    const id = store.sweeps.add({ ...asked, measures: [], points: [] }, trainedOn, snapshot);
    const [first, second, other] = [addRun(store), addRun(store), addRun(store)];
    store.sweeps.addRun(id, 0, first);
    store.sweeps.addRun(id, 2, second);
    const figures = {
      accuracy: { value: 0.5, low: null, high: null, pictures: 2, skipped: 0, params: {} },
    };
    store.sweeps.setMetricValues(second, figures);
    store.sweeps.setTest(first, figures);
    expect(() => store.sweeps.addRun(id, 2, other)).toThrow();
    expect(store.sweeps.runsOf(id)).toEqual([
      { position: 0, runId: first, figures: null, test: figures },
      { position: 2, runId: second, figures, test: null },
    ]);
    expect([store.sweeps.ofRun(first)?.id, store.sweeps.ofRun(other)]).toEqual([id, null]);
    store.runs.remove(first);
    expect(store.sweeps.runsOf(id).map(({ position }) => position)).toEqual([2]);
    expect(store.sweeps.all()).toMatchObject([{ id, error: null, config: { repeat: 3 } }]);
  });
});

describe('snapshots', () => {
  it('give back what they were made from, and share a row when nothing changed', () => {
    const store = openStore(scratchFolder());
    const snapshot = {
      classes: [{ id: 1 as ClassId, name: 'cät' }],
      images: [],
    };
    const id = store.snapshots.save(snapshot);
    expect(store.snapshots.load(id)).toEqual(snapshot);
    expect(store.snapshots.save(snapshot)).toBe(id);
    expect(store.snapshots.save({ ...snapshot, classes: [] })).not.toBe(id);
  });
});

describe('heat maps', () => {
  it('come back bit for bit', () => {
    const store = openStore(scratchFolder());
    const runId = addRun(store);
    const imageId = store.images.add(newImage(store.sources.add('/p', 'folders'), 'a.png'));
    const map = {
      widthPx: 3,
      heightPx: 1,
      heat: Float32Array.of(0.1, 1e-30, 0.9),
      classId: 1 as ClassId,
      scores: [{ classId: 1 as ClassId, name: 'cat', score: 0.25 }],
      energyInBox: null,
      pointingHit: true,
      regionBox: { x: 0, y: 0, width: 1, height: 1 },
      measuredBox: { box: null, iou: 0 },
    };
    store.explanations.put(runId, imageId, 'key', map);
    expect(store.explanations.get(runId, imageId, 'key')).toEqual(map);
    expect(store.explanations.get(runId, imageId, 'another key')).toBeNull();
    // What is pinned is history, what is cached is not.
    store.explanations.pin(runId, 1, imageId, map);
    expect(store.explanations.pinned(runId)).toEqual([{ epoch: 1, imageId, map }]);
  });
});

describe('kept heat maps', () => {
  const mapOf = (values: number) => ({
    widthPx: values,
    heightPx: 1,
    heat: new Float32Array(values).fill(1 / values),
    classId: 1 as ClassId,
    scores: [],
    energyInBox: null,
    pointingHit: null,
    regionBox: null,
    measuredBox: null,
  });

  it('give way by their bytes, the oldest first, and what is pinned stays', () => {
    const db = openDatabase(path.join(scratchFolder(), 'project.sqlite'));
    onTestFinished(() => void db.close());
    db.pragma('foreign_keys = OFF');
    const [runId, imageId] = [1 as RunId, 1 as ImageId];
    const kept = explanationsRepository(db, 10_000);
    const names = () => ['a', 'b', 'c', 'd', 'e', 'f'].filter((key) => kept.get(runId, imageId, key));
    kept.pin(runId, 1, imageId, mapOf(5000));
    for (const key of ['a', 'b', 'c', 'd']) kept.put(runId, imageId, key, mapOf(500)); // 2,002 bytes each
    kept.put(runId, imageId, 'd', mapOf(500)); // once more, in place of itself
    expect(names()).toEqual(['a', 'b', 'c', 'd']);
    kept.put(runId, imageId, 'e', mapOf(1000));
    expect(names()).toEqual(['c', 'd', 'e']);
    // What is there when the project is opened counts.
    explanationsRepository(db, 10_000).put(runId, imageId, 'f', mapOf(1500));
    expect(names()).toEqual(['f']);
    expect(kept.pinned(runId)).toHaveLength(1);
  });
});

describe('classes', () => {
  it('stay numbered without gaps', () => {
    const store = openStore(scratchFolder());
    const [, dog] = ['cat', 'dog', 'cow'].map((name) => store.classes.add(name));
    store.classes.remove(dog);
    expect(store.classes.all().map(({ name, position }) => [name, position])).toEqual([
      ['cat', 1],
      ['cow', 2],
    ]);
  });

  it('count the pictures and shapes that have them', () => {
    const store = openStore(scratchFolder());
    const cat = store.classes.add('cat');
    const image = store.images.add(
      newImage(store.sources.add('/p', 'folders'), 'a.png', { classId: cat, classOrigin: 'given' }),
    );
    store.annotations.add(box(image, cat));
    store.annotations.add(box(image, cat));
    expect(store.classes.all()).toMatchObject([{ pictures: 1, annotations: 2 }]);
  });
});

describe('a transaction', () => {
  it('that throws leaves nothing', () => {
    const store = openStore(scratchFolder());
    expect(() =>
      store.transaction(() => {
        store.classes.add('cat');
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(store.classes.all()).toEqual([]);
  });
});

describe('long work in turns', () => {
  /** Works longer than a turn, so that others get theirs in between. */
  function* slowly<T>(each: (index: number) => void, result: T): Generator<void, T> {
    for (let index = 0; index < 4; index++) {
      const until = performance.now() + 30;
      while (performance.now() < until);
      each(index);
      yield;
    }
    return result;
  }

  it('has no transaction open while others have their turn', async () => {
    const folder = scratchFolder();
    const store = openStore(folder);
    const other = new Database(path.join(folder, 'project.sqlite'), { timeout: 0 });
    onTestFinished(() => void other.close());
    let turns = 0;
    const work = slowly((index) => store.classes.add(`class ${index}`), 'done');
    const end = await store.inTurns(work, () => {
      turns += 1;
      // Another connection could not write if one were.
      other.prepare(`INSERT INTO setting VALUES (?, '1')`).run(`turn ${turns}`);
    });
    expect(end).toBe('done');
    expect(turns).toBeGreaterThanOrEqual(3);
    expect(store.classes.all()).toHaveLength(4);
  });

  it('waits for another program that holds the database, without stopping the process', async () => {
    const folder = scratchFolder();
    const store = openStore(folder);
    const other = new Database(path.join(folder, 'project.sqlite'), { timeout: 0 });
    onTestFinished(() => void other.close());
    other.exec('BEGIN IMMEDIATE');
    let ticks = 0;
    const timer = setInterval(() => {
      if (++ticks === 20) other.exec('COMMIT');
    }, 1);
    onTestFinished(() => clearInterval(timer));
    await store.inTurns(slowly((index) => store.classes.add(`class ${index}`), null));
    expect(ticks).toBeGreaterThanOrEqual(20);
    expect(store.classes.all()).toHaveLength(4);
  });
});

describe('attributes', () => {
  it('group a picture by its own, else by what the shapes of its class agree on', () => {
    const store = openStore(scratchFolder());
    const source = store.sources.add('/pictures', 'folders');
    const [cat, dog] = ['cat', 'dog'].map((name) => store.imports.classNamed(name));
    const add = (name: string) => store.images.add(newImage(source, name, { classId: cat }));
    const draw = (image: ImageId, classId: ClassId | null, attributes: Record<string, string>) =>
      store.annotations.add({ ...box(image, classId), attributes });
    const [own, agreed, torn, other, none] = ['own', 'agreed', 'torn', 'other', 'none'].map(add);
    store.attributes.set(own, { ground: 'water' });
    draw(own, cat, { ground: 'land' });
    draw(agreed, cat, { ground: 'land' });
    draw(agreed, null, { ground: 'land' });
    draw(agreed, dog, { ground: 'water' });
    draw(torn, cat, { ground: 'land' });
    draw(torn, cat, { ground: 'water' });
    draw(other, dog, { ground: 'land' });
    draw(none, cat, {});
    expect(store.attributes.names()).toEqual(['ground']);
    expect([...store.attributes.valuesOf('ground')].sort()).toEqual([
      [own, 'water'],
      [agreed, 'land'],
    ]);
  });
});
