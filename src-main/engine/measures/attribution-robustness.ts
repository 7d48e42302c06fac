// How much of a heat map is left when the picture is changed so that the map changes and the class does not. One
// attack serves all three ways of comparing the maps before and after.

import { z } from 'zod';
import { isFlat, kendall, overlapOfHighest, spearman } from '../nn/rank-correlation.ts';
import { predictedClass } from './accuracy.ts';
import { meanValue } from './metric-values.ts';
import { measure, type BatchView, type Measure, type MeasureContext } from './measure.ts';
import { epsParam } from './params.ts';

const schema = z.object({
  attack: z
    .enum(['ifia-top-k', 'ifia-centre', 'random-sign', 'targeted-explanation', 'targeted-mass'])
    .default('ifia-top-k')
    .meta({
      title: 'Attack',
      help: 'What changes the picture: draws the heat from its hottest pixels, moves its centre, random signs, gives it the heat of the next picture, or draws it to that one’s hottest pixels.',
      main: true,
    }),
  eps: epsParam(8 / 255),
  steps: z.int().min(1).max(1000).default(50).meta({
    title: 'Steps',
    role: 'steps',
    help: 'Steps of the attack, or random changes tried; more are stronger and cost as much more.',
    main: true,
  }),
  restarts: z.int().min(1).max(100).default(1).meta({
    title: 'Restarts',
    help: 'Attempts from other random starts, of which the worst counts; random signs and the heat of the next picture as a whole have none.',
  }),
  k: z.int().min(1).max(100_000).default(100).meta({
    title: 'Top pixels',
    help: 'The hottest pixels that are attacked and, for the intersection, compared.',
  }),
  map: z.enum(['integrated-gradients', 'input-gradient']).default('integrated-gradients').meta({
    title: 'Heat map',
    help: 'The map that is attacked and compared: channel sum of the magnitudes.',
  }),
  points: z.int().min(1).max(1000).default(20).meta({
    title: 'Points',
    help: 'Points of the integrated gradients, in the attack and in the comparison.',
  }),
  rule: z.enum(['midpoint', 'trapezoid']).default('midpoint').meta({
    title: 'Rule',
    help: 'Where the compared integrated gradients are taken: in the middle of each interval, or at both ends with half weight. The attack takes the middles.',
  }),
  score: z.enum(['logit', 'loss']).default('logit').meta({
    title: 'Score compared',
    help: 'What the compared maps explain: the logit of the class, or, as in the public code of ART, its cross-entropy. The attack uses the logit.',
  }),
});
type Params = z.output<typeof schema>;

const ofArt = {
  attack: 'ifia-top-k',
  eps: 8 / 255,
  steps: 50,
  restarts: 1,
  k: 100,
  map: 'integrated-gradients',
  points: 100,
} as const;
const shared = {
  direction: 'higher',
  cost: 'attack',
  needs: [],
  schema,
  presets: [
    {
      id: 'paper-art',
      title: 'As in the ART paper',
      source:
        'Singh et al. 2020, CIFAR-10: 50 steps at epsilon 8/255, 100 pixels, 100 points; taken here in the middles of the intervals',
      params: { ...ofArt, score: 'logit', rule: 'midpoint' },
    },
    {
      id: 'code-art',
      title: 'As in the code of ART',
      source:
        'Singh et al. 2020, public code: the compared maps integrate the cross-entropy by 100 trapezoids; the attack is that of the paper',
      params: { ...ofArt, score: 'loss', rule: 'trapezoid' },
    },
    {
      id: 'paper-ig-norm',
      title: 'As in Chen et al.',
      source:
        'Chen et al. 2019: three attempts, the worst counts; without their whole grey levels, which the attack itself knows',
      params: { ...ofArt, restarts: 3, score: 'logit', rule: 'midpoint' },
    },
  ],
} satisfies Partial<Measure>;

type Compare = (before: Float32Array, after: Float32Array, params: Params) => number | null;

