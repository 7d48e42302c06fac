// Orders of evaluated pictures. A picture without the figure comes last, whichever way the order goes.

import type { EvaluatedImage, MeasureInfo } from '../../../src-main/contracts/index.ts';
import { imageMetricText } from '../../metrics/metric-values.ts';
import { percent } from '../../ui/format.ts';

interface Order {
  id: string;
  title: string;
  /** Null where the picture has no such figure. */
  value: (image: EvaluatedImage) => number | null;
  /** Short, for a tag on a thumbnail. */
  text: (image: EvaluatedImage) => string;
}

const fixed = (value: number | null) => (value === null ? '–' : value.toFixed(2));

export const ORDERS: Order[] = [
  {
    id: 'energyInBox',
    title: 'Attribution in box',
    value: (image) => image.energyInBox,
    text: (image) => (image.energyInBox === null ? 'not measured' : `${percent(image.energyInBox, 0)} in`),
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
  {
    id: 'iou',
    title: 'IoU of the box from heat',
    value: (image) => image.iou,
    text: (image) => (image.iou === null ? 'not measured' : `IoU ${fixed(image.iou)}`),
  },
  {
    id: 'saliencyMetric',
    title: 'Saliency metric',
    value: (image) => image.saliencyMetric,
    text: (image) => fixed(image.saliencyMetric),
  },
];

/** Measures whose values `ORDERS` has already, or that only say right or wrong. */
const ELSEWHERE = ['accuracy', 'energyInBox', 'meanIou', 'saliencyMetric'];

/** One order for each further measure that says something of at least one picture, in the registry's order. */
export function ordersOf(images: readonly EvaluatedImage[], infos: readonly MeasureInfo[]): Order[] {
  const measured = new Set(
    images.flatMap(({ values }) => Object.keys(values).filter((key) => values[key] !== null)),
  );
  return infos
    .filter(({ key }) => measured.has(key) && !ELSEWHERE.includes(key))
    .map((info) => {
      const { key, title } = info;
      const value = (image: EvaluatedImage) => image.values[key] ?? null;
      return {
        id: key,
        title,
        value,
        text: (image) => {
          const own = value(image);
          return own === null ? 'not measured' : imageMetricText(own, info);
        },
      };
    });
}

/** A sorted copy; equal figures keep their order by name. */
export function sortImages(images: EvaluatedImage[], order: Order, ascending: boolean): EvaluatedImage[] {
  const sign = ascending ? 1 : -1;
  return images.toSorted((one, other) => {
    const a = order.value(one);
    const b = order.value(other);
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return sign * (a - b) || one.name.localeCompare(other.name, 'en', { numeric: true });
  });
}
