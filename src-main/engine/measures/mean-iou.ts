// How well the box drawn from the input gradient covers the true one.

import { intersectionOverUnion, type Box } from '../../contracts/geometry.ts';
import type { Measure } from './measure.ts';

export const meanIou: Measure = {
  id: 'mean-iou',
  title: 'Mean IoU',
  summary: 'Mean intersection over union of the box taken from the input gradient and the true box.',
  citation: 'KC & Zhang 2021.',
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
};

/**
 * IoU of the extracted box and the box round the region, both in pixels of the picture the model saw. Boxes have
 * continuous edges, so extents equal the papers' inclusive "+ 1"; disjoint boxes, or no extracted box, give 0.
 * @param truth  null without a region
 * @returns      0..1; null without a region
 */
export function boxIou(extracted: Box | null, truth: Box | null): number | null {
  if (truth === null) return null;
  return extracted === null ? 0 : intersectionOverUnion(extracted, truth);
}