const compared =
  (id: string, compare: Compare): Measure<typeof schema>['begin'] =>
  (context, params) => ({
    async read(batch) {
      const pairs = await batch.once(`attribution/${JSON.stringify(params)}`, () =>
        mapPairs(context, batch, params),
      );
      return pairs.map((pair) => {
        if (pair === null || isFlat(pair.before)) return null;
        // A map that the attack has made flat has nothing hottest and no order left: not skipped, but unlike, as the
        // attack itself counts it.
        return isFlat(pair.after) ? 0 : compare(pair.before, pair.after, params);
      });
    },
    metricValue: (values) => meanValue(values, context.random(id)),
  });

export const topKIntersection = measure({
  ...shared,
  id: 'top-k-intersection',
  title: 'Top-k intersection under attack',
  summary:
    'Share of the hottest pixels that stay the hottest under an attack on the map; rightly classified pictures whose class survives.',
  citation: 'Ghorbani et al. 2019; Chen et al. 2019; Singh et al. 2020 (IN).',
  range: [0, 1],
  unit: 'share',
  begin: compared('top-k-intersection', (before, after, { k }) => overlapOfHighest(before, after, k)),
});

export const kendallUnderAttack = measure({
  ...shared,
  id: 'kendall-correlation',
  title: 'Kendall correlation under attack',
  summary:
    'How alike an attack on the map leaves the order of its pixels: Kendall’s tau-b over all of them; rightly classified pictures whose class survives.',
  citation: 'Chen et al. 2019; Singh et al. 2020 (K).',
  range: [-1, 1],
  unit: 'correlation',
  begin: compared('kendall-correlation', kendall),
});

export const spearmanUnderAttack = measure({
  ...shared,
  id: 'spearman-correlation',
  title: 'Spearman correlation under attack',
  summary:
    'How alike an attack on the map leaves the ranks of its pixels: Spearman’s rho over all of them; rightly classified pictures whose class survives.',
  citation: 'Ghorbani et al. 2019.',
  range: [-1, 1],
  unit: 'correlation',
  begin: compared('spearman-correlation', spearman),
});

/** Maps before and after; null for pictures that were not attacked: wrong from the start, or never changed with their class kept. */
async function mapPairs(
  context: MeasureContext,
  { images, labels, start }: BatchView,
  { attack, eps, map, points, rule, score, ...params }: Params,
): Promise<({ before: Float32Array; after: Float32Array } | null)[]> {
  const attacked = await context.attack({
    attack,
    eps,
    images,
    params: attackParams(attack, { ...params, points, map }),
    labels,
    random: context.random(`attribution/${start}`),
  });
  const mapsOf = async (images: Float32Array): Promise<Float32Array[]> => {
    const { values, side } = await context.maps({
      method: map,
      params: {
        score,
        reduction: 'absolute-sum',
        ...(map === 'integrated-gradients' && { steps: points, rule, baseline: 'black' }),
      },
      images: images,
      targets: labels,
    });
    return labels.map((_, i) => values.slice(i * side * side, (i + 1) * side * side));
  };
  const before = await mapsOf(images);
  const after = await mapsOf(attacked.images);
  return labels.map((label, i) =>
    attacked.changed[i] && predictedClass(attacked.logits, context.classes.length, i) === label
      ? { before: before[i], after: after[i] }
      : null,
  );
}

function attackParams(
  attack: Params['attack'],
  { steps, restarts, k, points, map }: Pick<Params, 'steps' | 'restarts' | 'k' | 'points' | 'map'>,
): Record<string, number | string> {
  const heat = { map: map === 'input-gradient' ? 'gradient' : map, points };
  switch (attack) {
    case 'ifia-top-k':
    case 'targeted-mass':
      return { ...heat, steps, restarts, k };
    case 'ifia-centre':
      return { ...heat, steps, restarts };
    case 'random-sign':
      return { ...heat, draws: steps, k };
    case 'targeted-explanation':
      return { ...heat, steps };
  }
}
