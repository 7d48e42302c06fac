// What a sweep chooses, from figures that are made up.

import { describe, expect, it } from 'vitest';
import type { MetricValue } from '../../../src-main/contracts/metrics.ts';
import {
  boxGrid,
  namedGrids,
  runOfPoint,
  sweepConfigSchema,
  sweepFamilies,
  sweepPlan,
  weightOf,
  type SweepCell,
  type SweepMetricValue,
  type SweepMeasure,
} from '../../../src-main/contracts/sweeps.ts';
import { sweepPointsOf } from '../../../src-main/services/sweep-points.ts';
import { choose, spread, sweepMeasures, valueAt } from '../../../src-main/services/sweep-results.ts';
import { measureInfos } from '../../../src-main/engine/measures/index.ts';

const run = { objective: 'box-aware', model: 'resnet8', sizePx: 16, epochs: 1, batch: 4, seed: 7 } as const;
function config(lambdaInside: number[], lambdaOutside: number[], repeat = 1) {
  const asked = sweepConfigSchema.parse({ run, ...boxGrid(lambdaInside, lambdaOutside), repeat });
  return { ...asked, measures: [], points: sweepPointsOf(asked) };
}
const familyPoints = (asked: ReturnType<typeof config>, family: string) =>
  sweepFamilies(asked).find(({ id }) => id === family)!.points;

describe('the plan of a sweep', () => {
  it('has the values of the paper, and every third of them', () => {
    expect(namedGrids.paper).toEqual([
      ...[0, 0.1, 0.21544, 0.46416, 1, 2.1544, 4.6416, 10, 21.544, 46.416, 100, 215.44, 464.16, 1000],
    ]);
    expect(namedGrids.coarse).toEqual([0, 0.1, 1, 10, 100, 1000]);
  });

  it('trains standard, blackout and each pair once a repetition; no weights at all are standard', () => {
    const asked = config([0, 1], [0, 1, 5], 2);
    expect(
      asked.points.map((one) => [
        one.objective,
        weightOf(one, 'lambdaInside'),
        weightOf(one, 'lambdaOutside'),
      ]),
    ).toEqual([
      ['standard', 0, 0],
      ['blackout', 0, 0],
      ['box-aware', 0, 1],
      ['box-aware', 0, 5],
      ['box-aware', 1, 0],
      ['box-aware', 1, 1],
      ['box-aware', 1, 5],
    ]);
    const plan = sweepPlan(asked);
    expect(plan).toHaveLength(14);
    expect([plan[0], plan[7]]).toEqual([
      { point: 0, seed: 7 },
      { point: 0, seed: 8 },
    ]);
    expect(config([...namedGrids.paper], [...namedGrids.paper]).points).toHaveLength(14 * 14 + 1);
  });

  it('counts standard training among pairs only where the grid has the pair of zeros', () => {
    const withZeros = config([0, 1], [0, 1]);
    expect(['standard', 'blackout', 'equal', 'all'].map((one) => familyPoints(withZeros, one))).toEqual([
      [0],
      [1],
      [0, 4],
      [0, 2, 3, 4],
    ]);
    expect(familyPoints(config([1, 2], [0, 2]), 'equal')).toEqual([5]);
    expect(familyPoints(config([1, 2], [0, 2]), 'all')).toEqual([2, 3, 4, 5]);
  });

  it('gives a run the weights of its point, and baselines none', () => {
    const asked = { run: { ...config([0], [1]).run, params: { reduction: 'paper' } } };
    const points = sweepPointsOf({ ...config([0], [1]), ...asked });
    expect(runOfPoint(asked, points[2], 3)).toMatchObject({
      objective: 'box-aware',
      params: { reduction: 'paper', lambdaInside: 0, lambdaOutside: 1 },
      seed: 3,
    });
    expect(runOfPoint(asked, points[1], 3)).toMatchObject({ objective: 'blackout', params: {} });
  });

  it('has no value twice', () => {
    expect(() => config([1, 1], [0])).toThrow(/twice/);
  });
});

