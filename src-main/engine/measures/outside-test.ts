// The shortcut test: does the answer survive when everything outside the region is changed? A heat map can be made
// to look right by saturation; this cannot.

import type { Measure } from './measure.ts';

export const outsideBlurred: Measure = {
  id: 'outside-blurred',
  title: 'Outside blurred',
  summary: 'Accuracy on the pictures with a box or mask when all outside it is blurred.',
  citation: 'Behavioural test in the manner of Xiao et al. 2021 (noise or signal).',
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
};

export const outsideSwapped: Measure = {
  id: 'outside-swapped',
  title: 'Outside swapped',
  summary: "Accuracy on the pictures with a box or mask when all outside it is another picture's.",
  citation:
    'Mixed-rand of Xiao et al. 2021 (noise or signal), with whole pictures in place of tiled backgrounds.',
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
};
