// Figures of an evaluation beyond those that every screen shows by name: whatever else was measured, in the words of
// the registry.

import type { EvaluationSummary, Figure, MeasureInfo } from '../../src-main/contracts/index.ts';

export interface MoreFigure {
  info: MeasureInfo;
  figure: Figure;
}

/** In the registry's order; those of the usual set are shown elsewhere. */
export const moreFigures = (summary: EvaluationSummary, infos: readonly MeasureInfo[]): MoreFigure[] =>
  infos.flatMap((info) => {
    const figure = summary.figures[info.key];
    return figure && !info.usual ? [{ info, figure }] : [];
  });

/** "81.2 %", "0.034", "–": a value in the unit of its measure. */
export function figureText(value: number | null, unit: string): string {
  if (value === null) return '–';
  if (unit === 'share') return `${(value * 100).toFixed(1)} %`;
  return String(Number(value.toPrecision(3)));
}

/** "72.0 % to 88.1 %", or nothing where there is no interval. */
export const intervalText = ({ low, high }: Figure, unit: string): string =>
  low === null || high === null ? '' : `${figureText(low, unit)} to ${figureText(high, unit)}`;

/** Which way is better, in one sign; nothing where neither is. */
export const directionSign = ({ direction }: MeasureInfo): string =>
  ({ higher: '↑', lower: '↓', none: '' })[direction];
export const directionWords = ({ direction }: MeasureInfo): string =>
  ({ higher: 'higher is better', lower: 'lower is better', none: 'neither way is better' })[direction];
