// What a sweep found, as an object for programs and as a table for people.

import {
  boxGridOf,
  sweepPlan,
  weightOf,
  type SweepCell,
  type SweepMetricValue,
  type SweepResult,
} from '../contracts/sweeps.ts';
import { percent, table } from './terminal.ts';

const familyTitles: Record<string, string> = { equal: 'equal weights', all: 'all pairs', any: 'any' };

export function sweepReport(result: SweepResult): Record<string, unknown> {
  const { sweep, pictures: images, measures, cells, choices, warnings } = result;
  const { config } = sweep;
  const grid = boxGridOf(config);
  const common = {
    sweep: sweep.id,
    state: sweep.state,
    pictures: images,
    repeat: config.repeat,
    seeds: [...new Set(sweepPlan(config).map(({ seed }) => seed))],
    runs: sweep.planned,
    measured: sweep.measured,
    lost: sweep.lost,
    measures: measures.map(({ key, title, direction, unit }) => ({ key, title, direction, unit })),
  };
  if (grid)
    return {
      ...common,
      grid,
      results: choices.map(({ cell, ...choice }) => ({
        ...choice,
        chosen: cell === null ? null : pairOf(cells[cell]),
        runs: cell === null ? [] : cells[cell].runs.map(({ runId }) => runId),
      })),
      cells: cells.map(({ runs, tuning, test, ...cell }) => ({ ...pairOf(cell), runs, tuning, test })),
    };
  return {
    ...common,
    halved: sweep.halved,
    objectives: config.objectives,
    vary: config.vary,
    // The same wherever and in whatever order its runs were trained.
    results: cells.map(({ objective, values, params, runs, rungs, isHalved, tuning, test }) => ({
      objective,
      values,
      params,
      seeds: runs.filter(({ isMeasured }) => isMeasured).map(({ seed }) => seed),
      tuning,
      test,
      ...(config.halving && { rungs, isHalved }),
    })),
    choices: choices.map(({ cell, ...choice }) => ({
      ...choice,
      chosen: cell === null ? null : { objective: cells[cell].objective, values: cells[cell].values },
    })),
    cells,
    warnings,
  };
}

const pairOf = (cell: Pick<SweepCell, 'objective' | 'values'>) => ({
  objective: cell.objective,
  lambdaInside: weightOf(cell, 'lambdaInside'),
  lambdaOutside: weightOf(cell, 'lambdaOutside'),
});

export function sweepLines(result: SweepResult): string[] {
  const { sweep, measures, families, cells, choices, warnings } = result;
  const isGrid = boxGridOf(sweep.config) !== null;
  const names = isGrid ? ['inside', 'outside'] : sweep.config.vary.map(({ name }) => name);
  const rows = measures.flatMap(({ key, title, unit }) => [
    [title, ...names.map(() => ''), '', ''],
    ...families.map(({ id: family }) => {
      const choice = choices.find((one) => one.measure === key && one.family === family)!;
      const cell = choice.cell === null ? null : cells[choice.cell];
      return [
        `  ${familyTitles[family] ?? family}${family === 'any' && cell ? `: ${cell.objective}` : ''}`,
        ...(isGrid ? weightWords(cell, family) : names.map((name) => String(cell?.values[name] ?? ''))),
        metricWords(choice.tuning, unit),
        metricWords(choice.test, unit),
      ];
    }),
  ]);
  return [
    ...table([['chosen by each measure', ...names, 'to choose by', 'on the test'], ...rows]),
    ...(sweep.lost > 0 ? [`${sweep.lost} runs diverged or were cancelled`] : []),
    ...(sweep.halved > 0 ? [`${sweep.halved} runs were left behind by halving; they keep their epochs`] : []),
    ...warnings,
  ];
}

const weightWords = (cell: SweepCell | null, family: string): [string, string] =>
  cell && (family === 'equal' || family === 'all')
    ? [String(weightOf(cell, 'lambdaInside')), String(weightOf(cell, 'lambdaOutside'))]
    : ['', ''];

/** "81.2 ± 0.4 %" */
function metricWords(metricValue: SweepMetricValue | null, unit: string): string {
  if (metricValue === null) return '–';
  const { mean, std } = metricValue;
  if (unit === 'share') return std === null ? percent(mean) : `${(mean * 100).toFixed(1)} ± ${percent(std)}`;
  const short = (value: number) => String(Number(value.toPrecision(4)));
  return std === null ? short(mean) : `${short(mean)} ± ${short(std)}`;
}
