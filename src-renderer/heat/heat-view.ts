// Zoom and pan of a picture with heat. A view is given in fractions of the picture, so that panes of one
// size showing pictures of one size are linked by sharing the value.

/** Zoom 1 fits the picture into the pane; the centre is what lies in the pane's middle, 0..1 of the picture. */
export interface HeatView {
  zoom: number;
  centreX: number;
  centreY: number;
}

interface Size {
  width: number;
  height: number;
}

/** Where the picture lies in the pane, in screen pixels relative to the pane. */
interface Placement {
  left: number;
  top: number;
  /** Screen pixels for each picture pixel. */
  scale: number;
}

export const FIT: HeatView = { zoom: 1, centreX: 0.5, centreY: 0.5 };
const ZOOM_MAX = 40;

/** Scale at which the picture fits the pane with `marginPx` around. */
function fitScale(pane: Size, image: Size, marginPx: number): number {
  const free = (side: number) => Math.max(1, side - 2 * marginPx);
  return Math.min(free(pane.width) / image.width, free(pane.height) / image.height);
}

export function place(view: HeatView, pane: Size, image: Size, marginPx: number): Placement {
  const scale = fitScale(pane, image, marginPx) * view.zoom;
  return {
    scale,
    left: pane.width / 2 - view.centreX * image.width * scale,
    top: pane.height / 2 - view.centreY * image.height * scale,
  };
}

/** Zooms by a factor and keeps the picture's point under `screenPoint` (relative to the pane) where it is. */
export function zoomAt(
  view: HeatView,
  factor: number,
  screenPoint: { x: number; y: number },
  pane: Size,
  image: Size,
  marginPx: number,
): HeatView {
  const zoom = Math.min(ZOOM_MAX, Math.max(1, view.zoom * factor));
  if (zoom === 1) return FIT;
  const before = place(view, pane, image, marginPx);
  const scale = fitScale(pane, image, marginPx) * zoom;
  const fraction = (at: number, start: number, side: number) => (at - start) / (before.scale * side);
  const pointX = fraction(screenPoint.x, before.left, image.width);
  const pointY = fraction(screenPoint.y, before.top, image.height);
  return inBounds({
    zoom,
    centreX: pointX - (screenPoint.x - pane.width / 2) / (scale * image.width),
    centreY: pointY - (screenPoint.y - pane.height / 2) / (scale * image.height),
  });
}

/** Moves the picture by screen pixels. */
export function panBy(
  view: HeatView,
  byX: number,
  byY: number,
  pane: Size,
  image: Size,
  marginPx: number,
): HeatView {
  if (view.zoom === 1) return view;
  const { scale } = place(view, pane, image, marginPx);
  return inBounds({
    zoom: view.zoom,
    centreX: view.centreX - byX / (scale * image.width),
    centreY: view.centreY - byY / (scale * image.height),
  });
}

/** The middle of the pane always shows a part of the picture, so it cannot get lost. */
function inBounds(view: HeatView): HeatView {
  const clamp = (value: number) => Math.min(1, Math.max(0, value));
  return { zoom: view.zoom, centreX: clamp(view.centreX), centreY: clamp(view.centreY) };
}
