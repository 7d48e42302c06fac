// A heat map laid over its picture, in plain pixels: for the command line and the report.

import type { Box } from '../contracts/geometry.ts';
import type { HeatDrawing } from '../contracts/worker-protocol.ts';
import { decodeRgb } from './decode.ts';
import { encodePng } from './png.ts';

/** The design's sequential scale, `inferno` at 0, 1/8 … 1. */
const STOPS = [
  [0x00, 0x00, 0x04],
  [0x21, 0x0c, 0x4a],
  [0x57, 0x10, 0x6e],
  [0x8a, 0x22, 0x6a],
  [0xbc, 0x37, 0x54],
  [0xe4, 0x5a, 0x31],
  [0xf9, 0x8c, 0x0a],
  [0xf9, 0xc9, 0x32],
  [0xfc, 0xff, 0xa4],
] as const;
const OPACITY = 0.8;
/** The picture under the heat keeps this much of its colour, so that heat is the only colour that speaks. */
const SATURATION = 0.35;
/** Share of the hottest pixels that are drawn alike, so that one of them does not darken all others. */
const CLIPPED_SHARE = 0.01;

export interface Pixels {
  /** [height * width * 3], HWC. */
  rgb: Uint8Array;
  width: number;
  height: number;
}
export interface Heat {
  widthPx: number;
  heightPx: number;
  /** Row-major, >= 0. */
  heat: Float32Array;
}

/** The picture without and with each of its maps, as PNG files. */
export async function drawHeat({
  file,
  widthPx,
  heightPx,
  scale,
  maps,
  smoothedBy,
}: HeatDrawing): Promise<{ image: Uint8Array; drawn: Uint8Array[] }> {
  const width = Math.max(1, Math.round(widthPx * scale));
  const height = Math.max(1, Math.round(heightPx * scale));
  const pixels = { rgb: await decodeRgb(file, { width, height }), width, height };
  const heats = smoothedBy > 0 ? maps.map((map) => smoothed(map, smoothedBy)) : maps;
  const full = Math.max(...heats.map(({ heat }) => fullScaleOf(heat)));
  return {
    image: encodePng(pixels.rgb, width, height),
    drawn: heats.map((heat, index) =>
      encodePng(overlay(pixels, heat, maps[index].regionBox, scale, full), width, height),
    ),
  };
}

/**
 * @param box    outlined in white on black; in the picture's own pixels
 * @param scale  drawn pixels a pixel of the picture
 * @param full   heat that is drawn hottest; the same for maps that are to be compared
 * @returns      [height * width * 3]
 */
export function overlay(
  { rgb, width, height }: Pixels,
  heat: Heat,
  box: Box | null,
  scale: number,
  full = fullScaleOf(heat.heat),
): Uint8Array {
  const out = new Uint8Array(rgb);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const value = full > 0 ? Math.min(1, sample(heat, (x + 0.5) / width, (y + 0.5) / height) / full) : 0;
      const alpha = Math.min(1, 1.6 * value) * OPACITY;
      const at = (y * width + x) * 3;
      const colour = colourOf(value);
      const grey = 0.2126 * rgb[at] + 0.7152 * rgb[at + 1] + 0.0722 * rgb[at + 2];
      for (let channel = 0; channel < 3; channel++) {
        const muted = grey + (rgb[at + channel] - grey) * SATURATION;
        out[at + channel] = Math.round(muted * (1 - alpha) + colour[channel] * alpha);
      }
    }
  if (box) {
    outline(out, width, height, box, scale, 1, [11, 12, 14]);
    outline(out, width, height, box, scale, 0, [255, 255, 255]);
  }
  return out;
}

/** The map under a Gaussian of `sigmaPx` pixels of its own: single pixels of a gradient are hard to see. */
export function smoothed({ heat, widthPx, heightPx }: Heat, sigmaPx: number): Heat {
  const reach = Math.ceil(3 * sigmaPx);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, index) =>
    Math.exp(-((index - reach) ** 2) / (2 * sigmaPx ** 2)),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const along = (from: Float32Array, length: number, step: number, lines: number, stride: number) => {
    const to = new Float32Array(from.length);
    for (let line = 0; line < lines; line++)
      for (let at = 0; at < length; at++) {
        let sum = 0;
        weights.forEach((weight, index) => {
          const other = at + index - reach;
          if (other >= 0 && other < length) sum += weight * from[line * stride + other * step];
        });
        to[line * stride + at * step] = sum / total;
      }
    return to;
  };
  const rows = along(heat, widthPx, 1, heightPx, widthPx);
  return { heat: along(rows, heightPx, widthPx, widthPx, 1), widthPx, heightPx };
}

/** The value below which all but the hottest pixels lie. */
export function fullScaleOf(heat: Float32Array): number {
  const sorted = Float32Array.from(heat).sort();
  return sorted[Math.floor((sorted.length - 1) * (1 - CLIPPED_SHARE))] || sorted[sorted.length - 1];
}

/** @param value 0..1 */
export function colourOf(value: number): [number, number, number] {
  const place = Math.min(1, Math.max(0, value)) * (STOPS.length - 1);
  const below = Math.min(STOPS.length - 2, Math.floor(place));
  const share = place - below;
  return [0, 1, 2].map((channel) =>
    Math.round(STOPS[below][channel] * (1 - share) + STOPS[below + 1][channel] * share),
  ) as [number, number, number];
}

/** Bilinear, pixel centres; u and v in 0..1. */
function sample({ heat, widthPx, heightPx }: Heat, u: number, v: number): number {
  const x = Math.min(widthPx - 1, Math.max(0, u * widthPx - 0.5));
  const y = Math.min(heightPx - 1, Math.max(0, v * heightPx - 0.5));
  const left = Math.floor(x);
  const top = Math.floor(y);
  const right = Math.min(widthPx - 1, left + 1);
  const bottom = Math.min(heightPx - 1, top + 1);
  const [dx, dy] = [x - left, y - top];
  const row = (line: number) => heat[line * widthPx + left] * (1 - dx) + heat[line * widthPx + right] * dx;
  return row(top) * (1 - dy) + row(bottom) * dy;
}

/** One pixel wide, `grow` pixels outside the box's edge. */
function outline(
  out: Uint8Array,
  width: number,
  height: number,
  box: Box,
  scale: number,
  grow: number,
  colour: readonly [number, number, number],
): void {
  const left = Math.round(box.x * scale) - grow;
  const top = Math.round(box.y * scale) - grow;
  const right = Math.round((box.x + box.width) * scale) - 1 + grow;
  const bottom = Math.round((box.y + box.height) * scale) - 1 + grow;
  const paint = (x: number, y: number) => {
    if (x >= 0 && y >= 0 && x < width && y < height) out.set(colour, (y * width + x) * 3);
  };
  for (let x = left; x <= right; x++) {
    paint(x, top);
    paint(x, bottom);
  }
  for (let y = top; y <= bottom; y++) {
    paint(left, y);
    paint(right, y);
  }
}
