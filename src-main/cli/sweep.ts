// fovea sweep PROJECT [--grid coarse|paper|lambdaInside=…;lambdaOutside=…] [--repeat N] [--measures ID,…] [--resume N]
// and the flags of `fovea train`

import { AppError } from '../contracts/errors.ts';
import type { SweepId } from '../contracts/ids.ts';
import {
  namedGrids,
  swept,
  sweepFamilies,
  sweepPlan,
  sweepPoints,
  type GridName,
  type SweepConfigInput,
  type SweepFamily,
  type SweepMetricValue,
  type SweepResult,
} from '../contracts/sweeps.ts';
import { measuresAskedFor } from './evaluate.ts';
import { withCore } from './session.ts';
import { percent, table, type Terminal } from './terminal.ts';
import { configOf, obstaclesFor, type RunOptions } from './train.ts';
import { withStart } from './weights.ts';

interface Options extends RunOptions {
  grid: string;
  repeat: number;
  measures?: string;
  resume?: string;
}

export async function sweep(terminal: Terminal, folder: string, options: Options): Promise<void> {
  await withCore(terminal, async (session) => {
    const { core, open, finish } = session;
    const grid = readGrid(options.grid);
    await open(folder);
    const begun =
      options.resume === undefined
        ? await core.call('sweeps.start', {
            ...(await askedOf()),
            grid: grid.values,
            repeat: options.repeat,
          })
        : await core.call('sweeps.resume', { id: sweepNumber(options.resume) });
    session.kept(
      async () => `Sweep ${begun.id} is kept; go on with: fovea sweep ${folder} --resume ${begun.id}`,
    );
    const { pictures: images } = await core.call('sweeps.get', { id: begun.id });
    const points = sweepPoints(begun.config).length;
    terminal.say(
      `Sweep ${begun.id}: ${points} points, ${begun.config.repeat} times each: ${begun.planned} runs, ` +
        `${begun.planned - begun.measured - begun.lost} of them still to do`,
    );
    terminal.say(
      `${images.train} pictures to train on, ${images.selection} to choose epochs by, ` +
        `${images.tuning} to choose weights by, ${images.test} to report on`,
    );
    await finish(begun.jobId!);
    const result = await core.call('sweeps.get', { id: begun.id });
    terminal.answer(reported(result), wordsOf(result));

    async function askedOf(): Promise<Pick<SweepConfigInput, 'run' | 'measures'>> {
      const methods = await core.call('app.methods', {});
      if (options.objective !== 'box-aware')
        throw new AppError('bad-input', `a sweep is of box-aware, not of "${options.objective}"`, {
          reason: 'standard training and blackout are among its families anyway',
        });
      // "measure.parameter" is a measure's, as for `evaluate`; the rest is the run's, as for `train`.
      const [ofMeasures, ofRun] = [true, false].map((wanted) =>
        options.set.filter((text) => /^[^=]*\./.test(text) === wanted),
      );
      const given = ofRun.map((text) => text.split('=')[0]).find((name) => swept.some((one) => one === name));
      if (given !== undefined)
        throw new AppError('bad-input', `${given} is swept`, { reason: 'write its values into --grid' });
      const run = await withStart(session, configOf({ ...options, set: ofRun }, methods), options.start);
      const obstaclesTo = obstaclesFor(session, run);
      return {
        run: {
          ...run,
          objective: 'box-aware',
          params: { ...grid.params, ...run.params },
        },
        ...((options.measures !== undefined || ofMeasures.length > 0) && {
          measures: (
            await measuresAskedFor(
              terminal,
              methods.measures,
              { measures: options.measures, set: ofMeasures },
              async (asked) => {
                const reasons = await obstaclesTo(asked);
                return asked.map(({ id }, index) =>
                  methods.measures.find((one) => one.id === id)?.direction === 'none'
                    ? 'neither more nor less of it is better'
                    : reasons[index],
                );
              },
            )
          ).map(({ info, params }) => ({ id: info.id, params })),
        }),
      };
    }
  });
}

