// fovea metrics PROJECT --run N [--split SPLIT]

import type { Split } from '../contracts/dataset.ts';
import { heatTitle } from '../contracts/heat-metrics.ts';
import type { RunMetric } from '../contracts/metrics.ts';
import { shownValue } from './evaluate.ts';
import { metricRecord } from './metric-record.ts';
import { runNumber, withCore } from './session.ts';
import { table, type Terminal } from './terminal.ts';

/** All that was measured of a run: each measure with each of its parameters, of each split and epoch. */
export async function metrics(
  terminal: Terminal,
  project: string,
  { run, split }: { run: string; split?: Split },
): Promise<void> {
  await withCore(terminal, async ({ core, open }) => {
    await open(project);
    const runId = runNumber(run);
    const { measures, saliency } = await core.call('app.methods', {});
    const all = await core.call('metrics.list', { runId, ...(split !== undefined && { split }) });
    const rows = all.map((metric) => {
      const info = measures.find(({ id }) => id === metric.measure);
      const unit = info?.unit ?? '';
      const heat = heatTitle(metric.params, saliency);
      return [
        metric.split,
        String(metric.epoch),
        `${info?.title ?? metric.measure}${heat === null ? '' : `, ${heat}`}`,
        shownValue(metric.value, unit),
        metric.low === null ? '' : `${shownValue(metric.low, unit)} … ${shownValue(metric.high, unit)}`,
        String(metric.pictures),
      ];
    });
    const heads = ['split', 'epoch', '', '', '95 % interval', 'pictures'];
    terminal.answer(
      { run: runId, metrics: all.map((one) => ({ ...metricRecord(one), ...placeOf(one) })) },
      rows.length > 0 ? table([heads, ...rows]) : [`Run ${runId} was not measured yet.`],
    );
  });
}

const placeOf = ({ split, epoch }: RunMetric) => ({ split, epoch });
