// What was measured of runs, as the screens, the command line and reports read it: in the registry's order, and picture by
// picture under the metrics' keys.

import type { EvaluatedImage, EvaluationSummary } from '../contracts/evaluations.ts';
import type { Split } from '../contracts/dataset.ts';
import type { ImageId, RunId } from '../contracts/ids.ts';
import { metricKey, type Metric, type MetricValue, type RunMetric } from '../contracts/metrics.ts';
import { keyOf, measureInfos } from '../engine/measures/index.ts';
import { wasCorrect } from '../storage/evaluations.ts';
import type { ProjectStore } from '../storage/project-store.ts';

const infos = measureInfos();
const fieldsOf = (measure: string) => infos.find(({ id }) => id === measure)?.params ?? [];

/** The key of a metric, `metricKey`, by the parameters that its measure has today. */
export const keyOfMetric = ({ measure, params }: Pick<Metric, 'measure' | 'params'>): string =>
  metricKey(measure, params, fieldsOf(measure));

/** As the registry has them; of one measure that with the default parameters first. What it does not know comes last. */
function inOrder<M extends Metric>(metrics: readonly M[]): M[] {
  const place = ({ measure }: Metric) => {
    const index = infos.findIndex(({ id }) => id === measure);
    return index < 0 ? infos.length : index;
  };
  const isOther = (one: Metric) => Number(keyOfMetric(one) !== one.measure);
  return metrics.toSorted((a, b) => place(a) - place(b) || isOther(a) - isOther(b));
}

/** As a sweep keeps them, which takes each measure once: by the names that measures have in reports. */
export const valuesByKey = (
  metrics: readonly (Metric & { ofImages?: unknown })[],
): Record<string, MetricValue> =>
  Object.fromEntries(metrics.map(({ measure, ofImages: _, ...value }) => [keyOf(measure), value]));

/** All that was measured of a run, by split, the newest epoch first. */
export function runMetrics(store: ProjectStore, runId: RunId, split?: Split): RunMetric[] {
  const all = store.evaluations.metrics(runId).filter((one) => split === undefined || one.split === split);
  return [...Map.groupBy(all, ({ split, epoch }) => `${split}/${epoch}`).values()].flatMap(inOrder);
}

/** Of the weights that were measured last; null where a run was not. */
export function evaluationSummary(store: ProjectStore, runId: RunId, split: Split): EvaluationSummary | null {
  const summary = store.evaluations.summary(runId, split);
  return summary && { ...summary, metrics: inOrder(summary.metrics) };
}

export function evaluatedImages(store: ProjectStore, runId: RunId, split: Split): EvaluatedImage[] {
  const values = new Map<ImageId, Record<string, number | null>>();
  for (const metric of store.evaluations.values(runId, split)) {
    const key = keyOfMetric(metric);
    for (const { imageId, value } of metric.values) {
      const own = values.get(imageId);
      if (own) own[key] = value;
      else values.set(imageId, { [key]: value });
    }
  }
  return store.evaluations.images(runId, split).map((image) => {
    const own = values.get(image.imageId) ?? {};
    return {
      ...image,
      correct: wasCorrect(own['accuracy'] ?? null, image.classId, image.predictedId),
      values: own,
    };
  });
}
