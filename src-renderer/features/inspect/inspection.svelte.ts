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
import { countQuadrants, quadrantOf, shareHistogram, type Quadrant } from '../../metrics/quadrants.ts';
import { noSizes, testImageSizes, type ImageSizes } from '../../heat/image-sizes.ts';
import { ORDERS, ordersOf, sortImages } from './sorting.ts';

export class Inspection {
  summary = $state.raw<EvaluationSummary | null>(null);
  images = $state.raw<EvaluatedImage[]>([]);
  sizes = $state.raw<ImageSizes>(noSizes);
  loading = $state(false);
  error = $state.raw<unknown>(null);

  insideFrom = $state(0.5);
  quadrant = $state<Quadrant | null>(null);
  classId = $state<ClassId | null>(null);
  orderId = $state('energyInBox');
  ascending = $state(true);
  heatOnThumbnails = $state(true);

  /** Magnitude of the loss gradient: with a map of that comes the box as it is measured. */
  readonly explanation = new Explanation('paper-box-aware');
  opacity = $state(0.8);
  muted = $state(true);
  colourMap = $state<ColourMap>('inferno');
  boxFromHeat = $state(true);
  /** How the box is drawn: as it is measured, where the map can say, or round what is above the threshold. */
  boxRule = $state<'measured' | 'threshold'>('measured');
  /** On the way from the coldest to the hottest of the map shown. 50 of 255, which KC & Zhang 2021 take of a gray value. */
  threshold = $state(0.2);
  view = $state.raw<HeatView>(FIT);
  /** O is held down: the picture without heat. */
  bare = $state(false);
  /** In steps of 1/255. */
  attackSteps = $state(2);
  /** The run that pictures are made against, if another than the one that judges them. */
  attackFrom = $state<RunId | null>(null);
  readonly attack = new MethodChoice<AttackInfo>(() => runs.methods?.attacks ?? []);

  readonly counts = $derived(countQuadrants(this.images, this.insideFrom));
  readonly histogram = $derived(shareHistogram(this.images, 10));
  /** The usual figures, then every other that was measured of single pictures. */
  readonly orders = $derived([...ORDERS, ...ordersOf(this.images, runs.methods?.measures ?? [])]);
  readonly order = $derived(this.orders.find((one) => one.id === this.orderId) ?? ORDERS[0]);
  readonly shown = $derived(
    sortImages(
      this.images.filter(
        (image) =>
          (this.quadrant === null || quadrantOf(image, this.insideFrom) === this.quadrant) &&
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
