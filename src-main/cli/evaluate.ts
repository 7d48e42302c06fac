// fovea evaluate PROJECT --run N [--split test] [--measures all|ID,ID:PRESET] [--set measure.param=value] [--group-by NAME]
// [--against PATH]

import path from 'node:path';
import type { Split } from '../contracts/dataset.ts';
import { AppError } from '../contracts/errors.ts';
import type { MeasureInfo, ParamValue } from '../contracts/methods.ts';
import type { DeviceChoice } from '../contracts/devices.ts';
import type { EvaluationSummary } from '../contracts/evaluations.ts';
import type { MetricValue } from '../contracts/metrics.ts';
import { runNumber, withCore } from './session.ts';
import { valuesOf } from './set-values.ts';
import { percent, splitWord, table, type Terminal } from './terminal.ts';

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
    const { config } = await core.call('runs.get', { id: runId });
    const chosen = await measuresAskedFor(terminal, known, options, (measures) =>
      core.call('evaluations.obstacles', {
        config: { ...config, groupBy: groupBy ?? config.groupBy },
        measures,
        isCompared: against !== undefined,
      }),
    );
    await finish(
      await core.call('evaluations.start', {
        runId,
        split,
        measures: chosen.map(({ info, params }) => ({ id: info.id, params })),
        ...(groupBy !== undefined && { groupBy }),
        ...(device !== undefined && { device }),
        ...(against !== undefined && { against: core.refer(path.resolve(against)) }),
      }),
    );
    const summary = (await core.call('evaluations.summary', { runId, split }))!;
    const { images, withRegion, figures } = summary;
    terminal.answer({ run: runId, split, images, withRegion, measures: reported(summary), figures }, [
      `Run ${runId} on ${images} ${splitWord(split)} pictures, ${withRegion} with a box or mask`,
      ...metricLines(
        known.filter(({ id }) => chosen.some(({ info }) => info.id === id)),
        summary,
      ),
    ]);
  });
}

/**
 * The measures asked for, with the parameters that their presets (`ID:PRESET`) and `--set` give them. What `all` leaves
 * out is noted with its reason.
 * @param obstaclesTo  why each measure cannot be taken; null where it can
 */
export async function measuresAskedFor(
  terminal: Terminal,
  known: readonly MeasureInfo[],
  { measures, set }: Pick<Options, 'measures' | 'set'>,
  obstaclesTo: (measures: { id: string; params: Record<string, ParamValue> }[]) => Promise<(string | null)[]>,
): Promise<{ info: MeasureInfo; params: Record<string, ParamValue> }[]> {
  const infoOf = (id: string): MeasureInfo => {
    const info = known.find((one) => one.id === id);
    if (info) return info;
    throw new AppError('bad-input', `there is no measure "${id}"`, {
      reason: `known are ${known.map((one) => one.id).join(', ')}, and all`,
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
  const words = measures?.split(',').map((word) => word.trim());
  const usual = known.filter((one) => one.usual).map(({ id }) => id);
  /** Measures and the presets that some are to have. */
  const wanted = new Map<string, string | undefined>();
  for (const word of words?.filter((one) => one !== 'all') ?? usual) {
    const [id, preset] = word.split(/:(.*)/);
    wanted.set(id, preset);
  }
  for (const id of sets.keys()) if (!wanted.has(id)) wanted.set(id, undefined);
  if (words?.includes('all')) {
    const others = known.filter(({ id }) => !wanted.has(id));
    const reasons = await obstaclesTo(
      others.map(({ id, params }) => ({
        id,
        params: Object.fromEntries(params.map((param) => [param.name, param.default])),
      })),
    );
    const left = others.flatMap(({ id }, index) => {
      const reason = reasons[index];
      if (reason === null) wanted.set(id, undefined);
      return reason === null ? [] : [{ id, reason }];
    });
    const byReason = [...Map.groupBy(left, ({ reason }) => reason)].map(
      ([reason, members]) => `${members.map(({ id }) => id).join(', ')} (${reason})`,
    );
    if (left.length > 0) terminal.note(`left out of all: ${byReason.join('; ')}`);
  }
  return [...wanted].map(([id, preset]) => {
    const info = infoOf(id);
    return { info, params: valuesOf(info, { preset, set: sets.get(id) ?? [] }) };
  });
}

/** The figures that have always been reported, and every other under its own name. */
function reported({ measures, figures }: EvaluationSummary): Record<string, unknown> {
  const others = Object.entries(figures).filter(([key]) => !(key in measures));
  return { ...measures, ...Object.fromEntries(others.map(([key, { value }]) => [key, value])) };
}

/** A table of the figures of these measures, for people. */
export function metricLines(infos: readonly MeasureInfo[], summary: EvaluationSummary): string[] {
  const rows = infos.flatMap((info) => rowsOf(info, summary.figures[info.key], summary.withRegion));
  return table([['', '', '95 % interval', 'pictures'], ...rows]).map((line) => `  ${line}`);
}

function rowsOf(info: MeasureInfo, metricValue: MetricValue, withRegion: number): string[][] {
  const { value, low, high, pictures: images } = metricValue;
  const { unit, partUnit = unit, partsBy } = info;
  const interval = low === null || high === null ? '' : `${shown(low, unit)} … ${shown(high, unit)}`;
  const parts = info.needs.includes('groups')
    ? worstFirst(metricValue.parts ?? [])
    : (metricValue.parts ?? []);
  return [
    [info.title, shown(value, unit), interval, String(images)],
    ...(value === null && withRegion === 0 && info.needs.includes('region')
      ? [['  no picture has a box or mask', '', '', '']]
      : []),
    ...parts
      .slice(0, partsShown)
      .map(({ name, value: own }) => [
        `  ${partsBy === 'epsilon' ? `at ${Number(Number(name).toPrecision(3))}` : name}`,
        shown(own, partUnit),
        '',
        '',
      ]),
    ...(parts.length > partsShown ? [[`  and ${parts.length - partsShown} more`, '', '', '']] : []),
  ];
}

/** A figure in its unit. Pictures are counted, not rounded. */
function shown(value: number | null, unit: string): string {
  if (value === null || unit === 'share') return percent(value);
  return String(unit === 'pictures' ? value : Number(value.toPrecision(4)));
}

/** Groups without a picture come last. */
const worstFirst = (groups: NonNullable<MetricValue['parts']>): NonNullable<MetricValue['parts']> =>
  groups.toSorted((one, other) => (one.value ?? Infinity) - (other.value ?? Infinity));

/** Of classes, groups and epsilons; --json has them all. */
const partsShown = 12;
