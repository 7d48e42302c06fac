// Chart data: axes, and epochs as curves.

import { describe, expect, it } from 'vitest';
import type { EpochMetrics, Run } from '../../../src-main/contracts/runs.ts';
import { lastOf, lossCurves, runCurves } from '../../../src-renderer/charts/curves.ts';
import {
  epochTicks,
  fractionRange,
  linearTicks,
  logRange,
  logTicks,
  lossText,
  lossTick,
} from '../../../src-renderer/charts/ticks.ts';

function epoch(number: number, more: Partial<EpochMetrics> = {}): EpochMetrics {
  return {
    epoch: number,
    loss: { total: 1 },
    trainAccuracy: 0.5,
    accuracy: 0.5,
    energyInBox: 0.4,
    learningRate: 0.1,
    seconds: 1,
    picturesPerSecond: 100,
    ...more,
  };
}
const run = (number: number) => ({ id: number, number }) as Run;

describe('axes', () => {
  it('have few round ticks inside their range', () => {
    expect(linearTicks(0, 1)).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(linearTicks(0.2, 1)).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
    expect(linearTicks(0, 37)).toEqual([0, 10, 20, 30]);
    for (const max of [1, 3, 7, 12, 60, 9999])
      for (const tick of linearTicks(0, max)) expect(tick).toBeLessThanOrEqual(max);
  });

  it('of epochs are whole, end at the last planned one and leave it room', () => {
    expect(epochTicks(60)).toEqual([0, 20, 40, 60]);
    expect(epochTicks(22).at(-1)).toBe(22);
    expect(epochTicks(21)).not.toContain(20);
    expect(epochTicks(1)).toEqual([0, 1]);
    expect(epochTicks(3).every(Number.isInteger)).toBe(true);
  });

  it('of losses cover all values and at least a decade', () => {
    const [low, high] = logRange([0.5, null, 0.4, 0, -3]);
    expect(low).toBeLessThan(0.4);
    expect(high).toBeGreaterThan(0.5);
    expect(high / low).toBeGreaterThanOrEqual(10 - 1e-9);
    expect(logRange([])).toEqual([0.1, 1]);
  });

  it('of losses have decades as ticks, or 1 2 5 where there are too few', () => {
    expect(logTicks([0.008, 4])).toEqual([0.01, 0.1, 1]);
    expect(logTicks([0.15, 1.6])).toEqual([0.2, 0.5, 1]);
  });

  it('of accuracies end at 1 and begin below the worst', () => {
    expect(fractionRange([0.87, 0.43, null])).toEqual([0.4, 1]);
    expect(fractionRange([0.95])).toEqual([0.8, 1]);
    expect(fractionRange([null])).toEqual([0, 1]);
  });
});

describe('curves', () => {
  it('keep an epoch at its number when others are missing', () => {
    const [curve] = lossCurves([epoch(1), epoch(4, { loss: { total: 0.25 } })]);
    expect(curve.values).toEqual([1, null, null, 0.25]);
  });

  it('draw the total last and leave out what a logarithm cannot show', () => {
    const curves = lossCurves([
      epoch(1, { loss: { total: 2, class: 2, outside: 0 } }),
      epoch(2, { loss: { total: 1.5, class: 1, outside: 0.5 } }),
    ]);
    expect(curves.map((curve) => curve.name)).toEqual(['class', 'outside', 'total']);
    expect(curves.map((curve) => curve.main)).toEqual([false, false, true]);
    expect(curves[1].values).toEqual([null, 0.5]);
    expect(new Set(curves.map((curve) => curve.colour)).size).toBe(3);
  });

  it('draw a loss of one term once', () => {
    const curves = lossCurves([epoch(1, { loss: { total: 2, class: 2 } })]);
    expect(curves.map((curve) => curve.name)).toEqual(['total']);
  });

  it('draw this run solid over the others, which are dashed', () => {
    const curves = runCurves(
      'energyInBox',
      run(5),
      [epoch(1), epoch(2, { energyInBox: null })],
      [{ run: run(1), metrics: [epoch(1, { energyInBox: 0.2 })], title: 'standard' }],
    );
    expect(curves.map((curve) => curve.name)).toEqual(['run 1, standard', 'run 5']);
    expect(curves[0].dash).toBeDefined();
    expect(curves[1].dash).toBeUndefined();
    expect(curves[1].values).toEqual([0.4, null]);
  });

  it('end at their last value, not at a gap', () => {
    expect(lastOf([0.1, 0.2, null])).toEqual({ epoch: 2, value: 0.2 });
    expect(lastOf([null])).toBeNull();
  });

  it('fit beside the axis of a loss', () => {
    expect([0, 0.0001, 0.001, 0.5, 10, 100_000].map(lossTick)).toEqual([
      '0',
      '1e-4',
      '0.001',
      '0.5',
      '10',
      '1e+5',
    ]);
  });

  it('show losses with three figures', () => {
    expect([0, 0.0567, 0.357, 1.426, 250.4, 0.00002].map(lossText)).toEqual([
      '0',
      '0.057',
      '0.36',
      '1.43',
      '250',
      '2.0 e-5',
    ]);
  });
});
