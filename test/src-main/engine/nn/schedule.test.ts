import { describe, expect, it } from 'vitest';

import {
  learningRateAt as rateAt,
  rampAt,
  type LearningRateSettings,
} from '../../../../src-main/engine/nn/schedule.ts';

const steps = 5;
const learningRateAt = (epoch: number, epochs: number, of: LearningRateSettings): number =>
  rateAt(epoch, epochs, of, steps);
const settings = { learningRate: 0.4, warmUpEpochs: 2, stepEpochs: 3, stepFactor: 0.1 };

describe('learning-rate schedule', () => {
  it('rises linearly over the warm-up, whatever follows', () => {
    for (const schedule of ['cosine', 'step', 'constant'] as const) {
      expect(learningRateAt(0, 10, { ...settings, schedule })).toBe(0);
      expect(learningRateAt(0.5, 10, { ...settings, schedule })).toBeCloseTo(0.1, 12);
      expect(learningRateAt(2, 10, { ...settings, schedule })).toBeCloseTo(0.4, 12);
    }
  });

  it('cosine is half way down in the middle and zero at the end', () => {
    const at = (epoch: number): number => learningRateAt(epoch, 10, { ...settings, schedule: 'cosine' });
    expect(at(6)).toBeCloseTo(0.2, 12);
    expect(at(10)).toBeCloseTo(0, 12);
    expect(at(4)).toBeCloseTo(0.2 * (1 + Math.SQRT1_2), 12);
  });

  it('step drops by the factor every stepEpochs from the start of the run', () => {
    const at = (epoch: number): number => learningRateAt(epoch, 10, { ...settings, schedule: 'step' });
    expect([2.9, 3, 5.99, 6].map(at)).toEqual(
      [0.4, 0.04, 0.04, 0.004].map((rate) => expect.closeTo(rate, 10)),
    );
  });

  it('a warm-up longer than the run never divides by zero', () => {
    for (const epoch of [0, 1, 2])
      expect(learningRateAt(epoch, 2, { ...settings, schedule: 'cosine' })).toBeGreaterThanOrEqual(0);
    expect(learningRateAt(0, 1, { ...settings, warmUpEpochs: 0, schedule: 'constant' })).toBe(0.4);
  });
});

describe('ramp of the penalty weights', () => {
  it('is linear over its share of the run and full afterwards', () => {
    expect([0, 2.5, 5, 10].map((epoch) => rampAt(epoch, 10, 0.5))).toEqual([0, 0.5, 1, 1]);
  });
  it('is full from the start when its share is 0', () => {
    expect(rampAt(0, 10, 0)).toBe(1);
  });
});
