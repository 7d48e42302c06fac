// Which rows of a long list are on the screen. Rows are of one height, so it is arithmetic.

export interface Range {
  from: number;
  /** Exclusive. */
  to: number;
}

/** Rows in sight plus `margin` rows at either end. */
export function visibleRows(
  scrollTop: number,
  heightPx: number,
  rowPx: number,
  count: number,
  margin = 4,
): Range {
  const first = Math.floor(Math.max(0, scrollTop) / rowPx);
  const last = Math.ceil((Math.max(0, scrollTop) + heightPx) / rowPx);
  return {
    from: Math.min(Math.max(0, first - margin), count),
    to: Math.min(count, Math.max(0, last + margin)),
  };
}

/** The least scroll that brings row `index` into sight; `scrollTop` itself if it is. */
export function scrollToRow(index: number, scrollTop: number, heightPx: number, rowPx: number): number {
  const top = index * rowPx;
  if (top < scrollTop) return top;
  if (top + rowPx > scrollTop + heightPx) return top + rowPx - heightPx;
  return scrollTop;
}
