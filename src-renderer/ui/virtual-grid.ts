// Which tiles of a long grid are in sight. Only those are made, whatever the number of pictures.

export interface GridShape {
  columns: number;
  tileWidth: number;
  rowHeight: number;
}

/** Columns of at least `leastPx` that fill the width, and the height of a row with its gap. */
export function gridShape(widthPx: number, leastPx: number, gapPx: number, ratio: number): GridShape {
  const columns = Math.max(1, Math.floor((widthPx + gapPx) / (leastPx + gapPx)));
  const tileWidth = Math.max(1, (widthPx - gapPx * (columns - 1)) / columns);
  return { columns, tileWidth, rowHeight: tileWidth / ratio + gapPx };
}

/** First and one past the last tile to make, one row more at each end. */
export function visibleRange(
  count: number,
  shape: GridShape,
  scrollTop: number,
  heightPx: number,
): { first: number; end: number } {
  const firstRow = Math.max(0, Math.floor(scrollTop / shape.rowHeight) - 1);
  const endRow = Math.ceil((scrollTop + heightPx) / shape.rowHeight) + 1;
  return { first: Math.min(count, firstRow * shape.columns), end: Math.min(count, endRow * shape.columns) };
}

/** Scroll position that shows a tile, as near as possible to the present one. */
export function scrollToShow(index: number, shape: GridShape, scrollTop: number, heightPx: number): number {
  const top = Math.floor(index / shape.columns) * shape.rowHeight;
  if (top < scrollTop) return top;
  return Math.max(scrollTop, top + shape.rowHeight - heightPx);
}
