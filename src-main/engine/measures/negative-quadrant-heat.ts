// How much heat for a class lies on three pictures of other classes beside it.

import { z } from 'zod';
import { meanValue } from './metric-values.ts';
import { measure } from './measure.ts';
import { mapOf, methodParam } from './params.ts';

export const negativeQuadrantHeat = measure({
  id: 'negative-quadrant-heat',
  title: 'Negative-quadrant heat',
  summary:
    'Share of the heat for a class that lies on the three pictures of other classes in a 2 x 2 composite; three quarters is chance.',
  citation: 'Pillai & Pirsiavash 2021 (NQH); at the resolution of the map.',
  direction: 'lower',
  range: [0, 1],
  unit: 'share',
  cost: 'gradient',
  needs: [],
  seesComposites: true,
  schema: z.object({ method: methodParam('grad-cam-elementwise') }),
  presets: [],
  begin: (context, params) => ({
    async read({ start, labels }) {
      const made = await context.composites(start, labels.length);
      if (made.cells.every((cell) => cell === null)) return made.cells;
      const { values, side } = await context.maps({
        ...mapOf(params),
        images: made.images,
        targets: labels,
        sidePx: 2 * context.sizePx,
      });
      return made.cells.map((cell, i) => {
        if (cell === null) return null;
        const inCell = shareInCell(values.subarray(i * side * side, (i + 1) * side * side), side, cell);
        return inCell === null ? null : 1 - inCell;
      });
    },
    metricValue: (values) => meanValue(values, context.random('negative-quadrant-heat')),
  }),
});

/**
 * Share of a square map's heat in one of its quadrants; the middle row and column of an odd side count half.
 * @param cell  0 upper left, 1 upper right, 2 lower left, 3 lower right
 * @returns     null for an empty map
 */
export function shareInCell(map: Float32Array, side: number, cell: number): number | null {
  const first = (i: number): number => Math.min(1, Math.max(0, side / 2 - i));
  let within = 0;
  let total = 0;
  for (let i = 0; i < map.length; i++) {
    const left = first(i % side);
    const upper = first(Math.floor(i / side));
    within += map[i] * (cell & 1 ? 1 - left : left) * (cell & 2 ? 1 - upper : upper);
    total += map[i];
  }
  return total > 0 ? within / total : null;
}
