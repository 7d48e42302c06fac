// The shortcut test: does the answer survive when everything outside the region is changed? A heat map can be made
// to look right by saturation; this cannot.

import { hitsOf } from './accuracy.ts';
import { shareValue } from './metric-values.ts';
import { measure, type Measure, type MeasureContext } from './measure.ts';
import { nothing } from './params.ts';

const begin =
  (how: 'blur' | 'swap'): Measure['begin'] =>
  (context: MeasureContext) => ({
    async read({ images, start, labels, trueClasses }) {
      const changed = new Float32Array(images.length);
      const isChanged: boolean[] = [];
      for (const i of labels.keys()) isChanged.push(await context.replaceOutside(start + i, how, changed, i));
      if (!isChanged.includes(true)) return labels.map(() => null);
      const hits = hitsOf(await context.predict(changed), context.classes.length, trueClasses);
      return hits.map((hit, i) => (isChanged[i] ? hit : null));
    },
    metricValue: shareValue,
  });

const shared = {
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
  cost: 'cheap',
  needs: ['region'],
  isUsual: true,
  schema: nothing,
  presets: [],
} as const;

export const outsideBlurred = measure({
  ...shared,
  id: 'outside-blurred',
  title: 'Outside blurred',
  summary: 'Accuracy on the pictures with a box or mask when all outside it is blurred.',
  citation: 'Behavioural test in the manner of Xiao et al. 2021 (noise or signal).',
  begin: begin('blur'),
});

export const outsideSwapped = measure({
  ...shared,
  id: 'outside-swapped',
  title: 'Outside swapped',
  summary: "Accuracy on the pictures with a box or mask when all outside it is another picture's.",
  citation:
    'Mixed-rand of Xiao et al. 2021 (noise or signal), with whole pictures in place of tiled backgrounds.',
  begin: begin('swap'),
});
