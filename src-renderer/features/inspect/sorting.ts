// Orders of evaluated pictures. A picture without the value comes last, whichever way the order goes.

import type { EvaluatedImage } from '../../../src-main/contracts/index.ts';
import { ratioOf, valueIn, type HeatMetrics } from '../../metrics/heat-metrics.svelte.ts';
import { imageMetricText, type ListedMetric } from '../../metrics/metric-values.ts';
import { percent } from '../../ui/format.ts';

interface Order {
  id: string;
  title: string;
  /** Null where the picture has no such value. */
  value: (image: EvaluatedImage) => number | null;
  /** Short, for a tag on a thumbnail. */
  text: (image: EvaluatedImage) => string;
}

const fixed = (value: number | null) => (value === null ? '–' : value.toFixed(2));
const known = (value: number | null, text: (value: number) => string) =>
  value === null ? 'not measured' : text(value);

/** Orders by the heat maps that are shown, then by what the network says. */
export function usualOrders(heat: HeatMetrics | null): Order[] {
  const inBox = (image: EvaluatedImage) => heat && valueIn(image, heat.inBox);
  const iou = (image: EvaluatedImage) => heat && valueIn(image, heat.iou);
  const ratio = (image: EvaluatedImage) => ratioOf(inBox(image), image.areaShare);
  const of = heat ? `, ${heat.title}` : '';
  return [
    {
      id: 'in-box',
      title: `Attribution in box${of}`,
      value: inBox,
      text: (image) => known(inBox(image), (value) => `${percent(value, 0)} in`),
    },
    {
      id: 'ratio',
      title: `Attribution in box by area share${of}`,
      value: ratio,
      text: (image) => known(ratio(image), (value) => `${value.toFixed(1)} × chance`),
    },
    {
      id: 'iou',
      title: `IoU of the box from heat${of}`,
      value: iou,
      text: (image) => known(iou(image), (value) => `IoU ${fixed(value)}`),
    },
    {
      id: 'area',
      title: 'Box, share of the picture',
      value: (image) => image.areaShare,
      text: (image) => known(image.areaShare, (value) => `box ${percent(value, 0)}`),
    },
    {
      id: 'trueScore',
      title: 'True-class probability',
      value: (image) => image.trueScore,
      text: (image) => fixed(image.trueScore),
    },
    {
      id: 'predictedScore',
      title: 'Predicted-class probability',
      value: (image) => image.predictedScore,
      text: (image) => fixed(image.predictedScore),
    },
  ];
}

/** One order for each further metric that says something of at least one picture, in the registry's order. */
export function ordersOf(
  images: readonly EvaluatedImage[],
  metrics: readonly ListedMetric[],
  heat: HeatMetrics | null,
): Order[] {
  const measured = new Set(images.flatMap(({ values }) => Object.keys(values)));
  const elsewhere = ['accuracy', heat?.inBox.key, heat?.iou.key];
  return metrics
    .filter(({ key }) => measured.has(key) && !elsewhere.includes(key))
    .map(({ info, key, title }) => {
      const value = (image: EvaluatedImage) => image.values[key] ?? null;
      return {
        id: key,
        title,
        value,
        text: (image) => known(value(image), (own) => imageMetricText(own, info)),
      };
    });
}

/** A sorted copy; equal values keep their order by name. */
export function sortImages(
  images: readonly EvaluatedImage[],
  order: Order,
  ascending: boolean,
): EvaluatedImage[] {
  const sign = ascending ? 1 : -1;
  return images.toSorted((one, other) => {
    const a = order.value(one);
    const b = order.value(other);
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return sign * (a - b) || one.name.localeCompare(other.name, 'en', { numeric: true });
  });
}
