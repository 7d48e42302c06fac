// fovea evaluate PROJECT --run N [--split test] [--measures all|ID,ID] [--set measure.param=value] [--group-by NAME]
// [--against PATH]

import path from 'node:path';
import type { Split } from '../contracts/dataset.ts';
import { AppError } from '../contracts/errors.ts';
import type { MeasureInfo, ParamValue } from '../contracts/methods.ts';
import type { DeviceChoice, EvaluationSummary, Figure } from '../contracts/runs.ts';
import { runNumber, withCore } from './session.ts';
import { readSet } from './set-values.ts';
import { percent, table, type Terminal } from './terminal.ts';

interface Options {
  run: string;
  split: Split;
  measures?: string;
  set: string[];
  groupBy?: string;
  against?: string;
  device?: DeviceChoice;
}

export async function evaluate(terminal: Terminal, project: string, options: Options): Promise<void> {
  const { run, split, groupBy, against, device } = options;
  await withCore(terminal, async ({ core, open, finish }) => {
    await open(project);
    const runId = runNumber(run);
    const { measures: known } = await core.call('app.methods', {});
    const isGrouped =
      groupBy !== undefined || (await core.call('runs.get', { id: runId })).config.groupBy !== undefined;
    const chosen = measuresAskedFor(known, options, isGrouped);
    await finish(
      await core.call('evaluations.start', {
        ...{ runId, split },
        measures: chosen.map(({ info, params }) => ({ id: info.id, params })),
        ...(groupBy !== undefined && { groupBy }),
        ...(device !== undefined && { device }),
        ...(against !== undefined && { against: core.refer(path.resolve(against)) }),
      }),
    );
    const summary = (await core.call('evaluations.summary', { runId, split }))!;
    const { images, withRegion, figures } = summary;
    const taken = known.filter(({ id }) => chosen.some(({ info }) => info.id === id));
    terminal.answer({ run: runId, split, images, withRegion, measures: reported(summary), figures }, [
      `Run ${runId} on ${images} ${split} pictures, ${withRegion} with a box or mask`,
      ...table([
        ['', '', '95 % interval', 'pictures'],
        ...taken.flatMap((info) => rowsOf(info, figures[info.key])),
      ]).map((line) => `  ${line}`),
    ]);
  });
}

/** The measures asked for, with the parameters that `--set` gives them. */
export function measuresAskedFor(
  known: readonly MeasureInfo[],
  { measures, set, against }: Pick<Options, 'measures' | 'set' | 'against'>,
  isGrouped: boolean,
): { info: MeasureInfo; params: Record<string, ParamValue> }[] {
  const infoOf = (id: string): MeasureInfo => {
    const info = known.find((one) => one.id === id);
    if (info) return info;
    throw new AppError('bad-input', `there is no measure "${id}"`, {
      reason: `known are ${known.map((one) => one.id).join(', ')}`,
    });
  };
  const sets = new Map<string, string[]>();
  for (const text of set) {
    const at = text.indexOf('.');
    const id = text.slice(0, Math.max(0, at));
    if (at < 0)
      throw new AppError('bad-input', `--set ${text} names no measure: write measure.parameter=value`);
    infoOf(id);
    sets.set(id, [...(sets.get(id) ?? []), text.slice(at + 1)]);
  }
  const ids =
    measures === undefined
      ? known.filter(({ usual }) => usual).map(({ id }) => id)
      : measures === 'all'
        ? known
            .filter(({ needs }) => isGrouped || !needs.includes('groups'))
            .filter(({ needs }) => against !== undefined || !needs.includes('against'))
            .map(({ id }) => id)
        : measures.split(',').map((id) => id.trim());
  return [...new Set([...ids, ...sets.keys()])].map((id) => {
    const info = infoOf(id);
    return { info, params: readSet(sets.get(id) ?? [], info.params) };
  });
}

/** The figures that have always been reported, and every other under its own name. */
function reported({ measures, figures }: EvaluationSummary): Record<string, unknown> {
  const others = Object.entries(figures).filter(([key]) => !(key in measures));
  return { ...measures, ...Object.fromEntries(others.map(([key, { value }]) => [key, value])) };
}

function rowsOf(info: MeasureInfo, figure: Figure): string[][] {
  const { value, low, high, pictures, parts = [] } = figure;
  const show = (one: number | null): string =>
    info.unit === 'share' ? percent(one) : one === null ? '–' : String(Number(one.toPrecision(4)));
  const interval = low === null || high === null ? '' : `${show(low)} … ${show(high)}`;
  return [
    [info.title, show(value), interval, String(pictures)],
    ...parts.slice(0, partsShown).map(({ name, value: own }) => [`  ${nameOf(name)}`, show(own), '', '']),
    ...(parts.length > partsShown ? [[`  and ${parts.length - partsShown} more`, '', '', '']] : []),
  ];
}

/** Of classes, groups and epsilons; --json has them all. */
const partsShown = 12;

/** Names that are numbers, as epsilons are, to three digits. */
const nameOf = (name: string): string =>
  Number.isFinite(Number(name)) ? `at ${Number(Number(name).toPrecision(3))}` : name;
