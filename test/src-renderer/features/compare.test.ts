// Compare without a window: differences, orders, filters, the measures table and the CSV.

import { describe, expect, it } from 'vitest';
import type {
  CompareRow,
  EvaluatedImage,
  EvaluationSummary,
  MeasureInfo,
  Run,
} from '../../../src-main/contracts/index.ts';
import {
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

type MetricValues = Partial<Pick<EvaluatedImage, 'energyInBox' | 'iou' | 'predictedId'>>;

function row(id: number, a: MetricValues, b: MetricValues, name = `picture ${id}.png`): CompareRow {
  const one = (figures: MetricValues): EvaluatedImage => ({
    imageId: id as EvaluatedImage['imageId'],
    name,
    classId: 1 as EvaluatedImage['classId'],
    predictedId: 1 as EvaluatedImage['predictedId'],
    correct: (figures.predictedId ?? 1) === 1,
    trueScore: 0.5,
    predictedScore: 0.5,
    energyInBox: null,
    pointingHit: null,
    iou: null,
    saliencyMetric: null,
    values: {},
    ...figures,
  });
  return { imageId: id as CompareRow['imageId'], name, a: one(a), b: one(b) };
}

const rows = [
  row(1, { energyInBox: 0.2 }, { energyInBox: 0.9 }),
  row(2, { energyInBox: 0.7 }, { energyInBox: 0.3 }),
  row(3, { energyInBox: 0.4 }, { energyInBox: null }),
  row(10, { energyInBox: 0.6 }, { energyInBox: 0.6, predictedId: 2 as EvaluatedImage['predictedId'] }),
];

describe('rows', () => {
  it('differ by B less A, by nothing where one has no figure', () => {
    expect(rows.map((one) => columnValue(one, 'energyDifference'))).toEqual([
      expect.closeTo(0.7),
      expect.closeTo(-0.4),
      null,
      0,
    ]);
  });

  it('are sorted by the signed difference, those without one last', () => {
    expect(sortRows(rows, 'energyDifference', false).map((one) => one.imageId)).toEqual([1, 10, 2, 3]);
    expect(sortRows(rows, 'energyDifference', true).map((one) => one.imageId)).toEqual([2, 10, 1, 3]);
    expect(sortRows(rows, 'name', true).map((one) => one.imageId)).toEqual([1, 2, 3, 10]);
  });

  it('share one scale of bars, the largest difference either way', () => {
    expect(mostDifference(rows, 'energyDifference')).toBeCloseTo(0.7);
    expect(mostDifference(rows.slice(1), 'energyDifference')).toBeCloseTo(0.4);
    expect(mostDifference([], 'iouDifference')).toBe(0);
  });

  it('pass the filters that say what changed', () => {
    const passing = (filter: Parameters<typeof passes>[1]) =>
      rows.filter((one) => passes(one, filter)).map((one) => one.imageId);
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
    const small = { name: 'small', unit: '', a: 0.000595, b: 0.000433, better: -1 } as const;
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

  it('of both runs are paired by epsilon, and measures that neither has are left out', () => {
    const measures = {
      accuracy: 0.8,
      energyInBox: null,
      pointingGame: null,
      localisationAccuracy: null,
      saliencyMetric: 1.2,
      meanIou: null,
      fgsm: [
        { eps: 0, accuracy: 0.8 },
        { eps: 1 / 255, accuracy: 0.5 },
        { eps: 2 / 255, accuracy: 0.3 },
      ],
      outsideBlurred: null,
      outsideSwapped: null,
    };
    const side = (more: Partial<typeof measures>) => ({
      run: { seconds: 60 } as Run,
      summary: { measures: { ...measures, ...more }, figures: {} } as unknown as EvaluationSummary,
    });
    const table = measureRows(side({}), side({ accuracy: 0.9, fgsm: [{ eps: 2 / 255, accuracy: 0.4 }] }));
    expect(table.map((one) => one.name)).toEqual([
      'Test accuracy',
      'Saliency metric',
      'FGSM 2/255',
      'Training time',
    ]);
    expect(table[2]).toMatchObject({ a: 0.3, b: 0.4 });
    expect(table[1].better).toBe(-1);

    const figures = (value: number) => ({ insertion: { value } }) as unknown as EvaluationSummary['figures'];
    const info = (id: string, usual: boolean) =>
      ({ id, key: id, title: id, unit: 'share', direction: 'higher', usual }) as MeasureInfo;
    const measured = (value: number | null) => {
      const { run, summary } = side({});
      return { run, summary: { ...summary, figures: value === null ? {} : figures(value) } };
    };
    const further = measureRows(measured(0.25), measured(null), [
      info('accuracy', true),
      info('insertion', false),
    ]);
    expect(further.filter(({ name }) => name === 'insertion')).toEqual([
      { name: 'insertion', unit: '%', a: 0.25, b: null, better: 1 },
    ]);
  });
});

describe('the table as CSV', () => {
  it('quotes names, leaves missing figures empty and defuses formulas', () => {
    const text = csvOf(
      [
        row(1, { energyInBox: 0.25, iou: 0.5 }, { energyInBox: 0.75 }, 'a "b", c.png'),
        row(2, {}, {}, '=HYPERLINK(1)'),
      ],
      (id) => (id === 1 ? 'dog' : 'cat'),
    );
    const lines = text.split('\r\n');
    expect(lines).toHaveLength(4);
    expect(lines[0].split(',')).toHaveLength(12);
    expect(lines[1]).toBe('"a ""b"", c.png",dog,dog,dog,0.5,0.5,0.25,0.75,0.5,0.5,,');
    expect(lines[2].startsWith("'=HYPERLINK(1),dog")).toBe(true);
  });
});
