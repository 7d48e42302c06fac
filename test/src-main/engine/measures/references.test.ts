// Measures against SciPy, scikit-learn, pycocotools, OpenCV and matplotlib; see test/reference/measures.py, whose
// inputs are made here by the same formulas.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { artMap, boxOfLargestPart, peakOf } from '../../../../src-main/engine/measures/box-from-map.ts';
import { eceOf } from '../../../../src-main/engine/measures/calibration-error.ts';
import { confusionOf } from '../../../../src-main/engine/measures/confusion.ts';
import { f1Of } from '../../../../src-main/engine/measures/f1.ts';
import {
  bootstrapped,
  meanValue,
  shareValue,
  wilson,
} from '../../../../src-main/engine/measures/metric-values.ts';
import { areaUnder } from '../../../../src-main/engine/measures/insertion-deletion.ts';
import { boxIou } from '../../../../src-main/engine/measures/localisation.ts';
import {
  aurocWithInterval,
  highest,
  kendall,
  overlapOfHighest,
  spearman,
} from '../../../../src-main/engine/nn/rank-correlation.ts';
import { maskIou } from '../../../../src-main/engine/measures/segmentation.ts';
import { randomFromSeed } from '../../../../src-main/engine/nn/random.ts';

interface Reference {
  ranks: Record<string, { kendall: number; spearman: number }>;
  auroc: { free: number; ties: number };
  delong: { free: [number, number]; ties: [number, number] };
  classification: { f1: number[]; macro: number; micro: number; top2: number; confusion: number[][] };
  intervals: Record<string, [number, number]>;
  boxes: number[][];
  masks: number;
  art: Record<string, { gray: number[][]; parts: number; box: [number, number, number, number] }>;
  calibration: number;
  area: number;
}
const reference = JSON.parse(
  readFileSync(new URL('../../../fixtures/engine/measures.json', import.meta.url), 'utf8'),
) as Reference;

const wave = (count: number, phase: number, pace = 1.7): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(pace * i + phase));
const steps = (values: readonly number[], levels: number): number[] =>
  values.map((value) => Math.floor((levels * (value + 1)) / 2) / levels);
const sum = (a: readonly number[], b: readonly number[], share = 1) =>
  a.map((value, i) => value + share * b[i]);

describe('rank correlations', () => {
  const pairs: Record<string, [number[], number[]]> = {
    free: [wave(200, 0.3), wave(200, 1.1, 2.3)],
    alike: [wave(200, 0.3), sum(wave(200, 0.3), wave(200, 2.0, 3.1), 0.5)],
    ties: [steps(wave(200, 0.3), 7), steps(wave(200, 0.5), 4)],
    opposed: [wave(50, 0), wave(50, 0).map((value) => -value)],
  };
  it.each(Object.keys(pairs))('are those of SciPy: %s', (name) => {
    expect(kendall(...pairs[name])).toBeCloseTo(reference.ranks[name].kendall, 12);
    expect(spearman(...pairs[name])).toBeCloseTo(reference.ranks[name].spearman, 12);
  });
  it('are one with itself, and have no value for a constant or what is no number', () => {
    expect(kendall(pairs.ties[0], pairs.ties[0])).toBeCloseTo(1, 12);
    expect(spearman(pairs.free[0], pairs.free[0])).toBeCloseTo(1, 12);
    expect(kendall([1, 1, 1], [1, 2, 3])).toBeNull();
    expect(spearman([1, 1, 1], [1, 2, 3])).toBeNull();
    expect(kendall([1, NaN, 2], [1, 2, 3])).toBeNull();
    expect(spearman([1, 2, 3], [NaN, 2, 3])).toBeNull();
  });
  it('of the highest take the first of equal ones', () => {
    expect(Array.from(highest([1, 3, 3, 0], 2))).toEqual([1, 2]);
    expect(Array.from(highest([3, 3, 3], 2))).toEqual([0, 1]);
    expect(overlapOfHighest([4, 3, 2, 1], [1, 4, 3, 2], 2)).toBe(0.5);
    expect(overlapOfHighest([4, 3], [3, 4], 9)).toBe(1);
  });
});

