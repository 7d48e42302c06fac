// What Inspect shows: one evaluated run, the pictures of one field in one order, one of them large, and how its
// heat is made and drawn.

import { call } from '../../bridge/bridge.ts';
import type { ColourMap } from '../../heat/heat-colour.ts';
import { FIT, type HeatView } from '../../heat/heat-view.ts';
import type {
  AttackInfo,
  ClassId,
  EvaluatedImage,
  EvaluationSummary,
  ImageId,
  ParamValue,
  Run,
  RunId,
} from '../../../src-main/contracts/index.ts';
import { runs } from '../../state/runs.svelte.ts';
import { MethodChoice } from '../../forms/method-choice.svelte.ts';
import { Explanation, type Target } from '../../heat/explanation.svelte.ts';
import {
  HeatMeasuring,
  MEASURED_THRESHOLD,
  heatMetricsOf,
  isInside,
  ratioOf,
  valueIn,
} from '../../metrics/heat-metrics.svelte.ts';
import { allMetrics } from '../../metrics/metric-values.ts';
import { countQuadrants, histogramOf, quadrantOf, type Quadrant } from '../../metrics/quadrants.ts';
import { noSizes, testImageSizes, type ImageSizes } from '../../heat/image-sizes.ts';
import { ordersOf, sortImages, usualOrders } from './sorting.ts';

/** Ratios beyond are in the histogram's last bar. */
export const MOST_RATIO = 5;

export class Inspection {
  summary = $state.raw<EvaluationSummary | null>(null);
  images = $state.raw<EvaluatedImage[]>([]);
  sizes = $state.raw<ImageSizes>(noSizes);
  loading = $state(false);
  error = $state.raw<unknown>(null);

  /** Heat is inside from a share of it on, or from so many times what even heat would have there. */
  insideBy = $state<'share' | 'ratio'>('share');
  shareFrom = $state(0.5);
  ratioFrom = $state(1.5);
  quadrant = $state<Quadrant | null>(null);
  classId = $state<ClassId | null>(null);
  orderId = $state('in-box');
  ascending = $state(true);
  heatOnThumbnails = $state(true);

  /** Squared loss gradient: what every evaluation measures, so that the numbers are there at once. */
  readonly explanation = new Explanation('energy');
  opacity = $state(0.8);
  muted = $state(true);
  colourMap = $state<ColourMap>('inferno');
  boxFromHeat = $state(true);
  /** How the box is drawn: as it is measured, where the map can say, or round what is above the threshold. */
  boxRule = $state<'measured' | 'threshold'>('measured');
  /** On the way from the coldest to the hottest of the map shown. 50 of 255, which KC & Zhang 2021 take of a gray value. */
  threshold = $state(MEASURED_THRESHOLD);
  view = $state.raw<HeatView>(FIT);
  /** O is held down: the picture without heat. */
  bare = $state(false);
  /** In steps of 1/255. */
  attackSteps = $state(2);
  /** The run that pictures are made against, if another than the one that judges them. */
  attackFrom = $state<RunId | null>(null);
  /** Call while a component is set up. @param run  that is looked at */
  readonly measuring: HeatMeasuring;
  constructor(run: () => Run | null) {
    this.measuring = new HeatMeasuring(() => {
      const own = run();
      return { runs: own ? [own] : [], heat: this.heat, method: this.explanation.method };
    });
  }
  readonly attack = new MethodChoice<AttackInfo>(() => runs.methods?.attacks ?? []);

