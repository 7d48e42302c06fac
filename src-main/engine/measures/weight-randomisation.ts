// A heat map that stays the same when the weights are thrown away does not show what the model learnt.

import { z } from 'zod';
import { initialise } from '../nn/params.ts';
import { spearman } from '../nn/rank-correlation.ts';
import { meanValue } from './metric-values.ts';
import { measure } from './measure.ts';
import { mapOf, methodParam } from './params.ts';

export const weightRandomisation = measure({
  id: 'weight-randomisation',
  title: 'Weight randomisation',
  summary:
    'Rank correlation of the heat map with that of the same network with random weights; near 0 for a map that depends on what was learnt.',
  citation: 'Adebayo et al. 2018 (sanity checks), Spearman of the maps.',
  direction: 'lower',
  range: [-1, 1],
  unit: 'correlation',
  cost: 'gradient',
  needs: [],
  schema: z.object({
    method: methodParam('grad-cam'),
    layers: z.enum(['all', 'head']).default('all').meta({
      title: 'Layers',
      help: 'Which weights are drawn anew: all, or those of the classifier alone. Running statistics stay.',
    }),
  }),
  presets: [],
  begin(context, { layers, ...map }) {
    const { model } = context;
    const specs = model.parameters.filter(({ name }) => layers === 'all' || model.head.includes(name));
    const weights = {
      ...context.weights,
      ...Object.fromEntries(initialise(specs, context.random('weight-randomisation'))),
    };
    return {
      async read({ images, labels }) {
        const request = { ...mapOf(map), images, targets: labels };
        const { values: learnt, side } = await context.maps(request);
        const { values: random } = await context.maps({ ...request, weights });
        const one = (values: Float32Array, i: number) =>
          values.subarray(i * side * side, (i + 1) * side * side);
        return labels.map((_, i) => spearman(one(learnt, i), one(random, i)));
      },
      metricValue: (values) => meanValue(values, context.random('weight-randomisation')),
    };
  },
});
