// Epoch figures in the shape that line charts draw: one value for each epoch, null where there is none.

import type { EpochMetrics, Run } from '../../src-main/contracts/runs.ts';

export interface Curve {
  id: string;
  name: string;
  /** Index 0 is epoch 1. */
  values: (number | null)[];
  /** Name of the token that gives the colour: "--accent". */
  colour: string;
  widthPx: number;
  dash?: number[];
  /** Has a dot and its last value at its end. */
  main: boolean;
}

/** Terms whose colour means something elsewhere; the rest take the next that is free. */
const TERM_COLOUR: Record<string, string> = {
  total: '--text-1',
  class: '--text-2',
  inside: '--run-a',
  outside: '--run-b',
};
const OTHER_TERM_COLOURS = ['--run-c', '--run-d', '--run-e'];
const DASHES = [
  [5, 3],
  [1.5, 3],
  [9, 3, 1.5, 3],
];

/** Values by epoch number: a gap in the epochs is a null, not a shift. */
function byEpoch(metrics: EpochMetrics[], value: (one: EpochMetrics) => number | null | undefined) {
  const length = metrics.reduce((most, one) => Math.max(most, one.epoch), 0);
  const values = new Array<number | null>(length).fill(null);
  for (const one of metrics) values[one.epoch - 1] = value(one) ?? null;
  return values;
}

const totalLast = (one: string, other: string) => Number(one === 'total') - Number(other === 'total');

/** "lambdaOutside" as "lambda outside". */
const termName = (key: string) => key.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();

/**
 * One curve for each term of the loss, the total last and so on top. Terms that are not above 0 (a weight still at the
 * foot of its ramp) are gaps, since the axis is logarithmic. With a single term only the total is drawn.
 */
export function lossCurves(metrics: EpochMetrics[]): Curve[] {
  const names = [...new Set(metrics.flatMap((one) => Object.keys(one.loss)))];
  const parts = names.filter((name) => name !== 'total');
  const shown = parts.length > 1 || !names.includes('total') ? names.toSorted(totalLast) : ['total'];
  return shown.map((name) => {
    const others = parts.filter((part) => !(part in TERM_COLOUR));
    return {
      id: name,
      name: termName(name),
      values: byEpoch(metrics, (one) => (one.loss[name] > 0 ? one.loss[name] : null)),
      colour: TERM_COLOUR[name] ?? OTHER_TERM_COLOURS[others.indexOf(name) % OTHER_TERM_COLOURS.length],
      widthPx: name === shown.at(-1) ? 2 : 1.5,
      main: name === shown.at(-1),
    };
  });
}

/** This run solid in the accent, other runs thinner and dashed, drawn below it. */
export function runCurves(
  field: 'accuracy' | 'energyInBox',
  run: Run,
  metrics: EpochMetrics[],
  others: { run: Run; metrics: EpochMetrics[]; title: string }[],
): Curve[] {
  return [
    ...others.map(({ run: other, metrics: figures, title }, index) => ({
      id: `run ${other.number}`,
      name: `run ${other.number}, ${title}`,
      values: byEpoch(figures, (one) => one[field]),
      colour: '--text-3',
      widthPx: 1.3,
      dash: DASHES[index % DASHES.length],
      main: false,
    })),
    {
      id: `run ${run.number}`,
      name: `run ${run.number}`,
      values: byEpoch(metrics, (one) => one[field]),
      colour: '--accent',
      widthPx: 2,
      main: true,
    },
  ];
}

/** Last value that is there, and its epoch. */
export function lastOf(values: (number | null)[]): { epoch: number; value: number } | null {
  for (let index = values.length - 1; index >= 0; index -= 1) {
    const value = values[index];
    if (value !== null) return { epoch: index + 1, value };
  }
  return null;
}
