// Boxes drawn from the loss gradient, held against the true ones: their IoU, and how often they are found, alone or
// together with the right class.

import { z } from 'zod';
import { intersectionOverUnion, type Box } from '../../contracts/geometry.ts';
import { artMap, boxFromGradient, boxOfLargestPart, boxOfMask, peakOf } from './box-from-map.ts';
import { meanValue, shareValue } from './metric-values.ts';
import { measure, type BatchView, type MeasureContext } from './measure.ts';
import { boxParam, iouParam, nothing } from './params.ts';

/** IoU from which a box counts as found. */
const foundFrom = 0.5;

const shared = {
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
  cost: 'gradient',
  needs: ['region'],
  usesGradient: true,
} as const;

export const meanIou = measure({
  ...shared,
  id: 'mean-iou',
  title: 'Mean IoU',
  summary: 'Mean intersection over union of the box taken from the input gradient and the true box.',
  citation: 'KC & Zhang 2021.',
  isUsual: true,
  schema: nothing,
  presets: [],
  begin: (context) => ({
    read: (batch) => ious(context, batch, 'kc-zhang'),
    metricValue: (values) => meanValue(values, context.random('mean-iou')),
  }),
});

export const localisationAccuracy = measure({
  ...shared,
  id: 'localisation-accuracy',
  title: 'Localisation accuracy',
  summary:
    'Share of the pictures given their own class whose box from the input gradient has an IoU of at least 0.5.',
  citation: 'KC & Zhang 2021; Russakovsky et al. 2015 (ImageNet localisation).',
  isUsual: true,
  schema: nothing,
  presets: [],
  begin: (context) => ({
    read: async (batch) => rightAndFound(batch, await ious(context, batch, 'kc-zhang'), foundFrom),
    metricValue: shareValue,
  }),
});

const schema = z.object({ box: boxParam('art'), iou: iouParam });

export const gtKnownLocalisation = measure({
  ...shared,
  id: 'gt-known-localisation',
  title: 'GT-known localisation',
  summary: 'Share of the pictures whose box from the input gradient is found, whatever class they are given.',
  citation: 'Singh et al. 2020 (ART); Choe et al. 2020.',
  schema,
  presets: [],
  begin: (context, { box, iou }) => ({
    read: async (batch) =>
      (await ious(context, batch, box)).map((one) => (one === null ? null : Number(one >= iou))),
    metricValue: shareValue,
  }),
});

export const topOneLocalisation = measure({
  ...shared,
  id: 'top-1-localisation',
  title: 'Top-1 localisation',
  summary: 'Share of the pictures given their own class whose box from the input gradient is found.',
  citation: 'Singh et al. 2020 (ART); Russakovsky et al. 2015.',
  schema,
  presets: [],
  begin: (context, { box, iou }) => ({
    read: async (batch) => rightAndFound(batch, await ious(context, batch, box), iou),
    metricValue: shareValue,
  }),
});

/** IoU of each picture's box and the box round its region, in pixels of what the model saw; once a batch. */
const ious = (
  context: MeasureContext,
  batch: BatchView,
  policy: 'kc-zhang' | 'art',
): Promise<(number | null)[]> =>
  batch.once(`ious/${policy}`, async () => {
    const boxes = policy === 'art' ? await artBoxes(context, batch) : gradientBoxes(context, batch);
    return boxes.map((box, i) => {
      const regionMask = batch.regionMask(i);
      return regionMask && boxIou(box, boxOfMask(regionMask, context.sizePx));
    });
  });

/** Box of each picture by KC & Zhang's policy; once a batch. */
export const gradientBoxes = ({ sizePx }: MeasureContext, batch: BatchView): (Box | null)[] =>
  batch.once('gradient-boxes', () => {
    const length = 3 * sizePx * sizePx;
    return batch.labels.map((_, i) =>
      boxFromGradient(batch.gradient.subarray(i * length, (i + 1) * length), sizePx),
    );
  });

async function artBoxes(context: MeasureContext, batch: BatchView): Promise<(Box | null)[]> {
  const { sizePx } = context;
  const heat = await context.heat({
    method: 'input-gradient',
    params: { score: 'loss', reduction: 'absolute-sum' },
    images: batch.images,
    targets: batch.predicted,
    trueClasses: batch.trueClasses,
  });
  return heat.map((map) => {
    const smooth = artMap(map, sizePx);
    return smooth && boxOfLargestPart(smooth, sizePx, 0.2 * peakOf(smooth));
  });
}

const rightAndFound = ({ labels, predicted }: BatchView, found: readonly (number | null)[], from: number) =>
  found.map((iou, i) => (iou === null ? null : Number(predicted[i] === labels[i] && iou >= from)));

/**
 * IoU of the extracted box and the box round the region, both in pixels of the picture the model saw. Boxes have
 * continuous edges, so extents equal the papers' inclusive "+ 1"; disjoint boxes, or no extracted box, give 0.
 * @param expected  null without a region
 * @returns         0..1; null without a region
 */
export function boxIou(extracted: Box | null, expected: Box | null): number | null {
  if (expected === null) return null;
  return extracted === null ? 0 : intersectionOverUnion(extracted, expected);
}
