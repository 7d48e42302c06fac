// Where the picture lies on the screen. `screen` points are CSS pixels from the canvas's top left corner,
// `image` points are pixels of the upright picture. screen = image * scale + (x, y).

import type { Box } from '../../src-main/contracts/index.ts';

export interface XY {
  x: number;
  y: number;
}
export interface Size {
  width: number;
  height: number;
}
export interface Viewport extends XY {
  scale: number;
}

export const MAX_SCALE = 64;
/** Of the scale that fits. */
const SMALLEST_SHARE_OF_FIT = 0.25;
/** Of the picture that always stays in sight. */
const KEPT_PX = 48;

export function toScreen(viewport: Viewport, imagePoint: XY): XY {
  return { x: imagePoint.x * viewport.scale + viewport.x, y: imagePoint.y * viewport.scale + viewport.y };
}

export function toImage(viewport: Viewport, screenPoint: XY): XY {
  return {
    x: (screenPoint.x - viewport.x) / viewport.scale,
    y: (screenPoint.y - viewport.y) / viewport.scale,
  };
}

export function boxToScreen(viewport: Viewport, box: Box): Box {
  const { x, y } = toScreen(viewport, box);
  return { x, y, width: box.width * viewport.scale, height: box.height * viewport.scale };
}

/** The part of the image frame that the canvas shows; may reach beyond the picture. */
export function visibleBox(viewport: Viewport, canvas: Size): Box {
  const { x, y } = toImage(viewport, { x: 0, y: 0 });
  return { x, y, width: canvas.width / viewport.scale, height: canvas.height / viewport.scale };
}

/** The whole picture in the middle, with a margin, never enlarged beyond `MAX_SCALE`. */
export function fit(image: Size, canvas: Size, marginPx = 24): Viewport {
  const width = Math.max(1, canvas.width - 2 * marginPx);
  const height = Math.max(1, canvas.height - 2 * marginPx);
  const scale = Math.min(MAX_SCALE, width / image.width, height / image.height);
  return {
    scale,
    x: (canvas.width - image.width * scale) / 2,
    y: (canvas.height - image.height * scale) / 2,
  };
}

/** Zooms by `factor`; the image point under `screenPoint` stays where it is. */
export function zoomAt(
  viewport: Viewport,
  screenPoint: XY,
  factor: number,
  image: Size,
  canvas: Size,
): Viewport {
  const smallest = fit(image, canvas).scale * SMALLEST_SHARE_OF_FIT;
  const scale = Math.min(MAX_SCALE, Math.max(smallest, viewport.scale * factor));
  const ratio = scale / viewport.scale;
  return keepInSight(
    {
      scale,
      x: screenPoint.x - (screenPoint.x - viewport.x) * ratio,
      y: screenPoint.y - (screenPoint.y - viewport.y) * ratio,
    },
    image,
    canvas,
  );
}

export function panBy(viewport: Viewport, dx: number, dy: number, image: Size, canvas: Size): Viewport {
  return keepInSight({ ...viewport, x: viewport.x + dx, y: viewport.y + dy }, image, canvas);
}

/** A picture can be pushed to the edge but not lost. */
function keepInSight(viewport: Viewport, image: Size, canvas: Size): Viewport {
  const clamp = (at: number, side: number, canvasSide: number) =>
    Math.min(canvasSide - Math.min(KEPT_PX, side), Math.max(Math.min(KEPT_PX, side) - side, at));
  return {
    scale: viewport.scale,
    x: clamp(viewport.x, image.width * viewport.scale, canvas.width),
    y: clamp(viewport.y, image.height * viewport.scale, canvas.height),
  };
}

/** Moves the least that brings `box` (image frame) into sight; unchanged if it is in sight already. */
export function reveal(viewport: Viewport, box: Box, canvas: Size): Viewport {
  const screen = boxToScreen(viewport, box);
  const shift = (from: number, length: number, side: number) => {
    if (length > side) return from > 0 ? -from : from + length < side ? side - from - length : 0;
    return from < 0 ? -from + 16 : from + length > side ? side - from - length - 16 : 0;
  };
  return {
    scale: viewport.scale,
    x: viewport.x + shift(screen.x, screen.width, canvas.width),
    y: viewport.y + shift(screen.y, screen.height, canvas.height),
  };
}