/** A named grid, whose values are meant in the paper's reduction, or values in the reduction that the run has. */
function readGrid(text: string): {
  values: SweepConfigInput['grid'];
  params: Record<string, string>;
} {
  if (Object.hasOwn(namedGrids, text)) {
    const values = [...namedGrids[text as GridName]];
    return { values: { lambdaInside: values, lambdaOutside: values }, params: { reduction: 'paper' } };
  }
  const complain = (reason: string) =>
    new AppError('bad-input', `--grid ${text} is no grid`, {
      reason: `${reason}; write ${Object.keys(namedGrids).join(', ')}, or "lambdaInside=0,1,10;lambdaOutside=0,1,10"`,
    });
  const values: Record<string, number[]> = {};
  for (const part of text.split(';')) {
    const [name, list, ...more] = part.split('=').map((one) => one.trim());
    if (!swept.some((one) => one === name) || list === undefined || more.length > 0 || name in values)
      throw complain(`"${part.trim()}" does not give one of ${swept.join(', ')} its values`);
    values[name] = list.split(',').map((one) => (one.trim() === '' ? NaN : Number(one)));
    if (values[name].some((value) => !(value >= 0 && value < Infinity)))
      throw complain(`${name} has a value that is no number of at least 0`);
  }
  const missing = swept.find((name) => !(name in values));
  if (missing !== undefined) throw complain(`${missing} has no values`);
  return { values: values as SweepConfigInput['grid'], params: {} };
}

/** "3" → 3. @throws AppError 'bad-input' */
function sweepNumber(text: string): SweepId {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new AppError('bad-input', `"${text}" is no sweep number`);
  return number as SweepId;
}

export const familyTitles: Record<SweepFamily, string> = {
  standard: 'standard',
  blackout: 'blackout',
  equal: 'equal weights',
  all: 'all pairs',
};

function reported(result: SweepResult): Record<string, unknown> {
  const { sweep, pictures: images, measures, cells, choices } = result;
  const { config } = sweep;
  return {
    sweep: sweep.id,
    state: sweep.state,
    pictures: images,
    grid: config.grid,
    repeat: config.repeat,
    seeds: [...new Set(sweepPlan(config).map(({ seed }) => seed))],
    runs: sweep.planned,
    measured: sweep.measured,
    lost: sweep.lost,
    measures: measures.map(({ key, title, direction, unit }) => ({ key, title, direction, unit })),
    results: choices.map(({ cell, ...choice }) => ({
      ...choice,
      chosen: cell === null ? null : chosenOf(cells[cell]),
      runs: cell === null ? [] : cells[cell].runs.map(({ runId }) => runId),
    })),
    cells,
  };
}

const chosenOf = ({ objective, lambdaInside, lambdaOutside }: SweepResult['cells'][number]) => ({
  objective,
  lambdaInside,
  lambdaOutside,
});

function wordsOf({ sweep, measures, cells, choices }: SweepResult): string[] {
  const rows = measures.flatMap(({ key, title, unit }) => [
    [title, '', '', '', ''],
    ...sweepFamilies.map((family) => {
      const choice = choices.find((one) => one.measure === key && one.family === family)!;
      const cell = choice.cell === null ? null : cells[choice.cell];
      const isWeighed = family === 'equal' || family === 'all';
      return [
        `  ${familyTitles[family]}`,
        cell && isWeighed ? String(cell.lambdaInside) : '',
        cell && isWeighed ? String(cell.lambdaOutside) : '',
        metricWords(choice.tuning, unit),
        metricWords(choice.test, unit),
      ];
    }),
  ]);
  const lost = sweep.lost > 0 ? [`${sweep.lost} runs diverged or were cancelled`] : [];
  return [
    ...table([['chosen by each measure', 'inside', 'outside', 'to choose by', 'on the test'], ...rows]),
    ...lost,
  ];
}

/** "81.2 ± 0.4 %" */
function metricWords(metricValue: SweepMetricValue | null, unit: string): string {
  if (metricValue === null) return '–';
  const { mean, std } = metricValue;
  if (unit === 'share') return std === null ? percent(mean) : `${(mean * 100).toFixed(1)} ± ${percent(std)}`;
  const short = (value: number) => String(Number(value.toPrecision(4)));
  return std === null ? short(mean) : `${short(mean)} ± ${short(std)}`;
}
