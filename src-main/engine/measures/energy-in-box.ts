// Which share of a heat map lies inside the region. Called "content heat map" by Pillai & Pirsiavash and
// "energy-based pointing game" by Wang et al. (Score-CAM). Of the heat that the box-aware penalty charges for, and,
// as a second measure, of any saliency method but those that compare with training pictures (expected gradients).

import { z } from 'zod';
import { meanOf, meanValue } from './metric-values.ts';
import { measure, type BatchView, type Measure, type MeasureContext } from './measure.ts';
import { isGradientEnergy, mapOf, methodParam, type MapParams } from './params.ts';

const begin =
  (id: string): Measure<z.ZodObject<{ method: ReturnType<typeof methodParam> }>>['begin'] =>
  (context, params) => {
    const shares: number[] = [];
    return {
      async read(batch) {
        const heat = await heatOf(context, batch, params);
        return batch.labels.map((_, i) => {
          const inside = batch.regionMask(i);
          const energy = inside && energyInside(heat[i], inside);
          if (inside && energy !== null) shares.push(areaShareOf(inside));
          return energy;
        });
      },
      metricValue: (values) => ({ ...meanValue(values, context.random(id)), chance: meanOf(shares) }),
    };
  };

const shared = {
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
  cost: 'gradient',
  needs: ['region'],
  presets: [],
} as const;

export const energyInBox = measure({
  ...shared,
  id: 'energy-in-box',
  title: 'Attribution in box',
  summary:
    'Share of the heat that lies inside the box or mask; of even heat it is the area’s share of the picture.',
  citation: 'Pillai & Pirsiavash 2021 (content heat map); Wang et al. 2020 (Score-CAM, sec. 4.3).',
  isUsual: true,
  usesGradient: isGradientEnergy,
  schema: z.object({ method: methodParam('gradient-energy') }),
  begin: begin('energy-in-box'),
});

export const contentHeatMap = measure({
  ...shared,
  id: 'content-heat-map',
  title: 'Content heat map',
  summary: 'Attribution in box as in the Grad-CAM consistency paper: of element-wise Grad-CAM.',
  citation: 'Pillai & Pirsiavash 2021 (CH).',
  usesGradient: isGradientEnergy,
  schema: z.object({ method: methodParam('grad-cam-elementwise') }),
  begin: begin('content-heat-map'),
});

/** Of the picture, 0..1: what even heat has inside. */
export const areaShareOf = (inside: ArrayLike<number>): number => {
  let area = 0;
  for (let i = 0; i < inside.length; i++) area += Number(inside[i] > 0);
  return area / inside.length;
};

/** Maps of the true class; made once a batch. Only those of the loss gradient do not sum to 1. */
export const heatOf = (
  context: MeasureContext,
  batch: BatchView,
  params: MapParams,
): Promise<Float32Array[]> | Float32Array[] => {
  if (isGradientEnergy(params) && batch.gradient.length > 0) return lossHeat(context, batch);
  const map = mapOf(params);
  return batch.once(`heat/${JSON.stringify(map)}`, () =>
    context.heat({ ...map, images: batch.images, targets: batch.labels, trueClasses: batch.trueClasses }),
  );
};

/** Squared loss gradients of the batch's pictures; made once a batch. */
export const lossHeat = ({ sizePx }: MeasureContext, batch: BatchView): Float32Array[] =>
  batch.once('loss-heat', () => {
    const length = 3 * sizePx * sizePx;
    return batch.labels.map((_, i) =>
      squaredGradient(batch.gradient.subarray(i * length, (i + 1) * length), 3),
    );
  });

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
