// Which share of a heat map lies inside the region. Called "content heat map" by Pillai & Pirsiavash and
// "energy-based pointing game" by Wang et al. (Score-CAM).

import type { Measure } from './measure.ts';

export const energyInBox: Measure = {
  id: 'energy-in-box',
  title: 'Energy in box',
  summary: 'Share of the heat that lies inside the box or mask; of the squared input gradient of the loss.',
  citation: 'Pillai & Pirsiavash 2021 (content heat map); Wang et al. 2020 (Score-CAM, sec. 4.3).',
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
};

/**
 * @param map     >= 0, any scale
 * @param inside  of the same length, 1 inside the region, 0 outside
 * @returns       0..1; null if the map is all zero or the region has no pixel
 */
export function energyInside(map: Float32Array, inside: ArrayLike<number>): number | null {
  let total = 0;
  let within = 0;
  let area = 0;
  for (let i = 0; i < map.length; i++) {
    total += map[i];
    if (inside[i] > 0) {
      within += map[i];
      area += 1;
    }
  }
  return total > 0 && area > 0 ? within / total : null;
}

/**
 * Squared length over the channels of an input gradient: the heat whose energy is measured.
 * @param gradient  [channels, pixels] of one picture
 * @returns         [pixels], >= 0
 */
export function squaredGradient(gradient: Float32Array, channels: number): Float32Array {
  const pixels = gradient.length / channels;
  const map = new Float32Array(pixels);
  for (let c = 0; c < channels; c++) for (let i = 0; i < pixels; i++) map[i] += gradient[c * pixels + i] ** 2;
  return map;
}
