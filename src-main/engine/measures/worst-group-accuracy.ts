// Accuracy of the group that fares worst: groups are class and attribute together.

import { AppError } from '../../contracts/errors.ts';
import { wilson } from './metric-values.ts';
import { measure } from './measure.ts';
import { nothing } from './params.ts';

export const worstGroupAccuracy = measure({
  id: 'worst-group-accuracy',
  title: 'Worst-group accuracy',
  summary: 'Least accuracy over the groups that class and a chosen attribute of the pictures make.',
  citation: 'Sagawa et al. 2020 (Group DRO).',
  direction: 'higher',
  range: [0, 1],
  unit: 'share',
  cost: 'cheap',
  needs: ['groups'],
  schema: nothing,
  presets: [],
  begin({ groups }) {
    if (groups.length === 0)
      throw new AppError('bad-input', 'worst-group-accuracy needs the attribute that makes the groups', {
        reason: 'name it with --group-by, or train with groupBy',
      });
    const hits = new Float64Array(groups.length);
    const counts = new Float64Array(groups.length);
    return {
      read: ({ trueClasses, predicted, group }) =>
        trueClasses.map((classIndices, i) => {
          const of = group(i);
          if (of === null) return null;
          const hit = Number(classIndices.includes(predicted[i]));
          counts[of] += 1;
          hits[of] += hit;
          return hit;
        }),
      metricValue(values) {
        const parts = groups.map((name, g) => ({ name, value: counts[g] > 0 ? hits[g] / counts[g] : null }));
        let worst = -1;
        parts.forEach(({ value }, g) => {
          if (value !== null && (worst < 0 || value < parts[worst].value!)) worst = g;
        });
        // Of the group that is worst in this set; the choice of the worst among noisy ones is not in it.
        const ends = worst < 0 ? null : wilson(hits[worst], counts[worst]);
        const images = counts.reduce((sum, count) => sum + count, 0);
        return {
          value: worst < 0 ? null : parts[worst].value,
          low: ends?.low ?? null,
          high: ends?.high ?? null,
          pictures: images,
          skipped: values.length - images,
          parts,
        };
      },
    };
  },
});
