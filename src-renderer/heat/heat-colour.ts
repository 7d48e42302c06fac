// Colours of heat and of its differences. The stops are those of ui/tokens.css (--seq-*, --cvd-*, --div-*);
// they are needed here as numbers because heat is painted pixel by pixel.

import type { Heat } from './heat-values.ts';

type Rgb = readonly [number, number, number];
export type ColourMap = 'inferno' | 'cividis';

const stops = (...hex: string[]): Rgb[] =>
  hex.map((one) => [0, 2, 4].map((at) => parseInt(one.slice(at, at + 2), 16)) as unknown as Rgb);

/** Sequential, 0 to 1, dark to light. Cividis is told apart with any colour vision. */
export const SEQUENTIAL: Record<ColourMap, readonly Rgb[]> = {
  inferno: stops('000004', '210c4a', '57106e', '8a226a', 'bc3754', 'e45a31', 'f98c0a', 'f9c932', 'fcffa4'),
  cividis: stops('00224e', '173770', '424e6c', '60656f', '7d7c76', '9b9476', 'bbad6c', 'ddc957', 'fee838'),
};

/** Signed, -1 (more in A, blue) to +1 (more in B, orange); both arms equally light. */
export const DIVERGING: readonly Rgb[] = stops(
  '99dbff',
  '54bdf5',
  '2d90c1',
  '1b5978',
  '222222',
  '754614',
  'bb7328',
  'f09b48',
  'ffc390',
);

/** Name of the token family that shows a map's scale as a CSS gradient. */
export const TOKENS: Record<ColourMap, string> = { inferno: 'seq', cividis: 'cvd' };

/** Colour at `value` (0..1, clamped) of evenly spaced stops, linear between them. */
export function colourAt(map: readonly Rgb[], value: number): [number, number, number] {
  const position = Math.min(1, Math.max(0, value)) * (map.length - 1);
  const first = Math.min(map.length - 2, Math.floor(position));
  const share = position - first;
  const mix = (channel: 0 | 1 | 2) =>
    map[first][channel] + (map[first + 1][channel] - map[first][channel]) * share;
  return [mix(0), mix(1), mix(2)];
}

/** Opacity of heat of strength `value` (0..1): cold heat lets the picture through. */
export const heatAlpha = (value: number) => Math.min(1, 1.6 * value);
/** Opacity of a signed difference (-1..1). */
export const differenceAlpha = (value: number) => Math.min(1, 2.4 * Math.abs(value));

/** RGBA bytes, row-major, of heat on a scale that ends at `end` (a density, see Heat); hotter cells look the same. */
export function paintHeat(heat: Heat, end: number, map: ColourMap): Uint8ClampedArray<ArrayBuffer> {
  const scale = end > 0 ? 1 / end : 0;
  return paint(
    heat.values,
    (value) => colourAt(SEQUENTIAL[map], value * scale),
    (value) => heatAlpha(value * scale),
  );
}

/** RGBA bytes of a signed difference; beyond -1 and 1 it looks the same. */
export function paintDifference(values: Float32Array): Uint8ClampedArray<ArrayBuffer> {
  return paint(values, (value) => colourAt(DIVERGING, (value + 1) / 2), differenceAlpha);
}

function paint(
  values: Float32Array,
  colour: (value: number) => [number, number, number],
  alpha: (value: number) => number,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(values.length * 4);
  values.forEach((value, index) => {
    pixels.set(colour(value), index * 4);
    pixels[index * 4 + 3] = 255 * alpha(value);
  });
  return pixels;
}

/** A CSS gradient of a token family with nine stops. */
export const gradientOf = (tokens: string) =>
  `linear-gradient(90deg, ${Array.from({ length: 9 }, (_, index) => `var(--${tokens}-${index})`).join(', ')})`;
