// Right class and right place at once.

import type { Measure } from './measure.ts';

/** IoU from which a box counts as found. */
export const foundFrom = 0.5;

export const localisationAccuracy: Measure = {
  id: 'localisation-accuracy',
  title: 'Localisation accuracy',
  summary:
    'Share of the pictures given their own class whose box from the input gradient has an IoU of at least 0.5.',
  citation: 'KC & Zhang 2021; Russakovsky et al. 2015 (ImageNet localisation).',
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
};

/** @param iou null without a region, and so is the answer */
export const localised = (correct: boolean, iou: number | null): boolean | null =>
  iou === null ? null : correct && iou >= foundFrom;
