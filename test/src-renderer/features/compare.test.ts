// Compare without a window: differences, orders, filters, the measures table and the CSV.

import { describe, expect, it } from 'vitest';
import type {
  ClassId,
  CompareRow,
  EvaluatedImage,
  EvaluationSummary,
  Metric,
  Run,
} from '../../../src-main/contracts/index.ts';
import { allMethods } from '../../../src-main/services/methods.ts';
import { heatMetricsOf } from '../../../src-renderer/metrics/heat-metrics.svelte.ts';
import {
  columnOf,
  columnValue,
  csvOf,
  differenceText,
  measureRows,
  mostDifference,
  passes,
  rowText,
  signed,
  sortRows,
  toneOf,
} from '../../../src-renderer/features/compare/rows.ts';
import { epsText } from '../../../src-renderer/metrics/metric-values.ts';

interface Said {
  inBox?: number | null;
  iou?: number;
  predictedId?: EvaluatedImage['predictedId'];
}
const methods = allMethods();
const gradCam = methods.saliency.find(({ id }) => id === 'grad-cam')!;
const heat = heatMetricsOf(gradCam, {}, methods, false)!;

function row(id: number, a: Said, b: Said, name = `picture ${id}.png`): CompareRow {
  const one = ({ inBox, iou, predictedId = 1 as ClassId }: Said): EvaluatedImage => ({
    imageId: id as EvaluatedImage['imageId'],
    name,
    classId: 1 as EvaluatedImage['classId'],
    predictedId,
    correct: predictedId === (1 as ClassId),
    trueScore: 0.5,
    predictedScore: 0.5,
    areaShare: 0.25,
    values: {
      ...(inBox !== undefined && { [heat.inBox.key]: inBox }),
      ...(iou !== undefined && { [heat.iou.key]: iou }),
    },
  });
  return { imageId: id as CompareRow['imageId'], name, a: one(a), b: one(b) };
}

const rows = [
  row(1, { inBox: 0.2 }, { inBox: 0.9 }),
  row(2, { inBox: 0.7 }, { inBox: 0.3 }),
  row(3, { inBox: 0.4 }, { inBox: null }),
  row(10, { inBox: 0.6 }, { inBox: 0.6, predictedId: 2 as EvaluatedImage['predictedId'] }),
];

const inBoxDifference = columnOf('difference', heat.inBox.key);

describe('rows', () => {
  it('differ by B less A, by nothing where one has no figure', () => {
    expect(rows.map((one) => columnValue(one, inBoxDifference))).toEqual([
      expect.closeTo(0.7),
      expect.closeTo(-0.4),
      null,
      0,
    ]);
  });

  it('are sorted by the signed difference, those without one last', () => {
    expect(sortRows(rows, inBoxDifference, false).map((one) => one.imageId)).toEqual([1, 10, 2, 3]);
    expect(sortRows(rows, inBoxDifference, true).map((one) => one.imageId)).toEqual([2, 10, 1, 3]);
    expect(sortRows(rows, 'name', true).map((one) => one.imageId)).toEqual([1, 2, 3, 10]);
  });

  it('share one scale of bars, the largest difference either way', () => {
    expect(mostDifference(rows, inBoxDifference)).toBeCloseTo(0.7);
    expect(mostDifference(rows.slice(1), inBoxDifference)).toBeCloseTo(0.4);
    expect(mostDifference([], columnOf('difference', heat.iou.key))).toBe(0);
  });

  it('pass the filters that say what changed', () => {
    const passing = (filter: Parameters<typeof passes>[1]) =>
      rows.filter((one) => passes(one, filter, heat)).map((one) => one.imageId);
    expect(passing('all')).toEqual([1, 2, 3, 10]);
    expect(passing('changed')).toEqual([10]);
    expect(passing('entered')).toEqual([1]);
    expect(passing('left')).toEqual([2]);
  });
});

