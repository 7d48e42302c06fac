// Two kinds of ground to stand on, drawn: land with plants, water with waves. Told apart at a glance, no two alike.

import { mix, oklch, type Rgb } from './colour.ts';
import { diceOf, noiseField } from './dice.ts';

export const grounds = ['land', 'water'] as const;
export type Ground = (typeof grounds)[number];

/** @returns [size * size * 3], HWC; the same for the same numbers */
export function drawGround(kind: Ground, size: number, seed: number, index: number): Uint8Array {
  const dice = diceOf(seed, grounds.indexOf(kind) + 64, index);
  const scale = size / 64;
  const broad = noiseField(dice, dice.between(10, 22) * scale, 3);
  const fine = noiseField(dice, dice.between(1.6, 3) * scale, 2);
  const horizon = size * dice.between(0.15, 0.45);
  const hue = kind === 'land' ? dice.between(95, 145) : dice.between(215, 255);
  const light = dice.between(0.4, 0.6);
  const dark: Rgb = oklch(light - 0.16, kind === 'land' ? 0.09 : 0.08, hue);
  const bright: Rgb = oklch(light + 0.14, kind === 'land' ? 0.11 : 0.07, hue + dice.between(-15, 15));
  const sky: Rgb = oklch(dice.between(0.75, 0.9), 0.03, dice.between(220, 260));
  const wave = dice.between(3, 6) * scale;
  const pixels = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      // Plants stand upright, waves lie flat and grow towards the viewer.
      const texture =
        kind === 'land'
          ? 0.6 * fine(x, y / 4) + 0.7 * (broad(x, y) - 0.2)
          : 0.5 +
            0.35 * Math.sin((2 * Math.PI * (y + 3 * broad(x, y) * scale)) / (wave * (0.5 + y / size))) +
            0.5 * (fine(x / 4, y) - 0.5);
      const isSky = y < horizon + 4 * scale * (broad(x, 0) - 0.5) * (kind === 'land' ? 3 : 0);
      const colour = isSky
        ? mix(sky, bright, 0.15 * fine(x, y))
        : mix(dark, bright, Math.min(1, Math.max(0, texture)));
      for (let c = 0; c < 3; c++)
        pixels[3 * (y * size + x) + c] = Math.min(255, Math.max(0, Math.round(colour[c])));
    }
  return pixels;
}
