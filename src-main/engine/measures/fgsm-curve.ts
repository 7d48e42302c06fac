// Accuracy under the one-step attack, as its step grows.

import type { Measure } from './measure.ts';

/** Fractions of the full range; pixel space. */
export const fgsmEpsilons: readonly number[] = [0, 1 / 255, 2 / 255, 4 / 255, 8 / 255];

export const fgsmCurve: Measure = {
  id: 'fgsm-curve',
  title: 'FGSM curve',
  summary: 'Accuracy after each pixel is moved by epsilon in the direction that raises the loss.',
  citation: 'Goodfellow et al. 2015; epsilon in pixel space, clipped to [0, 1].',
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
};