describe('area under the ROC curve', () => {
  const own = wave(60, 0.2).map((value) => value + 0.4);
  const others = wave(45, 1.3, 2.1);
  it('is that of scikit-learn, with and without ties', () => {
    expect(aurocWithInterval(own, others).value).toBeCloseTo(reference.auroc.free, 12);
    expect(aurocWithInterval(steps(own, 3), steps(others, 3)).value).toBeCloseTo(reference.auroc.ties, 12);
  });
  it('has the interval of DeLong et al., as numpy finds it from all pairs', () => {
    const found = {
      free: aurocWithInterval(own, others),
      ties: aurocWithInterval(steps(own, 3), steps(others, 3)),
    };
    for (const name of ['free', 'ties'] as const) {
      expect(found[name].low).toBeCloseTo(reference.delong[name][0], 12);
      expect(found[name].high).toBeCloseTo(reference.delong[name][1], 12);
    }
  });
  it('has no interval of one of a kind', () => {
    expect(aurocWithInterval([2], [1, 0])).toEqual({ value: 1, low: null, high: null });
    expect(aurocWithInterval([2, 1], [0])).toEqual({ value: 1, low: null, high: null });
    expect(aurocWithInterval([2], [])).toEqual({ value: null, low: null, high: null });
  });
  it('has about the interval that resampling gives', () => {
    const { low, high } = aurocWithInterval(own, others);
    const all = [...own, ...others];
    const drawn = bootstrapped(
      all.length,
      (places) => {
        const picked = Array.from(places);
        const ofOwn = picked.filter((place) => place < own.length).map((place) => all[place]);
        const ofOthers = picked.filter((place) => place >= own.length).map((place) => all[place]);
        return aurocWithInterval(ofOwn, ofOthers).value;
      },
      randomFromSeed(4),
    );
    expect(low).toBeCloseTo(drawn.low!, 1);
    expect(high).toBeCloseTo(drawn.high!, 1);
  });
});

describe('classification', () => {
  const labels = Array.from({ length: 90 }, (_, i) => i % 4);
  const predicted = wave(90, 0.7).map((value, i) => {
    const one = value > -0.2 ? labels[i] : (labels[i] + 1) % 5;
    return one === 3 ? 0 : one;
  });
  const { classification } = reference;
  it('has the F1 and the confusion of scikit-learn', () => {
    const { perClass, mean, overall } = f1Of(
      predicted.map((one) => [one]),
      labels.map((one) => [one]),
      5,
    );
    perClass.forEach((value, k) => expect(value).toBeCloseTo(classification.f1[k], 12));
    expect(mean).toBeCloseTo(classification.macro, 12);
    expect(overall).toBeCloseTo(classification.micro, 12);
    const trueClasses = labels.map((one) => [one]);
    expect(confusionOf({ predicted: predicted, labels, trueClasses }, 5)).toEqual(classification.confusion);
  });
  it('leaves a class that is nowhere out of the mean', () => {
    expect(f1Of([[0], [1]], [[0], [1]], 3)).toEqual({ perClass: [1, 1, null], mean: 1, overall: 1 });
    expect(f1Of([], [], 2).mean).toBeNull();
  });
  it('counts each class of several by itself in F1', () => {
    // Class 0: both found, one more said. Class 1: one of two found. Class 2: said where it is not.
    const { perClass, mean, overall } = f1Of([[0, 1], [0], [0, 2]], [[0, 1], [0, 1], []], 3);
    expect(perClass).toEqual([4 / 5, 2 / 3, 0]);
    expect(mean).toBeCloseTo((4 / 5 + 2 / 3) / 3, 12);
    expect(overall).toBe((2 * 3) / (5 + 4));
  });
  it('counts top guesses as scikit-learn does', () => {
    const phases = [0.1, 1.2, 2.9, 4.0].map((phase) => wave(90, phase, 1.3));
    const hits = labels.filter((own, i) =>
      highest(
        phases.map((column) => column[i]),
        2,
      ).includes(own),
    ).length;
    expect(hits / 90).toBeCloseTo(classification.top2, 12);
  });
  it('finds scores off by what numpy finds', () => {
    const scores = wave(120, 0.9, 2.7).map((value) => 0.5 + 0.5 * value ** 2);
    const hits = wave(120, 0.1, 1.9).map((value, i) => Number(value < scores[i]));
    expect(eceOf(scores, hits, 15)).toBeCloseTo(reference.calibration, 12);
    expect(eceOf([0.75, 0.75, 0.75, 0.75], [1, 1, 1, 0], 10)).toBe(0);
    expect(eceOf([1, 1], [0, 0], 10)).toBe(1);
    expect(eceOf([], [], 10)).toBeNull();
  });
});

