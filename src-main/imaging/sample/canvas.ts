// A small float canvas: outlines by a radius for each angle, painted with soft edges.

import type { Rgb } from './colour.ts';
import type { Dice } from './dice.ts';

export class Canvas {
  readonly size: number;
  /** [size * size * 3], 0..255. */
  readonly pixels: Float32Array;

  constructor(size: number) {
    this.size = size;
    this.pixels = new Float32Array(size * size * 3);
  }

  blend(x: number, y: number, colour: Rgb, alpha: number): void {
    const at = 3 * (y * this.size + x);
    for (let c = 0; c < 3; c++) this.pixels[at + c] += (colour[c] - this.pixels[at + c]) * alpha;
  }

  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.pixels.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.min(255, Math.max(0, Math.round(this.pixels[i])));
    return bytes;
  }
}

/** A closed outline about a centre: a radius for each direction. All lengths in pixels. */
export interface Outline {
  x: number;
  y: number;
  /** Turn of the outline, radians. */
  turn: number;
  /** Radius in direction `angle`, in the outline's own frame. */
  radius(angle: number): number;
  /** No radius is larger. */
  reach: number;
  /** Depth below which a whole pixel is sure to be inside; 0 where the outline is too steep to say. */
  core: number;
}

/** Distance from the centre as a share of the outline's radius there: below 1 is inside. */
function depth(outline: Outline, x: number, y: number): number {
  const dx = x - outline.x;
  const dy = y - outline.y;
  const distance = Math.sqrt(dx * dx + dy * dy); // Math.hypot took a third of the time
  return distance / outline.radius(Math.atan2(dy, dx) - outline.turn);
}

/** Share of a pixel that an outline covers, by 3 x 3 samples; `visit` gets only pixels with any. */
export function cover(
  outline: Outline,
  size: number,
  visit: (x: number, y: number, coverage: number) => void,
): void {
  const left = Math.max(0, Math.floor(outline.x - outline.reach - 1));
  const right = Math.min(size - 1, Math.ceil(outline.x + outline.reach + 1));
  const top = Math.max(0, Math.floor(outline.y - outline.reach - 1));
  const bottom = Math.min(size - 1, Math.ceil(outline.y + outline.reach + 1));
  for (let y = top; y <= bottom; y++)
    for (let x = left; x <= right; x++) {
      // Well inside a body of gentle outline nine samples would say what one does.
      if (outline.core > 0 && depth(outline, x + 0.5, y + 0.5) < outline.core) {
        visit(x, y, 1);
        continue;
      }
      let hits = 0;
      for (let j = 0; j < 3; j++)
        for (let i = 0; i < 3; i++) if (depth(outline, x + (i + 0.5) / 3, y + (j + 0.5) / 3) < 1) hits++;
      if (hits > 0) visit(x, y, hits / 9);
    }
}

/** Soft dark patch under an outline, thrown down and to the right. */
export function castShadow(canvas: Canvas, outline: Outline, throwPx: number, strength: number): void {
  const shadow = { ...outline, x: outline.x + throwPx * 0.6, y: outline.y + throwPx };
  const reach = shadow.reach * 1.3 + 1;
  const last = canvas.size - 1;
  for (let y = Math.max(0, Math.floor(shadow.y - reach)); y <= Math.min(last, shadow.y + reach); y++)
    for (let x = Math.max(0, Math.floor(shadow.x - reach)); x <= Math.min(last, shadow.x + reach); x++) {
      const d = depth(shadow, x + 0.5, y + 0.5);
      const alpha = strength * Math.min(1, Math.max(0, (1.25 - d) / 0.4));
      if (alpha > 0) canvas.blend(x, y, [12, 12, 20], alpha);
    }
}

/**
 * Paints a rounded body: light from the upper left, a darker rim.
 * @param surface  colour at a pixel's centre
 * @returns        [size * size], 1 where at least half of a pixel is covered
 */
export function paintBody(
  canvas: Canvas,
  outline: Outline,
  surface: (x: number, y: number) => Rgb,
  relief: number,
): Uint8Array {
  const mask = new Uint8Array(canvas.size * canvas.size);
  cover(outline, canvas.size, (x, y, coverage) => {
    const px = x + 0.5;
    const py = y + 0.5;
    const d = Math.min(1, depth(outline, px, py));
    const light =
      1 -
      relief * (0.75 * ((px - outline.x + 1.3 * (py - outline.y)) / (1.6 * outline.reach)) + 0.55 * d ** 4);
    const colour = surface(px, py);
    canvas.blend(x, y, [colour[0] * light, colour[1] * light, colour[2] * light], coverage);
    if (coverage >= 0.5) mask[y * canvas.size + x] = 1;
  });
  return mask;
}

/** Outlines of many kinds about one mean radius: eggs, beans, rounded polygons, blossoms, blobs, lenses. */
export function randomOutline(dice: Dice, x: number, y: number, meanRadius: number): Outline {
  const turn = dice.between(0, 2 * Math.PI);
  const stretch = dice.between(1, 1.45);
  const kind = dice.index(5);
  const corners = 3 + dice.index(4);
  const bump = dice.between(0.06, 0.16);
  const waves = [2, 3, 4, 5].map((n) => ({
    n,
    amplitude: dice.between(0, 0.22 / n),
    phase: dice.between(0, 2 * Math.PI),
  }));
  const power = dice.between(2, 4);
  const shape = (angle: number): number => {
    if (kind === 0) return superellipse(angle, power);
    if (kind === 1) return roundedPolygon(angle, corners);
    if (kind === 2) return 1 + bump * Math.cos((corners + 2) * angle);
    if (kind === 3) return 1 - 0.22 * Math.cos(angle) - 0.1 * Math.cos(2 * angle); // egg to pear
    return waves.reduce((sum, { n, amplitude, phase }) => sum + amplitude * Math.cos(n * angle + phase), 1);
  };
  // Stretching: the ellipse's radius times the shape's keeps every outline closed and star-shaped.
  const exact = (angle: number) => {
    const c = Math.cos(angle) / stretch;
    const s = Math.sin(angle) * stretch;
    return (meanRadius * shape(angle)) / Math.hypot(c, s);
  };
  return { x, y, turn, ...tabulated(exact), core: meanRadius > 8 ? 0.7 : 0 };
}

const tableSteps = 360;

/** A radius read from a table, since each is asked for some ten thousand times a picture. */
function tabulated(exact: (angle: number) => number): Pick<Outline, 'radius' | 'reach'> {
  const table = new Float32Array(tableSteps + 1);
  for (let i = 0; i <= tableSteps; i++) table[i] = exact((2 * Math.PI * i) / tableSteps);
  const radius = (angle: number) => {
    const at = (angle / (2 * Math.PI) - Math.floor(angle / (2 * Math.PI))) * tableSteps;
    const i = Math.floor(at);
    return table[i] + (table[Math.min(tableSteps, i + 1)] - table[i]) * (at - i);
  };
  return { radius, reach: 1.02 * table.reduce((most, value) => Math.max(most, value), 0) };
}

function superellipse(angle: number, power: number): number {
  const c = Math.abs(Math.cos(angle)) ** power;
  const s = Math.abs(Math.sin(angle)) ** power;
  return (c + s) ** (-1 / power);
}

/** Regular polygon whose corners are cut round by blending with its circle. */
function roundedPolygon(angle: number, corners: number): number {
  const sector = (2 * Math.PI) / corners;
  const within = (((angle % sector) + sector) % sector) - sector / 2;
  const polygon = Math.cos(sector / 2) / Math.cos(within);
  return 0.3 * 0.85 + 0.7 * polygon * 1.12;
}
