// Boxes drawn from heat maps, held against the true ones: their IoU, and how often they are found, alone or
// together with the right class.

import { z } from 'zod';
import { intersectionOverUnion, type Box } from '../../contracts/geometry.ts';
import { artMap, boxFromGradient, boxFromHeat, boxOfLargestPart, boxOfMask, peakOf } from './box-from-map.ts';
import { heatOf } from './energy-in-box.ts';
import { meanOf, meanValue, shareValue } from './metric-values.ts';
import {
  measure,
  type BatchView,
  type MeasureContext,
  type Reading,
  type SetMetricValue,
} from './measure.ts';
import { boxParams, iouParam, isGradientEnergy, type MapParams } from './params.ts';

/** IoU from which a box counts as found. */
const foundFrom = 0.5;

const shared = {
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
  cost: 'gradient',
  needs: ['region'],
  usesGradient: ({ box, ...params }: Readonly<Record<string, unknown>>) =>
    box === 'kc-zhang' || (box === 'threshold' && isGradientEnergy(params)),
} as const;

type BoxParams = MapParams & { box: 'kc-zhang' | 'art' | 'threshold'; threshold: number };
/** Of one picture, with how a box round all of it would do. */
interface Found {
  iou: number;
  whole: number;
}

/** @param judge  what is counted of a picture, for its box and for the whole picture's alike */
const reading =
  (
    judge: (iou: number, isRight: boolean) => number,
    value: (values: readonly (number | null)[], context: MeasureContext) => SetMetricValue,
  ) =>
  (context: MeasureContext, params: BoxParams): Reading => {
    const ofWhole: number[] = [];
    return {
      async read(batch) {
        const all = await found(context, batch, params);
        return all.map((one, i) => {
          if (one === null) return null;
          const isRight = batch.predicted[i] === batch.labels[i];
          ofWhole.push(judge(one.whole, isRight));
          return judge(one.iou, isRight);
        });
      },
      metricValue: (values) => ({ ...value(values, context), chance: meanOf(ofWhole) }),
    };
  };

export const meanIou = measure({
  ...shared,
  id: 'mean-iou',
  title: 'Mean IoU',
  summary: 'Mean intersection over union of the box taken from the heat map and the box round the region.',
  citation: 'KC & Zhang 2021.',
  isUsual: true,
  schema: z.object(boxParams('kc-zhang')),
  presets: [],
  begin: reading(
    (iou) => iou,
    (values, context) => meanValue(values, context.random('mean-iou')),
  ),
});

export const localisationAccuracy = measure({
  ...shared,
  id: 'localisation-accuracy',
  title: 'Localisation accuracy',
  summary:
    'Share of the pictures given their own class whose box from the heat map has an IoU of at least 0.5.',
  citation: 'KC & Zhang 2021; Russakovsky et al. 2015 (ImageNet localisation).',
  isUsual: true,
  schema: z.object(boxParams('kc-zhang')),
  presets: [],
  begin: reading((iou, isRight) => Number(isRight && iou >= foundFrom), shareValue),
});

const schema = z.object({ ...boxParams('art'), iou: iouParam });

export const gtKnownLocalisation = measure({
  ...shared,
  id: 'gt-known-localisation',
  title: 'GT-known localisation',
  summary: 'Share of the pictures whose box from the heat map is found, whatever class they are given.',
  citation: 'Singh et al. 2020 (ART); Choe et al. 2020.',
  schema,
  presets: [],
  begin: (context, params) => reading((iou) => Number(iou >= params.iou), shareValue)(context, params),
});

export const topOneLocalisation = measure({
  ...shared,
  id: 'top-1-localisation',
  title: 'Top-1 localisation',
  summary: 'Share of the pictures given their own class whose box from the heat map is found.',
  citation: 'Singh et al. 2020 (ART); Russakovsky et al. 2015.',
  schema,
  presets: [],
  begin: (context, params) =>
    reading((iou, isRight) => Number(isRight && iou >= params.iou), shareValue)(context, params),
});

/** IoU of each picture's box and the box round its region, in pixels of what the model saw; once a batch. */
const found = (context: MeasureContext, batch: BatchView, params: BoxParams): Promise<(Found | null)[]> =>
  batch.once(`found/${JSON.stringify(params)}`, async () => {
    const { sizePx } = context;
    const boxes = await boxesOf(context, batch, params);
    return boxes.map((box, i) => {
      const inside = batch.regionMask(i);
      const region = inside && boxOfMask(inside, sizePx);
      if (!region) return null;
      const whole = (region.width * region.height) / sizePx ** 2;
      return { iou: boxIou(box, region)!, whole };
    });
  });

async function boxesOf(
  context: MeasureContext,
  batch: BatchView,
  params: BoxParams,
): Promise<(Box | null)[]> {
  switch (params.box) {
    case 'kc-zhang':
      return gradientBoxes(context, batch);
    case 'art':
      return artBoxes(context, batch);
    case 'threshold': {
      const heat = await heatOf(context, batch, params);
      return heat.map((map) => boxFromHeat(map, context.sizePx, params.threshold));
    }
  }
}

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
