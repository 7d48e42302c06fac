// fovea evaluate PROJECT --run N [--split test] [--measures all|ID,ID:PRESET] [--set measure.param=value] [--group-by NAME]
// [--against PATH]

import path from 'node:path';
import type { Split } from '../contracts/dataset.ts';
import { AppError } from '../contracts/errors.ts';
import type { MeasureInfo, MethodInfo, ParamValue } from '../contracts/methods.ts';
import type { DeviceChoice } from '../contracts/devices.ts';
import { heatTitle, mapParamPrefix } from '../contracts/heat-metrics.ts';
import { metricOf, type Metric } from '../contracts/metrics.ts';
import { metricRecord } from './metric-record.ts';
import { runNumber, withCore } from './session.ts';
import { readSet, valuesOf } from './set-values.ts';
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
    const { measures: known, saliency } = await core.call('app.methods', {});
    const { config } = await core.call('runs.get', { id: runId });
    const chosen = await measuresAskedFor(terminal, { measures: known, saliency }, options, (measures) =>
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
    const { images, withRegion, metrics } = summary;
    // Of one measure with several parameters those that were just asked for go by its name.
    const asked = chosen.map(({ info, params }) => metricOf(metrics, info.id, params) ?? null);
    const shown = [...asked.filter((one) => one !== null), ...metrics];
    const figures = metricsByKey(known, shown);
    const measures = reported(figures);
    terminal.answer(
      { run: runId, split, images, withRegion, measures, figures, metrics: metrics.map(metricRecord) },
      [
        `Run ${runId} on ${images} ${splitWord(split)} pictures, ${withRegion} with a box or mask`,
        ...metricLines(
          known.flatMap((info) => chosen.filter((one) => one.info.id === info.id)),
          saliency,
          { metrics: shown, withRegion },
        ),
      ],
    );
  });
}

/**
 * The measures asked for, with the parameters that their presets (`ID:PRESET`) and `--set` give them. What `all` leaves
 * out is noted with its reason.
 * @param obstaclesTo  why each measure cannot be taken; null where it can
 */
export async function measuresAskedFor(
  terminal: Terminal,
  { measures: known, saliency }: { measures: readonly MeasureInfo[]; saliency: readonly MethodInfo[] },
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
    return { info, params: measureValues(info, saliency, { preset, set: sets.get(id) ?? [] }) };
  });
}

/** Those of the measure, and with `method.` before their names those of the saliency method that it is to take. */
function measureValues(
  info: MeasureInfo,
  saliency: readonly MethodInfo[],
  { preset, set }: { preset?: string; set: readonly string[] },
): Record<string, ParamValue> {
  const isOfMap = (text: string) => text.startsWith(mapParamPrefix);
  const own = valuesOf(info, { preset, set: set.filter((text) => !isOfMap(text)) });
  const ofMap = set.filter(isOfMap).map((text) => text.slice(mapParamPrefix.length));
  if (ofMap.length === 0) return own;
  const method = saliency.find(({ id }) => id === own['method']);
  if (!method)
    throw new AppError('bad-input', `${info.id}: name the method whose parameter is set`, {
      reason: `--set ${info.id}.method=ID, one of ${saliency.map(({ id }) => id).join(', ')}`,
    });
  const told = Object.entries(readSet(ofMap, method.params, method.id));
  return { ...own, ...Object.fromEntries(told.map(([name, value]) => [`${mapParamPrefix}${name}`, value])) };
}

/** Values under the measures' names as they have always been reported: a curve of accuracies, else single values. */
function reported(figures: Readonly<Record<string, Metric>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(figures).map(([key, { value, curve }]) => [
      key,
      key === 'fgsm' && curve ? curve.map(({ x, y }) => ({ eps: x, accuracy: y })) : value,
    ]),
  );
}

/** The first of each measure, under the name that it has in reports. */
export const metricsByKey = (
  infos: readonly MeasureInfo[],
  metrics: readonly Metric[],
): Record<string, Metric> =>
  Object.fromEntries(
    infos.flatMap(({ id, key }) => {
      const metric = metricOf(metrics, id);
      return metric ? [[key, metric]] : [];
    }),
  );

/** A table of what these measures found, for people. */
export function metricLines(
  asked: readonly { info: MeasureInfo; params: Record<string, ParamValue> }[],
  saliency: readonly MethodInfo[],
  { metrics, withRegion }: { metrics: readonly Metric[]; withRegion: number },
): string[] {
  const rows = asked.flatMap(({ info, params }) => {
    const metric = metricOf(metrics, info.id, params) ?? metricOf(metrics, info.id);
    return metric ? rowsOf(info, metric, withRegion, heatTitle(metric.params, saliency)) : [];
  });
  return table([['', '', '95 % interval', 'pictures'], ...rows]).map((line) => `  ${line}`);
}

function rowsOf(info: MeasureInfo, metric: Metric, withRegion: number, heat: string | null): string[][] {
  const { value, low, high, pictures: images, chance, curve = [] } = metric;
  const { unit, partUnit = unit } = info;
  const parts = info.needs.includes('groups') ? worstFirst(metric.parts ?? []) : (metric.parts ?? []);
  const inner = [
    ...curve.map(({ x, y, low, high }) => [
      `  at ${Number(x.toPrecision(3))}`,
      shownValue(y, unit),
      intervalOf(low, high, unit),
      '',
    ]),
    ...parts.map(({ name, value: own }) => [`  ${name}`, shownValue(own, partUnit), '', '']),
  ];
  return [
    [
      heat === null ? info.title : `${info.title}, ${heat}`,
      shownValue(value, unit),
      intervalOf(low, high, unit),
      String(images),
    ],
    ...(chance === undefined || chance === null ? [] : [['  chance', shownValue(chance, unit), '', '']]),
    ...(value === null && withRegion === 0 && info.needs.includes('region')
      ? [['  no picture has a box or mask', '', '', '']]
      : []),
    ...inner.slice(0, partsShown),
    ...(inner.length > partsShown ? [[`  and ${inner.length - partsShown} more`, '', '', '']] : []),
  ];
}

const intervalOf = (low: number | null, high: number | null, unit: string): string =>
  low === null || high === null ? '' : `${shownValue(low, unit)} … ${shownValue(high, unit)}`;

/** A figure in its unit. Pictures are counted, not rounded. */
export function shownValue(value: number | null, unit: string): string {
  if (value === null || unit === 'share') return percent(value);
  return String(unit === 'pictures' ? value : Number(value.toPrecision(4)));
}

/** Groups without a picture come last. */
const worstFirst = (groups: NonNullable<Metric['parts']>): NonNullable<Metric['parts']> =>
  groups.toSorted((one, other) => (one.value ?? Infinity) - (other.value ?? Infinity));

/** Of classes, groups and epsilons; --json has them all. */
const partsShown = 12;
