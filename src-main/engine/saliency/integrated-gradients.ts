// Integrated gradients: the change of the score along the straight way from a plain picture, shared out to pixels.

import { z } from 'zod';
import { reduceChannels, reductionField } from './channels.ts';
import { pathStep } from './path.ts';
import { colourField, colourOf } from './plain-colour.ts';
import { sampledMethod } from './saliency.ts';
import { scoreField } from './score.ts';

const schema = z.object({
  score: scoreField('logit'),
  reduction: reductionField('sum-absolute'),
  baseline: colourField('black', 'Start', 'The plain picture from which the way begins.'),
  steps: z.int().min(1).max(1000).default(50).meta({
    title: 'Steps',
    role: 'steps',
    help: 'Intervals of the way; more bring the sum of the map nearer to the change of the score, at the same multiple of the cost.',
    main: true,
  }),
  rule: z.enum(['midpoint', 'trapezoid', 'left', 'right']).default('midpoint').meta({
    title: 'Rule',
    help: 'Where in an interval the gradient is taken: in its middle, at both ends with half weight, or at one end.',
  }),
});

/**
 * (x - x0) * mean over t of d score(x0 + t (x - x0)) / d x; for a network without kinks in between the map with signs
 * sums to score(x) - score(x0).
 * @see Sundararajan et al. 2017, eq. 1 and 3
 */
export const integratedGradients = sampledMethod({
  id: 'integrated-gradients',
  title: 'Integrated gradients',
  summary: 'Shares the change of the score from a plain picture to this one out to the pixels.',
  citation: 'Sundararajan et al. 2017, arXiv 1703.01365',
  schema,
  presets: [
    {
      id: 'paper',
      title: 'As in Sundararajan et al.',
      source: 'Sundararajan et al. 2017, eq. 3 and section 5: probability, black picture, right sums',
      params: {
        score: 'probability',
        reduction: 'sum-absolute',
        baseline: 'black',
        steps: 50,
        rule: 'right',
      },
    },
    {
      id: 'paper-art',
      title: "As in ART's attack",
      source: 'Singh et al. 2020: logit, black picture, 100 steps, magnitudes summed over channels',
      params: { score: 'logit', reduction: 'absolute-sum', baseline: 'black', steps: 100, rule: 'right' },
    },
    {
      id: 'code-art',
      title: "As in ART's code",
      source: 'Singh et al. 2020, code: the cross-entropy is integrated by 100 trapezoids',
      params: { score: 'loss', reduction: 'absolute-sum', baseline: 'black', steps: 100, rule: 'trapezoid' },
    },
  ],
  samples({ steps, rule }) {
    const count = rule === 'trapezoid' ? steps + 1 : steps;
    const offset = { midpoint: 0.5, trapezoid: 0, left: 0, right: 1 }[rule];
    return {
      count,
      shapes: { place: [1, 1, 1] },
      at(index) {
        const isEnd = rule === 'trapezoid' && (index === 0 || index === steps);
        const place = Float32Array.of((index + offset) / steps);
        return { weight: (isEnd ? 0.5 : 1) / steps, fed: { place } }; // eq. 3, there with right sums
      },
    };
  },
  channels: 3,
  // eq. 1, one point of its integral
  sample: (context, { score, baseline }) =>
    pathStep(context, { from: colourOf(baseline), to: context.images, place: context.fed.place, score }),
  finish: (total, _context, { reduction }) => reduceChannels(total, reduction),
});
