// Group DRO: groups of pictures with a high loss weigh more, so that the worst group is what improves.

import { z } from 'zod';
import { add, div, equal, exp, mul, reshape, scalar, stopGradient, sum } from '../graph/index.ts';
import { AppError } from '../../contracts/errors.ts';
import { classLoss } from '../nn/classification.ts';
import { objective, totalOf, type ObjectiveContext, type Reweighting } from './objective.ts';

const schema = z.object({
  groupStep: z.number().min(1e-5).max(10).default(0.01).meta({
    title: 'Group step',
    help: 'How fast weight moves to the groups with the highest loss; larger values follow single batches.',
    main: true,
  }),
});

/**
 *   q_g <- q_g exp(groupStep * l_g), scaled to sum 1;  L = sum_g q_g l_g          (Sagawa et al. 2020, algorithm 1)
 *
 * l_g is the mean class loss over the batch's pictures of group g, 0 for a group that the batch has none of, as in the
 * public code; q is updated before it is used, is constant for the weights' gradient, and starts equal over the groups
 * that training pictures are in. The paper draws batches balanced over groups: the setting `sampling`. Pictures without
 * group count for nothing.
 */
function reweighting(
  { groups, groupCount, sampleWeight, state }: ObjectiveContext,
  { groupStep }: z.output<typeof schema>,
): Reweighting {
  if (!groups || groupCount === undefined)
    throw new AppError('internal', 'Group DRO needs the groups of the pictures');
  const shares = state({ name: 'groupShares', shape: [groupCount], init: 'ones', decay: false });
  return (losses) => {
    const members = mul(groups, reshape(sampleWeight, [sampleWeight.shape[0], 1])); // [B, G]
    const counts = sum(members, [0]); // [G]
    const totals = sum(mul(members, reshape(losses, [losses.shape[0], 1])), [0]);
    const means = div(totals, add(counts, equal(counts, scalar(0)))); // [G]
    const grown = mul(shares, exp(mul(stopGradient(means), scalar(groupStep))));
    const next = div(grown, sum(grown));
    return { loss: sum(mul(next, means)), next: { groupShares: next } };
  };
}

export const groupDro = objective({
  id: 'group-dro',
  title: 'Group DRO',
  summary:
    'Weights the loss towards the group of pictures with the highest loss. Needs an attribute to group by, and balanced sampling.',
  citation: 'Sagawa et al. 2020, arXiv 1911.08731',
  schema,
  presets: [
    {
      id: 'code',
      title: 'As in the code',
      source:
        'Sagawa et al. 2020, public code: step 0.01, no adjustment by group size, batches balanced over groups',
      params: { groupStep: 0.01 },
      settings: { sampling: 'balanced' },
    },
  ],
  needs: { groups: true },
  reweighting,
  build(context, params) {
    const { logits } = context.forward(context.images);
    const { loss, next } = reweighting(context, params)(classLoss(logits, context.labels, context.task));
    return { ...totalOf({ class: loss }, logits), next };
  },
});
