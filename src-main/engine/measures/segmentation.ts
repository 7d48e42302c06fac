// The part of a heat map above a threshold, held against the true mask.

import { z } from 'zod';
import { artMap, peakOf } from './box-from-map.ts';
import { heatOf } from './energy-in-box.ts';
import { shareValue } from './metric-values.ts';
import { measure } from './measure.ts';
import { iouParam, methodParam } from './params.ts';

export const topOneSegmentation = measure({
  id: 'top-1-segmentation',
  title: 'Top-1 segmentation',
  summary:
    'Share of the pictures given their own class whose smoothed heat map, cut at a threshold, agrees with the box or mask to the IoU asked for.',
  citation: 'Singh et al. 2020 (ART); their threshold is not stated.',
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
  cost: 'long',
  needs: ['region'],
  schema: z.object({
    method: methodParam('integrated-gradients'),
    threshold: z.number().min(0).max(1).default(0.2).meta({
      title: 'Threshold',
      help: 'Share of the map’s maximum above which a pixel belongs to the mask; more makes masks smaller.',
      main: true,
    }),
    iou: iouParam,
  }),
  presets: [],
  begin: (context, { threshold, iou, ...map }) => ({
    async read(batch) {
      const heat = await heatOf(context, batch, map);
      return batch.labels.map((label, i) => {
        const regionMask = batch.regionMask(i);
        if (!regionMask) return null;
        const smooth = artMap(heat[i], context.sizePx);
        if (!smooth || batch.predicted[i] !== label) return 0;
        const least = threshold * peakOf(smooth);
        return Number(
          maskIou(
            smooth.map((value) => Number(value > least)),
            regionMask,
          ) >= iou,
        );
      });
    },
    metricValue: shareValue,
  }),
});

/** Of two masks, 1 inside; 0 when both are empty. */
export function maskIou(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let both = 0;
  let either = 0;
  for (let i = 0; i < a.length; i++) {
    both += Number(a[i] > 0 && b[i] > 0);
    either += Number(a[i] > 0 || b[i] > 0);
  }
  return either > 0 ? both / either : 0;
}
