// How often boxes are found when the threshold of the heat map is the best one for the set.

import { z } from 'zod';
import { boxOfLargestPart, boxOfMask } from './box-from-map.ts';
import { heatOf } from './energy-in-box.ts';
import { wilson } from './metric-values.ts';
import { boxIou } from './localisation.ts';
import { measure } from './measure.ts';
import { iouParam, methodParam } from './params.ts';

export const maxBoxAccuracy = measure({
  id: 'max-box-accuracy',
  title: 'MaxBoxAcc',
  summary:
    'Share of the pictures whose box from the heat map is found, at the threshold that is best for all of them.',
  citation: 'Choe et al. 2020, eq. 3 and 4.',
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
  cost: 'gradient',
  needs: ['region'],
  schema: z.object({
    method: methodParam('grad-cam'),
    iou: iouParam,
    thresholds: z.int().min(2).max(1000).default(100).meta({
      title: 'Thresholds',
      help: 'Thresholds that are tried, in equal steps from 0 up to 1; more come nearer to the best one.',
    }),
  }),
  presets: [],
  begin(context, { iou, thresholds, ...map }) {
    const hits = new Float64Array(thresholds);
    let images = 0;
    let seen = 0;
    return {
      async read(batch) {
        const heat = await heatOf(context, batch, map);
        batch.labels.forEach((_, i) => {
          seen += 1;
          const regionMask = batch.regionMask(i);
          if (!regionMask) return;
          images += 1;
          // Of several boxes the one round them all; Choe et al. take each by itself and count the best.
          const expected = boxOfMask(regionMask, context.sizePx);
          sweep(heat[i], context.sizePx, thresholds).forEach((box, t) => {
            if (boxIou(box, expected)! >= iou) hits[t] += 1; // eq. 3
          });
        });
      },
      metricValue() {
        const best = hits.reduce((top, count, t) => (count > hits[top] ? t : top), 0); // eq. 4
        // Of the threshold that is best for this set; that it was chosen on the set itself is not in it.
        const ends = wilson(hits[best], images);
        return {
          value: images > 0 ? hits[best] / images : null,
          low: ends?.low ?? null,
          high: ends?.high ?? null,
          pictures: images,
          skipped: seen - images,
          parts: [{ name: 'at threshold', value: images > 0 ? best / thresholds : null }],
        };
      },
    };
  },
});

/** Box of the largest part of the min-max scaled map above each of `count` thresholds 0, 1/count, … */
function sweep(map: Float32Array, widthPx: number, count: number) {
  let [least, greatest] = [Infinity, -Infinity];
  for (const value of map) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return Array.from({ length: count }, (_, t) =>
    greatest > least ? boxOfLargestPart(map, widthPx, least + ((greatest - least) * t) / count) : null,
  );
}
