// What Inspect shows: one evaluated run, the pictures of one field in one order, one of them large, and how its
// heat is made and drawn.

import { call } from '../../bridge/bridge.ts';
import type { ColourMap } from '../../canvas/heat-colour.ts';
import { FIT, type HeatView } from '../../canvas/heat-view.ts';
import type {
  ClassId,
  EvaluatedImage,
  EvaluationSummary,
  ImageId,
  MethodInfo,
  ParamValue,
  Run,
} from '../../../src-main/contracts/index.ts';
import { runs } from '../../state/runs.svelte.ts';
import { defaultsOf } from '../train/new-run.svelte.ts';
import { countQuadrants, quadrantOf, shareHistogram, type Quadrant } from './reasons.ts';
import { noSizes, testPictureSizes, type PictureSizes } from './picture-sizes.ts';
import { ORDERS, sortImages } from './sorting.ts';

export type Target = 'true' | 'predicted' | ClassId;

/** How heat is made; Compare uses the same for both of its runs. */
export class Explanation {
  methodId = $state('');
  target = $state<Target>('true');
  private readonly typed = $state<Record<string, Record<string, ParamValue>>>({});
  private readonly presetId: string;

  /** @param presetId  of the methods that have it; so that what is shown at first agrees with what was measured */
  constructor(presetId: string) {
    this.presetId = presetId;
  }

  get methods(): MethodInfo[] {
    return runs.methods?.saliency ?? [];
  }
  get method(): MethodInfo | null {
    return this.methods.find((one) => one.id === this.methodId) ?? this.methods[0] ?? null;
  }
  get params(): Record<string, ParamValue> {
    const method = this.method;
    const preset = method?.presets.find((one) => one.id === this.presetId);
    return method ? { ...defaultsOf(method.params), ...preset?.params, ...this.typed[method.id] } : {};
  }
  /** Shows a method as it was shown before. */
  restore(methodId: string, params: Record<string, ParamValue>): void {
    this.methodId = methodId;
    this.typed[methodId] = params;
  }
  setParam(name: string, value: ParamValue): void {
    if (this.method) this.typed[this.method.id] = { ...this.params, [name]: value };
  }
}

export class Inspection {
  summary = $state.raw<EvaluationSummary | null>(null);
  images = $state.raw<EvaluatedImage[]>([]);
  sizes = $state.raw<PictureSizes>(noSizes);
  loading = $state(false);
  error = $state.raw<unknown>(null);

  insideFrom = $state(0.5);
  quadrant = $state<Quadrant | null>(null);
  classId = $state<ClassId | null>(null);
  orderId = $state('energyInBox');
  ascending = $state(true);
  heatOnThumbnails = $state(true);

  /** Magnitude of the loss gradient: what the measured box from heat is cut from. */
  readonly explanation = new Explanation('paper-box-aware');
  opacity = $state(0.8);
  muted = $state(true);
  colourMap = $state<ColourMap>('inferno');
  boxFromHeat = $state(true);
  /** 50 of 255, as in KC & Zhang 2021. */
  threshold = $state(0.2);
  view = $state.raw<HeatView>(FIT);
  /** O is held down: the picture without heat. */
  bare = $state(false);
  /** In steps of 1/255. */
  attackSteps = $state(2);

  readonly counts = $derived(countQuadrants(this.images, this.insideFrom));
  readonly histogram = $derived(shareHistogram(this.images, 10));
  readonly order = $derived(ORDERS.find((one) => one.id === this.orderId) ?? ORDERS[0]);
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
        ? await Promise.all([
            call('evaluations.images', { runId: run.id, split: 'test' }),
            testPictureSizes(),
          ])
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
}
