// What is measured of the heat maps that a person looks at: which metrics those are, and measuring all pictures of a run by
// the chosen method, in the background, so that every number beside the maps is of these maps.

import { call } from '../bridge/bridge.ts';
import {
  heatParams,
  heatTitle,
  metricKey,
  unmeasuredMethods,
  type EvaluatedImage,
  type Job,
  type Methods,
  type Metric,
  type ParamValue,
  type Run,
  type SaliencyInfo,
} from '../../src-main/contracts/index.ts';
import { runs } from '../state/runs.svelte.ts';

/** The threshold of the box that is measured, and where the slider begins. */
export const MEASURED_THRESHOLD = 0.2;

export interface HeatMetrics {
  /** "Grad-CAM": of which maps. */
  title: string;
  inBox: { measure: string; params: Metric['params']; key: string };
  iou: { measure: string; params: Metric['params']; key: string };
}

/** @param asMeasured  whether the box is that of the measures, by the loss gradient's gray levels */
export function heatMetricsOf(
  method: SaliencyInfo | null,
  params: Readonly<Record<string, ParamValue>>,
  methods: Methods | null,
  asMeasured: boolean,
): HeatMetrics | null {
  if (!method || !methods) return null;
  const heat = heatParams(method, params);
  const metric = (measure: string, own: Readonly<Record<string, ParamValue>>) => {
    const fields = methods.measures.find(({ id }) => id === measure)?.params ?? [];
    const usual = Object.fromEntries(fields.map(({ name, default: value }) => [name, value]));
    const all = { ...usual, ...own };
    return { measure, params: all, key: metricKey(measure, all, fields) };
  };
  return {
    title: heatTitle(heat, methods.saliency) ?? method.title,
    inBox: metric('energy-in-box', heat),
    iou: metric('mean-iou', asMeasured ? {} : { box: 'threshold', ...heat, threshold: MEASURED_THRESHOLD }),
  };
}

export const valueIn = (image: EvaluatedImage, { key }: { key: string } | { key: null }): number | null =>
  key === null ? null : (image.values[key] ?? null);

/** A person's threshold of "inside": a share of the heat, or how many times as much as even heat would have. */
export interface InsideRule {
  by: 'share' | 'ratio';
  from: number;
}

/** Attribution in box by what even heat would have there; null without a region. */
export const ratioOf = (inBox: number | null, areaShare: number | null): number | null =>
  inBox === null || areaShare === null || areaShare === 0 ? null : inBox / areaShare;

/** Whether the heat lies inside; null without a region or without heat. */
export function isInside(
  image: EvaluatedImage,
  heat: HeatMetrics | null,
  { by, from }: InsideRule,
): boolean | null {
  const inBox = heat && valueIn(image, heat.inBox);
  const value = by === 'share' ? inBox : ratioOf(inBox, image.areaShare);
  return value === null ? null : value >= from;
}

const nameOf = (run: Run, heat: HeatMetrics) => JSON.stringify([run.id, heat.inBox.key, heat.iou.key]);

/** Measures runs by the chosen method as soon as it takes one pass a picture; slower ones when a person says so. */
export class HeatMeasuring {
  /** What is not begun by itself again: it was cancelled, or failed. */
  private held = $state.raw<readonly string[]>([]);
  error = $state.raw<unknown>(null);
  private readonly wanted: () => { runs: Run[]; heat: HeatMetrics | null; method: SaliencyInfo | null };

  constructor(
    wanted: () => { runs: Run[]; heat: HeatMetrics | null; method: SaliencyInfo | null },
    delayMs = 500,
  ) {
    this.wanted = wanted;
    $effect(() => {
      const { heat, method } = this.wanted();
      if (!heat || !method || this.why !== null || this.jobs.length > 0) return;
      const next = this.missing.find((run) => !this.held.includes(nameOf(run, heat)));
      if (!next || method.passes === 'many') return;
      const timer = setTimeout(() => void this.measure(next, heat), delayMs);
      return () => clearTimeout(timer);
    });
  }

  /** Runs that were evaluated, but not by this method. */
  get missing(): Run[] {
    const { runs: all, heat } = this.wanted();
    if (!heat) return [];
    return all.filter((run) => run.evaluated !== null && !isMeasured(run, heat));
  }
  /** Why nothing is measured by this method; null where it can be. */
  get why(): string | null {
    const { method } = this.wanted();
    return method && unmeasuredMethods.includes(method.id)
      ? `${method.title} compares with training pictures that are drawn for each map, so no metric is taken of it.`
      : null;
  }
  /** Evaluations that are under way, of any of the runs. */
  get jobs(): Job[] {
    return this.wanted().runs.flatMap((run) => {
      const job = runs.jobOf(run, 'evaluate');
      return job && (job.state === 'running' || job.state === 'waiting') ? [job] : [];
    });
  }

  /** Begins, or begins again, with all that are missing. */
  start(): void {
    const { heat } = this.wanted();
    const [next] = this.missing;
    this.held = [];
    if (heat && next) void this.measure(next, heat);
  }

  async cancel(): Promise<void> {
    const { heat } = this.wanted();
    if (heat) this.held = [...this.held, ...this.missing.map((run) => nameOf(run, heat))];
    await Promise.all(this.jobs.map(({ id }) => call('jobs.cancel', { id })));
  }

  private async measure(run: Run, heat: HeatMetrics): Promise<void> {
    // Begun once: what fails, or is cancelled elsewhere, is not begun again by itself.
    this.held = [...this.held, nameOf(run, heat)];
    this.error = null;
    try {
      await call('evaluations.start', {
        runId: run.id,
        split: 'test',
        measures: [heat.inBox, heat.iou].map(({ measure, params }) => ({ id: measure, params })),
      });
    } catch (thrown) {
      this.error = thrown;
    }
  }
}

/** Whether a run was measured by these maps. */
export const isMeasured = (run: Run, heat: HeatMetrics): boolean =>
  [heat.inBox, heat.iou].every(({ measure, key }) =>
    run.evaluated?.metrics.some(
      (metric) =>
        metric.measure === measure &&
        metricKey(
          measure,
          metric.params,
          runs.methods?.measures.find(({ id }) => id === measure)?.params ?? [],
        ) === key,
    ),
  );
