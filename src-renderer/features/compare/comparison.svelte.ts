// What Compare shows: two runs on the same test pictures, one picture of them large, the order and filter of the
// table, and the findings that were written down.

import { call } from '../../bridge/bridge.ts';
import { FIT, type HeatView } from '../../heat/heat-view.ts';
import type {
  ComparisonRecord,
  CompareRow,
  EvaluationSummary,
  ImageId,
  Run,
} from '../../../src-main/contracts/index.ts';
import { runs } from '../../state/runs.svelte.ts';
import { Explanation } from '../../heat/explanation.svelte.ts';
import { noSizes, testImageSizes, type ImageSizes } from '../../heat/image-sizes.ts';
import { HeatMeasuring, heatMetricsOf } from '../../metrics/heat-metrics.svelte.ts';
import { allMetrics } from '../../metrics/metric-values.ts';
import { columnOf, passes, sortRows, TRUE_SCORE, type Column, type Filter } from './rows.ts';

export type View = 'side' | 'slider' | 'flicker';
export type Sorted = 'name' | { side: 'a' | 'b' | 'difference'; of: 'in-box' | 'second' };

export class Comparison {
  rows = $state.raw<CompareRow[]>([]);
  a = $state.raw<EvaluationSummary | null>(null);
  b = $state.raw<EvaluationSummary | null>(null);
  sizes = $state.raw<ImageSizes>(noSizes);
  findings = $state.raw<ComparisonRecord[]>([]);
  loading = $state(false);
  error = $state.raw<unknown>(null);

  filter = $state<Filter>('all');
  text = $state('');
  /** What the table is sorted by: the name, or a side of one of its two metrics, which follow the method. */
  sorted = $state.raw<Sorted>({ side: 'difference', of: 'in-box' });
  ascending = $state(false);
  /** The second metric of the table; the IoU of the box from heat until another is chosen. */
  secondKey = $state<string | null>(null);

  /** Squared loss gradient: what the measured heat in box, the table's first figure, is a share of. */
  readonly explanation = new Explanation('energy');
  view = $state<View>('side');
  /** One peak for both maps, or each its own. */
  scale = $state<'common' | 'each'>('common');
  muted = $state(true);
  showDifference = $state(true);
  showBoxes = $state(true);
  linked = $state(true);
  viewA = $state.raw<HeatView>(FIT);
  viewB = $state.raw<HeatView>(FIT);
  viewDifference = $state.raw<HeatView>(FIT);
  /** Of the flicker view. */
  flickerB = $state(false);
  /** Of the slider view, 0..1. */
  split = $state(0.5);

  /** What is measured of the maps that are shown. */
  readonly heat = $derived(
    heatMetricsOf(this.explanation.method, this.explanation.params, runs.methods, this.boxAsMeasured),
  );
  /** Metrics that single pictures of both runs have, beside those of the maps shown. */
  readonly further = $derived.by(() => {
    const isKnown = (key: string) => this.rows.some(({ a, b }) => key in a.values && key in b.values);
    return [this.a, this.b]
      .flatMap((summary) => (summary ? allMetrics(summary, runs.methods) : []))
      .filter(
        ({ key }, index, all) =>
          isKnown(key) &&
          key !== this.heat?.inBox.key &&
          key !== this.heat?.iou.key &&
          all.findIndex((one) => one.key === key) === index,
      );
  });
  readonly inBoxKey = $derived(this.heat?.inBox.key ?? '');
  readonly second = $derived.by((): { key: string; title: string; isShare: boolean } => {
    const other = this.further.find(({ key }) => key === this.secondKey);
    if (other)
      return {
        key: other.key,
        title: other.title,
        isShare: (other.info.imageUnit ?? other.info.unit) === 'share',
      };
    if (this.secondKey === TRUE_SCORE)
      return { key: TRUE_SCORE, title: 'True-class probability', isShare: false };
    return { key: this.heat?.iou.key ?? '', title: 'IoU', isShare: false };
  });
  readonly column = $derived.by((): Column => {
    if (this.sorted === 'name') return 'name';
    const { side, of } = this.sorted;
    return columnOf(side, of === 'in-box' ? this.inBoxKey : this.second.key);
  });
  readonly measuring: HeatMeasuring;
  readonly counts = $derived(
    Object.fromEntries(
      (['all', 'changed', 'entered', 'left'] as const).map((filter) => [
        filter,
        this.rows.filter((row) => passes(row, filter, this.heat)).length,
      ]),
    ) as Record<Filter, number>,
  );
  readonly shown = $derived(
    sortRows(
      this.rows.filter(
        (row) =>
          passes(row, this.filter, this.heat) &&
          row.name.toLowerCase().includes(this.text.trim().toLowerCase()),
      ),
      this.column,
      this.ascending,
    ),
  );
  readonly current: CompareRow | null = $derived(
    this.rows.find((row) => row.imageId === runs.looking.imageId) ?? this.shown[0] ?? null,
  );
  readonly index = $derived(this.current ? this.shown.indexOf(this.current) : -1);

  /** Call while a component is set up. @param pair  the runs that are looked at */
  constructor(pair: () => Run[]) {
    this.measuring = new HeatMeasuring(() => ({
      runs: pair(),
      heat: this.heat,
      method: this.explanation.method,
    }));
  }

  /** The box of the measures comes with maps of the loss gradient; of others it is that of a threshold. */
  private get boxAsMeasured(): boolean {
    return this.explanation.method?.id === 'input-gradient' && this.explanation.params['score'] === 'loss';
  }

  async load(a: Run, b: Run): Promise<void> {
    this.loading = true;
    this.error = null;
    const stale = () => runs.looking.aId !== a.id || runs.looking.bId !== b.id;
    try {
      const [rows, summaryA, summaryB, sizes] = await Promise.all([
        call('comparisons.rows', { runA: a.id, runB: b.id, split: 'test' }),
        call('evaluations.summary', { runId: a.id, split: 'test' }),
        call('evaluations.summary', { runId: b.id, split: 'test' }),
        testImageSizes(),
      ]);
      if (stale()) return;
      this.rows = rows;
      this.a = summaryA;
      this.b = summaryB;
      this.sizes = sizes;
    } catch (thrown) {
      if (!stale()) this.error = thrown;
    } finally {
      this.loading = false;
    }
  }

  async loadFindings(): Promise<void> {
    this.findings = await call('comparisons.list', {});
  }

  choose(imageId: ImageId): void {
    if (runs.looking.imageId !== imageId) this.fit();
    runs.looking.imageId = imageId;
    runs.looking.keep();
  }

  step(by: number): void {
    if (this.shown.length === 0) return;
    const next = this.index < 0 ? 0 : Math.min(this.shown.length - 1, Math.max(0, this.index + by));
    this.choose(this.shown[next].imageId);
  }

  fit(): void {
    this.viewA = this.viewB = this.viewDifference = FIT;
  }

  /** A pane was zoomed or panned; linked panes follow. */
  look(pane: 'a' | 'b' | 'difference', view: HeatView): void {
    if (this.linked || pane === 'a') this.viewA = view;
    if (this.linked || pane === 'b') this.viewB = view;
    if (this.linked || pane === 'difference') this.viewDifference = view;
  }

  sortBy(by: Sorted): void {
    if (this.isSortedBy(by)) this.ascending = !this.ascending;
    else {
      this.sorted = by;
      this.ascending = by === 'name';
    }
  }
  isSortedBy(by: Sorted): boolean {
    const { sorted } = this;
    if (by === 'name' || sorted === 'name') return by === sorted;
    return by.side === sorted.side && by.of === sorted.of;
  }
}