describe('intervals', () => {
  it.each(Object.keys(reference.intervals))('of %s are Wilson’s, as SciPy has them', (name) => {
    const [hits, count] = name.split('/').map(Number);
    const { low, high } = wilson(hits, count)!;
    expect(low).toBeCloseTo(reference.intervals[name][0], 6);
    expect(high).toBeCloseTo(reference.intervals[name][1], 6);
  });
  it('of shares are there for one picture, and for none there are none', () => {
    expect(shareValue([1, null])).toMatchObject({ value: 1, high: 1, pictures: 1, skipped: 1 });
    // Of one hit in one: 1 / (1 + z^2).
    expect(shareValue([1]).low).toBeCloseTo(1 / (1 + 1.959964 ** 2), 6);
    expect(shareValue([null])).toEqual({
      value: null,
      low: null,
      high: null,
      pictures: 0,
      skipped: 1,
    });
  });
  it('of means are none for one picture, which is no sign of certainty', () => {
    expect(meanValue([0.4, null], randomFromSeed(1))).toEqual({
      value: 0.4,
      low: null,
      high: null,
      pictures: 1,
      skipped: 1,
    });
  });
  it('of means are about two standard errors either way, and follow from the seed', () => {
    const values = wave(400, 0.2).map((value) => 3 + value);
    const metricValue = meanValue([...values, null], randomFromSeed(1));
    const mean = values.reduce((total, value) => total + value, 0) / 400;
    const error = Math.sqrt(values.reduce((total, value) => total + (value - mean) ** 2, 0) / 400 / 400);
    expect(metricValue).toMatchObject({ pictures: 400, skipped: 1 });
    expect(metricValue.value).toBeCloseTo(mean, 12);
    expect((metricValue.high! - metricValue.low!) / (2 * 1.96 * error)).toBeCloseTo(1, 1);
    expect(meanValue([...values, null], randomFromSeed(1))).toEqual(metricValue);
    expect(meanValue([null], randomFromSeed(1))).toEqual({
      value: null,
      low: null,
      high: null,
      pictures: 0,
      skipped: 1,
    });
  });
});

describe('overlap', () => {
  it('of boxes is that of pycocotools', () => {
    const box = ([x, y, width, height]: number[]) => ({ x, y, width, height });
    const found = [
      [0, 0, 10, 4],
      [3.5, 2, 7, 9],
      [20, 20, 5, 5],
    ];
    const labels = [
      [5, 0, 10, 4],
      [3, 3, 8, 8],
      [0, 0, 2, 2],
    ];
    found.forEach((a, i) =>
      labels.forEach((b, j) => expect(boxIou(box(a), box(b))).toBeCloseTo(reference.boxes[i][j], 12)),
    );
  });
  it('of masks is that of pycocotools', () => {
    const a = wave(300, 0.4, 0.37).map((value) => Number(value > 0.1));
    const b = wave(300, 1.0, 0.37).map((value) => Number(value > -0.2));
    expect(maskIou(a, b)).toBeCloseTo(reference.masks, 12);
    expect(maskIou([0, 0], [0, 0])).toBe(0);
  });
});

describe('the box of the ART code', () => {
  /** Two hills and a fine ripple. */
  const heatOf = (side: number): Float32Array => {
    const ripple = wave(side * side, 0.5);
    return Float32Array.from({ length: side * side }, (_, i) => {
      const [x, y] = [i % side, Math.floor(i / side)];
      const hill = (u: number, v: number, width: number) =>
        Math.exp(-((x - u * side) ** 2 + (y - v * side) ** 2) / (width * side * side));
      return hill(0.3, 0.4, 0.02) + 0.8 * hill(0.8, 0.8, 0.004) + 0.15 * (ripple[i] + 1);
    });
  };
  it.each(Object.keys(reference.art).map(Number))(
    'at %i px is that of SciPy, matplotlib and OpenCV',
    (side) => {
      const { gray, box } = reference.art[side];
      const map = artMap(heatOf(side), side)!;
      const stride = side / 16;
      gray.forEach((row, y) =>
        row.forEach((level, x) =>
          // float32 sums may fall into the neighbouring one of 256 colours.
          expect(Math.abs(map[y * stride * side + x * stride] - level)).toBeLessThanOrEqual(2),
        ),
      );
      const [x, y, width, height] = box;
      expect(boxOfLargestPart(map, side, 0.2 * Math.max(...map))).toEqual({ x, y, width, height });
    },
  );
  it('has none for a flat map, and takes the part with most pixels', () => {
    expect(artMap(new Float32Array(64).fill(1), 8)).toBeNull();
    expect(peakOf(Float32Array.from({ length: 448 ** 2 }, (_, i) => (i === 99 ? 3 : i % 3)))).toBe(3);
    const two = new Float32Array(64);
    for (const place of [0, 9, 18]) two[place] = 1; // a diagonal holds together by its corners
    for (const place of [62, 63]) two[place] = 9;
    expect(boxOfLargestPart(two, 8, 0.5)).toEqual({ x: 0, y: 0, width: 3, height: 3 });
    expect(boxOfLargestPart(two, 8, 10)).toBeNull();
  });
});

it('integrates curves as scikit-learn does', () => {
  expect(areaUnder(wave(12, 0.4).map((value) => value ** 2))).toBeCloseTo(reference.area, 12);
  expect(areaUnder([0, 1])).toBe(0.5);
});
