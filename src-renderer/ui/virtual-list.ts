// Which rows of a long list, table or grid exist: those on the screen. Rows are of one height, so it is
// arithmetic, whatever the number of items.

interface RowShape {
  /** Items beside each other; 1 for a list or a table. */
  columns: number;
  rowPx: number;
}

interface Range {
  from: number;
  /** Exclusive. */
  to: number;
}

/** The items of the rows in sight, and of `margin` rows more at either end. */
export function visibleRange(
  count: number,
  { columns, rowPx }: RowShape,
  scrollTop: number,
  heightPx: number,
  margin = 1,
): Range {
  const top = Math.max(0, scrollTop);
  const firstRow = Math.max(0, Math.floor(top / rowPx) - margin);
  const endRow = Math.ceil((top + heightPx) / rowPx) + margin;
  return { from: Math.min(count, firstRow * columns), to: Math.min(count, endRow * columns) };
}

/** The least scroll that brings an item's row into sight; `scrollTop` itself if it is. */
export function scrollToShow(
  index: number,
  { columns, rowPx }: RowShape,
  scrollTop: number,
  heightPx: number,
): number {
  const top = Math.floor(index / columns) * rowPx;
  if (top < scrollTop) return top;
  return Math.max(scrollTop, top + rowPx - heightPx);
}

interface GridShape extends RowShape {
  tileWidth: number;
}

/** Columns of at least `leastPx` that fill the width, and the height of a row with its gap. */
export function gridShape(widthPx: number, leastPx: number, gapPx: number, ratio: number): GridShape {
  const columns = Math.max(1, Math.floor((widthPx + gapPx) / (leastPx + gapPx)));
  const tileWidth = Math.max(1, (widthPx - gapPx * (columns - 1)) / columns);
  return { columns, tileWidth, rowPx: tileWidth / ratio + gapPx };
}
