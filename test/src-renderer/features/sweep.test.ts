// Sweeps without a window: values as typed, figures in words, and the map of the two weights.

import { describe, expect, it } from 'vitest';
import {
  boxGrid,
  sweepConfigSchema,
  sweepFamilies,
  type SweepCell,
  type SweepResult,
} from '../../../src-main/contracts/sweeps.ts';
import { sweepPointsOf } from '../../../src-main/services/sweep-points.ts';
import { choose } from '../../../src-main/services/sweep-results.ts';
import {
  cellTitle,
  meanText,
  planText,
  pointText,
  pointsOfGrid,
  readValues,
  spreadText,
  twoWayMap,
} from '../../../src-renderer/features/sweep/sweep-words.ts';

const run = { objective: 'box-aware', model: 'resnet8', sizePx: 16, epochs: 1, batch: 4, seed: 0 } as const;

function resultOf(means: (number | null)[]): SweepResult {
  // Out of order, as a person may type it.
  const parsed = sweepConfigSchema.parse({
    run,
    ...boxGrid([1, 0], [10, 0]),
    repeat: 1,
  });
  const config = { ...parsed, measures: [], points: sweepPointsOf(parsed) };
  const cells = config.points.map((point, index): SweepCell => {
    const mean = means[index];
    const figures: SweepCell['tuning'] = mean === null ? {} : { accuracy: { mean, std: null } };
    return { ...point, runs: [], rungs: [], isHalved: false, tuning: figures, test: {} };
  });
  const measures: SweepResult['measures'] = [
    { key: 'accuracy', title: 'Accuracy', direction: 'higher', unit: 'share' },
  ];
  return {
    sweep: { config } as unknown as SweepResult['sweep'],
    pictures: { train: 1, selection: 1, tuning: 1, test: 1 },
    families: sweepFamilies(config),
    measures,
    cells,
    choices: choose(config, cells, measures),
    warnings: [],
  };
}

const WEIGHTS: [string, string] = ['lambdaInside', 'lambdaOutside'];

describe('the map of a sweep', () => {
  it('has its weights rising, standard training at both zeros, and the chosen pair marked', () => {
    const result = resultOf([0.5, 0.99, 0.9, 0.7, null]);
    const map = twoWayMap(result, WEIGHTS, 'accuracy', 'tuning', 'inferno');
    expect([map.rows, map.columns]).toEqual([
      [0, 1],
      [0, 10],
    ]);
    expect(map.cells.map((row) => row.map((one) => one?.text))).toEqual([
      ['50.0', '–'],
      ['70.0', '90.0'],
    ]);
    // Blackout is no pair, so its figure stretches no colours.
    expect(map.range).toEqual([0.5, 0.9]);
    expect(map.cells.flat().filter((one) => one?.isBest)).toMatchObject([
      { text: '90.0', fill: 'rgb(252 255 164)' },
    ]);
    expect(map.cells[0][0]).toMatchObject({ fill: 'rgb(0 0 4)', ink: 'var(--casing-light)' });
    expect(map.cells[0][1]?.fill).toBeNull();
  });

  it('is there without any figure', () => {
    const map = twoWayMap(resultOf([null, null, null, null, null]), WEIGHTS, 'accuracy', 'test', 'cividis');
    expect(map.range).toBeNull();
    expect(map.cells.flat().every((one) => one?.fill === null && !one.isBest)).toBe(true);
  });

  it('says of a pair that diverged that it will have no figure', () => {
    const result = resultOf([0.5, 0.5, null, 0.5, 0.5]);
    result.cells[2].runs = [{ runId: 3 as never, seed: 0, state: 'failed', isMeasured: false }];
    expect(twoWayMap(result, WEIGHTS, 'accuracy', 'tuning', 'inferno').cells[1][1]?.text).toBe('×');
  });
});

describe('the words of a sweep', () => {
  it('take values with commas or spaces, each once, none below 0', () => {
    expect(readValues('0, 0.1 1;464.16')).toEqual([0, 0.1, 1, 464.16]);
    for (const text of ['', 'a', '1, 1', '-1', '2e6']) expect(readValues(text), text).toBeNull();
  });

  it('give means in the unit of their measure, with the deviation where there is one', () => {
    expect(spreadText({ mean: 0.8125, std: 0.004 }, 'share')).toBe('81.3 ± 0.4 %');
    expect(spreadText({ mean: 0.5, std: null }, 'share')).toBe('50.0 %');
    expect(spreadText({ mean: 3.4567, std: 0.1 }, 'nats')).toBe('3.46 ± 0.1');
    expect(spreadText(null, 'share')).toBe('–');
    expect(meanText(0.5, 'share', true)).toBe('50.0');
  });

  it('name the weights that were chosen, and none for the baselines', () => {
    const [standard, , pair] = resultOf([0, 0, 0, 0, 0]).cells;
    expect(pointText(pair, 'all')).toBe('inside 1, outside 10');
    expect(pointText(standard, 'all')).toBe('both 0');
    expect(pointText(standard, 'equal')).toBe('both 0');
    expect(pointText(standard, 'standard')).toBe('');
    expect(cellTitle(pair, null)).toBe('box-aware: inside 1, outside 10');
    expect(pointsOfGrid([0, 1], [0, 10])).toBe(5);
    expect(planText(37, { repeat: 3 })).toBe('37 points, 3 times each: 111 runs');
  });
});
