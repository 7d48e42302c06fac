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
import { passes, sortRows, type Column, type Filter } from './rows.ts';

export type View = 'side' | 'slider' | 'flicker';

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
  column = $state<Column>('energyDifference');
  ascending = $state(false);

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

  readonly counts = $derived(
    Object.fromEntries(
      (['all', 'changed', 'entered', 'left'] as const).map((filter) => [
        filter,
        this.rows.filter((row) => passes(row, filter)).length,
      ]),
    ) as Record<Filter, number>,
  );
  readonly shown = $derived(
    sortRows(
      this.rows.filter(
        (row) => passes(row, this.filter) && row.name.toLowerCase().includes(this.text.trim().toLowerCase()),
      ),
      this.column,
      this.ascending,
    ),
  );
  readonly current: CompareRow | null = $derived(
    this.rows.find((row) => row.imageId === runs.looking.imageId) ?? this.shown[0] ?? null,
  );
  readonly index = $derived(this.current ? this.shown.indexOf(this.current) : -1);

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

  sortBy(column: Column): void {
    if (this.column === column) this.ascending = !this.ascending;
    else {
      this.column = column;
      this.ascending = column === 'name';
    }
  }
}