describe('figures', () => {
  it('carry a sign unless they are nothing', () => {
    expect([0.312, -0.006, 0.0004, null].map((value) => signed(value, 2))).toEqual([
      '+0.31',
      '−0.01',
      '0.00',
      '–',
    ]);
  });

  it('have as many digits as they need, whatever their size, and are told apart to the last of them', () => {
    const small = {
      key: 's',
      name: 'small',
      unit: '',
      a: 0.000595,
      b: 0.000433,
      better: -1,
      chance: null,
    } as const;
    expect([rowText(small, small.a), rowText(small, small.b)]).toEqual(['0.000595', '0.000433']);
    expect(differenceText(small)).toBe('−0.000162');
    expect(toneOf(small)).toBe(1);
    const images = { ...small, a: 287, b: 299 };
    expect([rowText(images, images.b), differenceText(images), toneOf(images)]).toEqual(['299', '+12', -1]);
    const share = { ...small, unit: '%', a: 0.81, b: 0.8104 } as const;
    expect([rowText(share, share.b), differenceText(share), toneOf(share)]).toEqual(['81.0', '0.0', 0]);
    expect(differenceText({ ...small, b: null })).toBe('–');
  });

  it('name an epsilon as people quote it', () => {
    expect(epsText(2 / 255)).toBe('2/255');
    expect(epsText(0.02)).toBe('5.1/255');
  });

  it('of both runs are paired by their parameters and epsilons, each with the maps that it is of', () => {
    const metric = (measure: string, value: number | null, more: Partial<Metric> = {}): Metric => ({
      measure,
      value,
      low: null,
      high: null,
      pictures: 9,
      skipped: 0,
      params: {},
      ...more,
    });
    const fgsm = (...points: [number, number][]) =>
      metric('fgsm', 0.4, { curve: points.map(([x, y]) => ({ x, y, low: null, high: null })) });
    const side = (...metrics: Metric[]) => ({
      run: { seconds: 60 } as Run,
      summary: { metrics } as EvaluationSummary,
    });
    const table = measureRows(
      side(
        metric('accuracy', 0.8),
        metric('energy-in-box', 0.2, { params: { method: 'gradient-energy' }, chance: 0.25 }),
        metric('energy-in-box', 0.6, { params: { method: 'grad-cam' } }),
        metric('saliency-metric', 1.2),
        fgsm([0, 0.8], [1 / 255, 0.5], [2 / 255, 0.3]),
      ),
      side(
        metric('accuracy', 0.9),
        metric('energy-in-box', 0.4, { params: { method: 'grad-cam' } }),
        fgsm([2 / 255, 0.4]),
      ),
      methods,
    );
    expect(table.map(({ name, a, b }) => [name, a, b])).toEqual([
      ['Test accuracy', 0.8, 0.9],
      ['Attribution in box, loss gradient, squared', 0.2, null],
      ['Attribution in box, Grad-CAM', 0.6, 0.4],
      ['Saliency metric', 1.2, null],
      ['FGSM 2/255', 0.3, 0.4],
      ['Training time', 60, 60],
    ]);
    expect(table[1].chance).toBe(0.25);
    expect(table[3].better).toBe(-1);
  });
});

describe('the table as CSV', () => {
  it('quotes names, leaves missing figures empty and defuses formulas', () => {
    const text = csvOf(
      [row(1, { inBox: 0.25, iou: 0.5 }, { inBox: 0.75 }, 'a "b", c.png'), row(2, {}, {}, '=HYPERLINK(1)')],
      (id) => (id === 1 ? 'dog' : 'cat'),
      heat,
    );
    const lines = text.split('\r\n');
    expect(lines).toHaveLength(4);
    // Each metric is named with its maps.
    expect(lines[0]).toContain('a energy-in-box(method=grad-cam),b energy-in-box(method=grad-cam)');
    expect(lines[1]).toBe('"a ""b"", c.png",dog,dog,dog,1,1,0.5,0.5,0.25,0.25,0.75,0.5,0.5,,');
    expect(lines[2].startsWith("'=HYPERLINK(1),dog")).toBe(true);
  });
});
