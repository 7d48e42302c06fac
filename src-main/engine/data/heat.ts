// From a raw saliency map to what is sent, stored and drawn.

import type { Box } from '../../contracts/geometry.ts';
import { boundsOf } from '../../contracts/geometry.ts';
import type { ExplainOutcome, LabelledImage } from '../../contracts/worker-protocol.ts';
import {
  boxFromGradient,
  boxIou,
  boxOfMask,
  energyInside,
  pointingHit,
  pointingMargin,
  scoresFor,
} from '../measures/index.ts';
import type { Task } from '../nn/classification.ts';

/**
 * A map at the model's size, summing to 1 (all 0 if it is empty), so that it is drawn and measured in one frame.
 * @param map  [height, width], >= 0
 * @returns    [size * size]
 */
export function spreadHeat(map: Float32Array, width: number, height: number, sizePx: number): Float32Array {
  const stretched = stretchMap(map, width, height, sizePx);
  const total = stretched.reduce((sum, value) => sum + value, 0);
  return total > 0 ? stretched.map((value) => value / total) : stretched;
}

/**
 * Stretches a map by bilinear interpolation between pixel centres, the rim held.
 * @param map  [height, width]
 * @returns    [size * size]
 */
export function stretchMap(map: Float32Array, width: number, height: number, sizePx: number): Float32Array {
  const taps = (length: number) =>
    Array.from({ length: sizePx }, (_, i) => {
      const place = Math.min(length - 1, Math.max(0, ((i + 0.5) * length) / sizePx - 0.5));
      const low = Math.floor(place);
      return { low, high: Math.min(length - 1, low + 1), share: place - low };
    });
  const columns = taps(width);
  const stretched = new Float32Array(sizePx * sizePx);
  taps(height).forEach((row, y) =>
    columns.forEach((column, x) => {
      const along = (line: number): number =>
        map[line * width + column.low] * (1 - column.share) + map[line * width + column.high] * column.share;
      stretched[y * sizePx + x] = along(row.low) * (1 - row.share) + along(row.high) * row.share;
    }),
  );
  return stretched;
}

/**
 * @param map         [width * height], raw; and [3, size, size], the loss gradient, if the map is made of it
 * @param regionMask  [size * size]; null without a region
 * @param logits      [classes], of the picture the map is of
 * @param task        how they become scores
 */
export function heatOutcome(
  image: LabelledImage,
  map: { values: Float32Array; width: number; height: number; gradient?: Float32Array | null },
  regionMask: Uint8Array | null,
  sizePx: number,
  targetIndex: number,
  logits: Float32Array,
  task: Task = 'single',
): ExplainOutcome {
  const values = spreadHeat(map.values, map.width, map.height, sizePx);
  return {
    widthPx: sizePx,
    heightPx: sizePx,
    values,
    targetIndex,
    scores: scoresFor(task)(logits, logits.length, 0),
    energyInBox: regionMask && energyInside(values, regionMask),
    pointingHit: regionMask && pointingHit(values, regionMask, sizePx, pointingMargin * sizePx),
    regionBox: regionBoxOf(image),
    measuredBox: map.gradient ? measuredBoxOf(image, map.gradient, regionMask, sizePx) : null,
    attackedPng: null,
  };
}

/** The box that measures draw from the loss gradient, in picture pixels, and its IoU, which is taken in the model's. */
function measuredBoxOf(
  { widthPx, heightPx }: LabelledImage,
  gradient: Float32Array,
  regionMask: Uint8Array | null,
  sizePx: number,
): ExplainOutcome['measuredBox'] {
  const box = boxFromGradient(gradient, sizePx);
  const [perX, perY] = [widthPx / sizePx, heightPx / sizePx];
  return {
    box: box && {
      x: box.x * perX,
      y: box.y * perY,
      width: box.width * perX,
      height: box.height * perY,
    },
    iou: regionMask && boxIou(box, boxOfMask(regionMask, sizePx)),
  };
}

/** Tightest box round all regions, cut at the picture's edges, in picture pixels; null without any. */
export function regionBoxOf({ regions, widthPx, heightPx }: LabelledImage): Box | null {
  const boxes = regions.map(boundsOf).filter((box) => box !== null);
  const left = Math.max(0, Math.min(...boxes.map((box) => box.x)));
  const top = Math.max(0, Math.min(...boxes.map((box) => box.y)));
  const right = Math.min(widthPx, Math.max(...boxes.map((box) => box.x + box.width)));
  const bottom = Math.min(heightPx, Math.max(...boxes.map((box) => box.y + box.height)));
  return right > left && bottom > top ? { x: left, y: top, width: right - left, height: bottom - top } : null;
}
