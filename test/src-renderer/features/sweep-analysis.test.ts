// What a sweep's points say together, from points whose answer is known.

import { describe, expect, it } from 'vitest';
import { readAxis } from '../../../src-main/contracts/sweep-axes.ts';
import type { ParamField } from '../../../src-main/contracts/methods.ts';
import type { SweepCell } from '../../../src-main/contracts/sweeps.ts';
import {
  importances,
  paretoOf,
  placesOf,
  type Point,
} from '../../../src-renderer/features/sweep/analysis.ts';

const grid = (mean: (a: number, b: string) => number): Point[] =>
  [1, 2, 3, 4].flatMap((a) =>
    ['x', 'y', 'z'].map((b, i) => ({ cell: a * 10 + i, values: [a, b], mean: mean(a, b) })),
  );

describe('the importance of parameters', () => {
  it('is of the one that makes the difference, a number or a word, and the same each time', () => {
    const byNumber = importances(
      grid((a) => a),
      2,
    )!;
    expect(byNumber[0]).toBeGreaterThan(0.9);
    const byWord = importances(
      grid((_, b) => (b === 'y' ? 1 : 0)),
      2,
    )!;
    expect(byWord[1]).toBeGreaterThan(0.9);
    expect(byNumber[0] + byNumber[1]).toBeCloseTo(1, 12);
    expect(
      importances(
        grid((a) => a),
        2,
      ),
    ).toEqual(byNumber);
  });

  it('is divided where both matter alike', () => {
    const [a, b] = importances(
      grid((n, word) => n / 3 + (word === 'x' ? 0 : word === 'y' ? 0.5 : 1)),
      2,
    )!;
    expect(Math.min(a, b)).toBeGreaterThan(0.2);
  });

  it('is not said of few points, and of points that are all alike', () => {
    expect(importances(grid((a) => a).slice(0, 5), 2)).toBeNull();
    expect(
      importances(
        grid(() => 1),
        2,
      ),
    ).toBeNull();
  });
});

describe('the Pareto front', () => {
  const cell = (x?: number, y?: number): SweepCell =>
    ({
      tuning: {
        ...(x !== undefined && { x: { mean: x, std: null } }),
        ...(y !== undefined && { y: { mean: y, std: null } }),
      },
    }) as unknown as SweepCell;

  it('has the points that no other beats, in the direction of each measure', () => {
    const cells = [cell(1, 1), cell(2, 3), cell(3, 2), cell(2, 2), cell(5)];
    const front = (directions: ['higher' | 'lower', 'higher' | 'lower']) =>
      paretoOf(cells, ['x', 'y'], directions, 'tuning').flatMap((one) => (one.isFront ? [one.cell] : []));
    expect(front(['higher', 'higher'])).toEqual([1, 2]);
    expect(front(['lower', 'lower'])).toEqual([0]);
    expect(front(['higher', 'lower'])).toEqual([0, 2]);
  });
});

describe('places on an axis', () => {
  it('go by the logarithm where numbers span far, with 0 below the least, and in order for words', () => {
    const far = placesOf([0, 0.1, 1, 10, 100]);
    expect([0, 0.1, 10, 100].map(far)).toEqual([0, expect.closeTo(0.25), expect.closeTo(0.75), 1]);
    expect(placesOf([1, 2, 5])(2)).toBe(0.25);
    const words = placesOf(['a', 'b', undefined]);
    expect([words('a'), words('b'), words(undefined)]).toEqual([0, 1, null]);
  });
});

describe('values as they are written', () => {
  const field = (more: Partial<ParamField>): ParamField => ({
    name: 'p',
    title: '',
    help: '',
    kind: 'number',
    default: 0,
    main: false,
    ...more,
  });

  it.each<[string, Partial<ParamField>, unknown]>([
    ['p=1,8/255', {}, { name: 'p', values: [1, 8 / 255] }],
    ['p=log(1e-3,1e2,6)', {}, { name: 'p', values: [0.001, 0.01, 0.1, 1, 10, 100] }],
    ['p=linear(1,3,3)', {}, { name: 'p', values: [1, 2, 3] }],
    ['p=log(2,64,4)', { kind: 'integer' }, { name: 'p', values: [2, 6, 20, 64] }],
    ['p=0.001..100', { scale: 'log' }, { name: 'p', low: 0.001, high: 100, scale: 'log' }],
    ['p=1..2', {}, { name: 'p', low: 1, high: 2, scale: 'linear' }],
    ['p=true,false', { kind: 'boolean' }, { name: 'p', values: [true, false] }],
    ['model=resnet18,efficientnet-lite0', {}, { name: 'model', values: ['resnet18', 'efficientnet-lite0'] }],
    ['share=0.1,1', {}, { name: 'trainShare', values: [0.1, 1] }],
    ['lambda=1e-3..1e2', {}, { name: 'lambda', low: 1e-3, high: 100, scale: 'log' }],
  ])('%s', (text, more, expected) => {
    expect(readAxis(text, [field(more)])).toEqual(expected);
  });

  it.each(['p', 'p=', 'p=1,1', 'p=a', 'p=log(0,1,3)', 'p=log(2,1,3)', 'p=linear(0,1,1)', 'p=1,,2'])(
    'but not %s',
    (text) => {
      expect(() => readAxis(text, [field({})])).toThrow(text);
    },
  );
});
