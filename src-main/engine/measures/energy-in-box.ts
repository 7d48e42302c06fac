// Which share of a heat map lies inside the region. Called "content heat map" by Pillai & Pirsiavash and
// "energy-based pointing game" by Wang et al. (Score-CAM). Of the heat that the box-aware penalty charges for, and,
// as a second measure, of any saliency method but those that compare with training pictures (expected gradients).

import { z } from 'zod';
import { meanValue } from './metric-values.ts';
import { measure, type BatchView, type MeasureContext } from './measure.ts';
import { mapOf, methodParam, nothing, type MapMethod } from './params.ts';

const shared = {
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
  cost: 'gradient',
  needs: ['region'],
} as const;

export const energyInBox = measure({
  ...shared,
  id: 'energy-in-box',
  title: 'Energy in box',
  summary: 'Share of the heat that lies inside the box or mask; of the squared input gradient of the loss.',
  citation: 'Pillai & Pirsiavash 2021 (content heat map); Wang et al. 2020 (Score-CAM, sec. 4.3).',
  isUsual: true,
  usesGradient: true,
  schema: nothing,
  presets: [],
  begin: (context) => ({
    read: (batch) => batch.labels.map((_, i) => energyOf(lossHeat(context, batch)[i], batch.regionMask(i))),
    metricValue: (values) => meanValue(values, context.random('energy-in-box')),
  }),
});

export const contentHeatMap = measure({
  ...shared,
  id: 'content-heat-map',
  title: 'Content heat map',
  summary: 'Share of the heat of a chosen saliency method that lies inside the box or mask.',
  citation: 'Pillai & Pirsiavash 2021 (CH).',
  schema: z.object({ method: methodParam('grad-cam-elementwise') }),
  presets: [],
  begin: (context, { method }) => ({
    async read(batch) {
      const heat = await heatOf(context, batch, method);
      return batch.labels.map((_, i) => energyOf(heat[i], batch.regionMask(i)));
    },
    metricValue: (values) => meanValue(values, context.random('content-heat-map')),
  }),
});

/** Maps of the true class, each summing to 1; made once a batch. */
export const heatOf = (
  context: MeasureContext,
  batch: BatchView,
  method: MapMethod,
): Promise<Float32Array[]> =>
  batch.once(`heat/${method}`, () =>
    context.heat({ ...mapOf(method), images: batch.images, targets: batch.labels }),
  );

/** Squared loss gradients of the batch's pictures; made once a batch. */
export const lossHeat = ({ sizePx }: MeasureContext, batch: BatchView): Float32Array[] =>
  batch.once('loss-heat', () => {
    const length = 3 * sizePx * sizePx;
    return batch.labels.map((_, i) =>
      squaredGradient(batch.gradient.subarray(i * length, (i + 1) * length), 3),
    );
  });

const energyOf = (heat: Float32Array, regionMask: Uint8Array | null): number | null =>
  regionMask && energyInside(heat, regionMask);

/**
 * @param map         >= 0, any scale
 * @param regionMask  of the same length, 1 inside the region, 0 outside
 * @returns           0..1; null if the map is all zero or the region has no pixel
 */
export function energyInside(map: Float32Array, regionMask: ArrayLike<number>): number | null {
  let total = 0;
  let within = 0;
  let area = 0;
  for (let i = 0; i < map.length; i++) {
    total += map[i];
    if (regionMask[i] > 0) {
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
