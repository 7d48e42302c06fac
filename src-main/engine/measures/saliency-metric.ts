// How small a crop the heat map picks out, and how sure the model stays when it sees only that crop.

import type { Box } from '../../contracts/geometry.ts';
import { scoresFor } from './accuracy.ts';
import { meanValue } from './metric-values.ts';
import { gradientBoxes } from './localisation.ts';
import { measure } from './measure.ts';
import { nothing } from './params.ts';

/** Smaller crops are not rewarded further. */
const leastArea = 0.05;

export const saliencyMetric = measure({
  id: 'saliency-metric',
  title: 'Saliency metric',
  summary:
    'Log of the area share of the box from the input gradient, less the log probability of the class on that crop alone.',
  citation: 'Dabkowski & Gal 2017, eq. 3; box and crop as in KC & Zhang 2021.',
  direction: 'lower',
  range: [Math.log(leastArea), null],
  unit: 'nats',
  cost: 'gradient',
  needs: [],
  isUsual: true,
  usesGradient: () => true,
  schema: nothing,
  presets: [],
  begin: (context) => ({
    async read(batch) {
      const { sizePx, classes, task } = context;
      const length = 3 * sizePx * sizePx;
      const crops = new Float32Array(batch.images.length);
      const areas = gradientBoxes(context, batch).map((box, i) => {
        // A flat gradient picks nothing out: the crop is the whole picture.
        const crop = box ?? { x: 0, y: 0, width: sizePx, height: sizePx };
        const [image, into] = [batch.images, crops].map((all) => all.subarray(i * length, (i + 1) * length));
        stretchCrop(image, sizePx, crop, into);
        return (crop.width * crop.height) / (sizePx * sizePx);
      });
      const logits = await context.predict(crops);
      return batch.labels.map((label, i) =>
        saliencyOf(areas[i], scoresFor(task)(logits, classes.length, i)[label]),
      );
    },
    metricValue: (values) => meanValue(values, context.random('saliency-metric')),
  }),
});

/**
 * s = log(max(a, 0.05)) - log p. Needs no true box.
 * @param areaShare    a, area of the box as a share of the picture's
 * @param probability  p, score of the true class on the crop stretched to the model's size
 */
export const saliencyOf = (areaShare: number, probability: number): number =>
  Math.log(Math.max(areaShare, leastArea)) - Math.log(Math.max(probability, 1e-30)); // eq. 3

/**
 * What is inside the box, stretched to the whole size by bilinear interpolation between pixel centres, the rim held.
 * @param image  [3, size, size]
 * @param box    whole pixels inside the picture, at least one
 * @param into   [3, size, size], written
 */
export function stretchCrop(image: Float32Array, sizePx: number, box: Box, into: Float32Array): void {
  const taps = (start: number, length: number): { low: number; high: number; share: number }[] =>
    Array.from({ length: sizePx }, (_, i) => {
      const place = Math.min(length - 1, Math.max(0, ((i + 0.5) * length) / sizePx - 0.5));
      const low = Math.floor(place);
      return { low: start + low, high: start + Math.min(length - 1, low + 1), share: place - low };
    });
  const columns = taps(box.x, box.width);
  const rows = taps(box.y, box.height);
  for (let c = 0; c < 3; c++) {
    const plane = c * sizePx * sizePx;
    rows.forEach((row, y) => {
      const upper = plane + row.low * sizePx;
      const lower = plane + row.high * sizePx;
      for (let x = 0; x < sizePx; x++) {
        const { low, high, share } = columns[x];
        const above = image[upper + low] * (1 - share) + image[upper + high] * share;
        const below = image[lower + low] * (1 - share) + image[lower + high] * share;
        into[plane + y * sizePx + x] = above * (1 - row.share) + below * row.share;
      }
    });
  }
}
