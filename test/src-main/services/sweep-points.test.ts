// What a sweep trains: combinations of any parameters, drawn or all, and who goes on after a rung.

import { describe, expect, it } from 'vitest';
import {
  rungsOf,
  runOfPoint,
  sweepConfigSchema,
  sweepPlan,
  type SweepConfigInput,
} from '../../../src-main/contracts/sweeps.ts';
import { standingOf } from '../../../src-main/services/sweep-halving.ts';
import { kindsOf, sweepPointsOf } from '../../../src-main/services/sweep-points.ts';

const run = { objective: 'standard', model: 'resnet8', sizePx: 16, epochs: 9, batch: 4, seed: 7 };
const asked = (more: Partial<SweepConfigInput>) =>
  sweepConfigSchema.parse({ run, objectives: ['standard'], repeat: 1, ...more });
const config = (more: Partial<SweepConfigInput>) => {
  const one = asked(more);
  return { ...one, measures: [], points: sweepPointsOf(one) };
};

describe('the points of a sweep', () => {
  it('are all combinations, an objective without the parameter once', () => {
    const { points } = config({
      objectives: ['standard', 'box-aware', 'art'],
      vary: [
        { name: 'lambda', values: [0.1, 1] },
        { name: 'model', values: ['resnet8', 'smallcnn'] },
      ],
    });
    expect(points.map(({ objective, values }) => [objective, values.lambda, values.model])).toEqual([
      ['standard', undefined, 'resnet8'],
      ['standard', undefined, 'smallcnn'],
      ...['box-aware', 'art'].flatMap((objective) =>
        [0.1, 1].flatMap((lambda) => ['resnet8', 'smallcnn'].map((model) => [objective, lambda, model])),
      ),
    ]);
    expect(points[2].params).toMatchObject({ lambdaInside: 0.1, lambdaOutside: 0.1 });
  });

  it('leave out a penalty of weight 0 where standard training is there anyway', () => {
    const vary = [{ name: 'lambdaOutside', values: [0, 1] }];
    expect(config({ objectives: ['standard', 'box-aware'], vary }).points).toHaveLength(2);
    expect(config({ objectives: ['box-aware'], vary }).points).toHaveLength(2);
  });

  it('set fields and settings of a run, and give each objective the parameters it has', () => {
    const sweep = config({
      run: { ...run, params: { lambdaInside: 3 } },
      objectives: ['standard', 'box-aware'],
      vary: [
        { name: 'trainShare', values: [0.5] },
        { name: 'batch', values: [8] },
        { name: 'learningRate', values: [0.1] },
      ],
      starts: { resnet8: { settings: { clipNorm: 1, learningRate: 9 } } },
    });
    expect(sweep.points.map(({ params }) => params.lambdaInside)).toEqual([undefined, 3]);
    const trained = runOfPoint(sweep, sweep.points[1], 5);
    expect(trained).toMatchObject({
      objective: 'box-aware',
      batch: 8,
      seed: 5,
      settings: { trainShare: 0.5, learningRate: 0.1, clipNorm: 1 },
    });
    expect(trained.settings).not.toHaveProperty('batch');
  });

  it('vary the seed, to which each repetition adds', () => {
    const sweep = config({ vary: [{ name: 'seed', values: [10, 20] }], repeat: 2 });
    expect(sweepPlan(sweep).map(({ seed }) => seed)).toEqual([10, 20, 11, 21]);
  });

  it('are drawn with the seed of the run, evenly on their scale, and each from a stream of its own', () => {
    const vary: SweepConfigInput['vary'] = [{ name: 'learningRate', low: 1e-4, high: 1, scale: 'log' }];
    const drawn = config({ vary, samples: 400 }).points.map(({ values }) => Number(values.learningRate));
    expect(drawn.every((value) => value >= 1e-4 && value <= 1)).toBe(true);
    const below = drawn.filter((value) => value < 1e-2).length;
    expect(below).toBeGreaterThan(160);
    expect(below).toBeLessThan(240);
    const more = config({
      vary: [...vary, { name: 'batch', low: 2, high: 9, scale: 'linear' }],
      samples: 400,
    });
    expect(more.points.map(({ values }) => values.learningRate)).toEqual(drawn);
    expect(more.points.every(({ values }) => Number.isInteger(values.batch))).toBe(true);
    expect(config({ vary, samples: 400, run: { ...run, seed: 8 } }).points[0].values).not.toEqual({
      learningRate: drawn[0],
    });
  });

  it.each<[string, Partial<SweepConfigInput>, RegExp]>([
    ['a parameter nobody has', { vary: [{ name: 'magic', values: [1] }] }, /has a parameter "magic"/],
    ['a value out of range', { vary: [{ name: 'momentum', values: [2] }] }, /momentum cannot be 2/],
    ['a model that is not there', { vary: [{ name: 'model', values: ['x'] }] }, /model cannot be x/],
    ['labels', { vary: [{ name: 'labels', values: ['one'] }] }, /labels cannot be varied/],
    [
      'a range without draws',
      { vary: [{ name: 'learningRate', low: 1, high: 2, scale: 'log' }] },
      /only be drawn/,
    ],
    ['a stray parameter', { run: { ...run, params: { lambdaInside: 1 } } }, /"lambdaInside"/],
    [
      'too many',
      {
        vary: ['batch', 'seed'].map((name) => ({
          name,
          values: Array.from({ length: 200 }, (_, i) => i + 2),
        })),
      },
      /at most 10000/,
    ],
  ])('are refused for %s', (_, more, says) => {
    expect(() => config(more)).toThrow(says);
  });

  it('are of one kind where they differ in numbers alone', () => {
    const { points } = config({
      objectives: ['standard', 'box-aware'],
      vary: [
        { name: 'lambda', values: [0.1, 1] },
        { name: 'learningRate', values: [0.1, 1] },
        { name: 'optimiser', values: ['sgd', 'adam'] },
      ],
    });
    expect(kindsOf(points).map(({ objective, values }) => [objective, values.optimiser])).toEqual([
      ['standard', 'sgd'],
      ['standard', 'adam'],
      ['box-aware', 'sgd'],
      ['box-aware', 'adam'],
    ]);
  });
});

describe('halving', () => {
  const sweep = config({
    vary: [{ name: 'learningRate', values: [0.1, 0.2, 0.3, 0.4, 0.5] }],
    repeat: 2,
    halving: { firstEpochs: 1, eta: 2 },
  });
  /** Rising with the learning rate. */
  const reached = (upTo: number) => (position: number, epoch: number) =>
    epoch <= upTo ? sweepPlan(sweep)[position].point / 10 + epoch / 100 : null;

  it('compares after the first epochs, and after eta times as many again, while there are more', () => {
    expect(rungsOf(sweep)).toEqual([1, 2, 4, 8]);
    expect(rungsOf({ ...sweep, halving: undefined })).toEqual([]);
  });

  it('waits for all, then lets the better half go on, until the last are trained to their end', () => {
    const none = () => false;
    expect(standingOf(sweep, reached(0), none)).toEqual({ alive: [0, 1, 2, 3, 4], rung: 1 });
    expect(standingOf(sweep, reached(1), none)).toEqual({ alive: [2, 3, 4], rung: 2 });
    expect(standingOf(sweep, reached(2), none)).toEqual({ alive: [3, 4], rung: 4 });
    expect(standingOf(sweep, reached(9), none)).toEqual({ alive: [4], rung: null });
  });

  it('goes on without points that have lost a run', () => {
    expect(standingOf(sweep, reached(1), (point) => point === 4)).toEqual({ alive: [2, 3], rung: 2 });
  });
});
