// Does the hottest pixel lie on the object?

import type { Measure } from './measure.ts';

/** The tolerance of the papers, 15 px at a side of 224 px, as a share of the side: 4.3 px at 64. */
export const pointingMargin = 15 / 224;

export const pointingGame: Measure = {
  id: 'pointing-game',
  title: 'Pointing game',
  summary:
    'Share of the pictures whose hottest pixel lies inside the box or mask, or less than 15/224 of the side from it.',
  citation: 'Zhang et al. 2018 (excitation backprop); margin as in Pillai & Pirsiavash 2021.',
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
};

/**
 * @param map       [height, width], >= 0; of several maxima the first in reading order counts
 * @param inside    [height, width], 1 inside the region
 * @param marginPx  a miss by a distance below this is a hit; 0: none
 * @returns         null if the map is all zero or the region has no pixel
 */
export function pointingHit(
  map: Float32Array,
  inside: ArrayLike<number>,
  widthPx: number,
  marginPx: number,
): boolean | null {
  let hottest = 0;
  for (let i = 1; i < map.length; i++) if (map[i] > map[hottest]) hottest = i;
  if (!(map[hottest] > 0)) return null;
  if (inside[hottest] > 0) return true;
  const x = hottest % widthPx;
  const y = Math.floor(hottest / widthPx);
  let nearest = Infinity;
  for (let i = 0; i < map.length; i++)
    if (inside[i] > 0)
      nearest = Math.min(nearest, (x - (i % widthPx)) ** 2 + (y - Math.floor(i / widthPx)) ** 2);
  return nearest === Infinity ? null : nearest < marginPx ** 2;
}