const metricValue = (value: number | null, curve?: MetricValue['curve']): MetricValue => ({
  value,
  low: null,
  high: null,
  pictures: 1,
  skipped: 0,
  params: {},
  ...(curve && { curve }),
});

describe('what a sweep chooses', () => {
  it('is by the mean over repetitions, with the sample deviation, and not before all of them are there', () => {
    expect(spread([1, 3], 2)).toEqual({ mean: 2, std: Math.SQRT2 });
    expect(spread([0.5], 1)).toEqual({ mean: 0.5, std: null });
    expect(spread([1, null], 2)).toBeNull();
    expect(spread([1], 2)).toBeNull();
  });

  it('is by each epsilon of the FGSM curve by itself, and by its mean', () => {
    const infos = measureInfos().filter(({ id }) => ['accuracy', 'fgsm'].includes(id));
    const curve = [
      { x: 0, y: 0.9, low: null, high: null },
      { x: 0.25, y: 0.4, low: null, high: null },
    ];
    const figures = { accuracy: metricValue(0.9), fgsm: metricValue(0.4, curve) };
    expect(sweepMeasures(infos, [figures]).map(({ key }) => key)).toEqual(['accuracy', 'fgsm', 'fgsm@0.25']);
    expect(sweepMeasures(infos, []).map(({ key }) => key)).toEqual(['accuracy', 'fgsm']);
    expect([valueAt(figures, 'fgsm'), valueAt(figures, 'fgsm@0.25'), valueAt(null, 'fgsm')]).toEqual([
      0.4,
      0.4,
      null,
    ]);
  });

  it('is the best on the tuning pictures in the direction of the measure, whatever the test says', () => {
    const asked = config([0, 1], [0, 1]);
    const at = (mean: number): SweepMetricValue => ({ mean, std: null });
    const cells = asked.points.map((point, index): SweepCell => ({
      ...point,
      runs: [],
      rungs: [],
      isHalved: false,
      // The last pair is best by both; it is worst on the test, which is not looked at.
      tuning: index === 3 ? {} : { accuracy: at(0.5 + index / 10), error: at(0.5 - index / 10) },
      test: index === 3 ? {} : { accuracy: at(1 - index / 10), error: at(index) },
    }));
    const rows: SweepMeasure[] = [
      { key: 'accuracy', title: 'Accuracy', direction: 'higher', unit: 'share' },
      { key: 'error', title: 'Error', direction: 'lower', unit: 'share' },
    ];
    const choices = choose(asked, cells, rows);
    const of = (family: string, measure: string) =>
      choices.find((one) => one.family === family && one.measure === measure)!;
    expect(of('all', 'accuracy')).toMatchObject({ cell: 4, test: { mean: 0.6 }, measured: 3, points: 4 });
    expect(of('all', 'error')).toMatchObject({ cell: 4, test: { mean: 4 } });
    expect(of('standard', 'accuracy')).toMatchObject({ cell: 0, tuning: { mean: 0.5 } });
    // Of equals, the smaller weights.
    for (const cell of cells) cell.tuning = { accuracy: at(0.5), error: at(0.5) };
    expect(
      choose(asked, cells, rows)
        .filter(({ family }) => family === 'all')
        .map(({ cell }) => cell),
    ).toEqual([0, 0]);
  });

  it('is nothing while no point has a figure', () => {
    const asked = config([0], [0]);
    const cells = asked.points.map((point): SweepCell => ({
      ...point,
      runs: [],
      rungs: [],
      isHalved: false,
      tuning: {},
      test: {},
    }));
    const row: SweepMeasure = { key: 'accuracy', title: 'Accuracy', direction: 'higher', unit: 'share' };
    expect(choose(asked, cells, [row]).every(({ cell, test }) => cell === null && test === null)).toBe(true);
  });
});