  /** Whether the box shown is that of the measures, which only maps of the loss gradient come with. */
  readonly boxAsMeasured = $derived(
    this.boxRule === 'measured' &&
      this.explanation.method?.id === 'input-gradient' &&
      this.explanation.params['score'] === 'loss',
  );
  /** What is measured of the maps that are shown. */
  readonly heat = $derived(
    heatMetricsOf(this.explanation.method, this.explanation.params, runs.methods, this.boxAsMeasured),
  );
  readonly metrics = $derived(this.summary ? allMetrics(this.summary, runs.methods) : []);
  readonly inside = $derived.by(() => {
    const rule = { by: this.insideBy, from: this.insideBy === 'share' ? this.shareFrom : this.ratioFrom };
    return (image: EvaluatedImage) => isInside(image, this.heat, rule);
  });
  readonly counts = $derived(countQuadrants(this.images, this.inside));
  readonly histogram = $derived(
    histogramOf(
      this.images.map((image) => {
        const inBox = this.heat && valueIn(image, this.heat.inBox);
        return this.insideBy === 'share' ? inBox : ratioOf(inBox, image.areaShare);
      }),
      10,
      this.insideBy === 'share' ? 1 : MOST_RATIO,
    ),
  );
  /** By the heat that is shown, then by every other metric that single pictures have. */
  readonly orders = $derived([...usualOrders(this.heat), ...ordersOf(this.images, this.metrics, this.heat)]);
  readonly order = $derived(this.orders.find((one) => one.id === this.orderId) ?? this.orders[0]);
  readonly shown = $derived(
    sortImages(
      this.images.filter(
        (image) =>
          (this.quadrant === null || quadrantOf(image, this.inside) === this.quadrant) &&
          (this.classId === null || image.classId === this.classId),
      ),
      this.order,
      this.ascending,
    ),
  );
  /** The picture looked at, even if the filter has since left it out; else the first in order. */
  readonly current: EvaluatedImage | null = $derived(
    this.images.find((image) => image.imageId === runs.looking.imageId) ?? this.shown[0] ?? null,
  );
  readonly index = $derived(this.current ? this.shown.indexOf(this.current) : -1);

  async load(run: Run): Promise<void> {
    this.loading = true;
    this.error = null;
    try {
      const summary = await call('evaluations.summary', { runId: run.id, split: 'test' });
      const [images, sizes] = summary
        ? await Promise.all([call('evaluations.images', { runId: run.id, split: 'test' }), testImageSizes()])
        : [[], this.sizes];
      if (runs.looking.inspectId !== null && runs.looking.inspectId !== run.id) return;
      this.summary = summary;
      this.images = images;
      this.sizes = sizes;
    } catch (thrown) {
      this.error = thrown;
    } finally {
      this.loading = false;
    }
  }

  choose(imageId: ImageId): void {
    if (runs.looking.imageId !== imageId) this.view = FIT;
    runs.looking.imageId = imageId;
    runs.looking.keep();
  }

  step(by: number): void {
    if (this.shown.length === 0) return;
    const next = this.index < 0 ? 0 : Math.min(this.shown.length - 1, Math.max(0, this.index + by));
    this.choose(this.shown[next].imageId);
  }

  /** What is to be as it was when a person comes back: the method, the filter and the order; text for the app's settings. */
  kept(project: string | null): string {
    const { explanation, quadrant, classId, orderId, ascending, muted, colourMap, boxRule } = this;
    const { method, params, target } = explanation;
    return JSON.stringify({
      project,
      quadrant,
      classId,
      target,
      orderId,
      ascending,
      muted,
      colourMap,
      boxRule,
      ...(method && { method: method.id, params }),
    });
  }

  /** @param project  the one that is open: another one's classes mean nothing in it */
  restore(text: string, project: string | null): void {
    const kept = readKept(text);
    if (kept.method !== undefined) this.explanation.restore(kept.method, kept.params ?? {});
    this.orderId = kept.orderId ?? this.orderId;
    this.ascending = kept.ascending ?? this.ascending;
    this.muted = kept.muted ?? this.muted;
    this.colourMap = kept.colourMap ?? this.colourMap;
    this.boxRule = kept.boxRule ?? this.boxRule;
    if (kept.project !== project) return;
    this.quadrant = kept.quadrant ?? null;
    this.classId = kept.classId ?? null;
    this.explanation.target = kept.target ?? this.explanation.target;
  }
}

interface Kept {
  project: string | null;
  method: string;
  params: Record<string, ParamValue>;
  target: Target;
  quadrant: Quadrant | null;
  classId: ClassId | null;
  orderId: string;
  ascending: boolean;
  muted: boolean;
  colourMap: ColourMap;
  boxRule: 'measured' | 'threshold';
}

/** Empty for what nobody wrote. */
function readKept(text: string): Partial<Kept> {
  try {
    return (JSON.parse(text) as Partial<Kept> | null) ?? {};
  } catch {
    return {};
  }
}
