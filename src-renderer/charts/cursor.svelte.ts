// The epoch that the person points at, shared by all charts of a screen: one rule goes through all of them.

export class ChartCursor {
  /** 1-based; null while nobody points. */
  epoch = $state<number | null>(null);
  /** Which chart the pointer is in; only that one shows the box of values. */
  chart = $state('');
}
