// An objective's context in which a test says only what it looks at: everything else is an input of its own name.

import { input } from '../../../../src-main/engine/graph/index.ts';
import { meanOver, type ObjectiveContext } from '../../../../src-main/engine/objectives/objective.ts';

type Given = Partial<ObjectiveContext> & Pick<ObjectiveContext, 'batch' | 'classes' | 'sizePx' | 'forward'>;

export function contextOf(given: Given): ObjectiveContext {
  const { batch, classes, sizePx } = given;
  const labels = input('labels', [batch, classes]);
  const weight = input('weight', [batch]);
  return {
    images: input('images', [batch, 3, sizePx, sizePx]),
    labels,
    truth: labels,
    inside: input('inside', [batch, 1, sizePx, sizePx]),
    hasRegion: input('hasRegion', [batch]),
    weight,
    ramp: input('ramp', []),
    meanLoss: (losses) => meanOver(losses, weight),
    noise: (name, shape) => input(`noise/${name}`, shape),
    state: ({ name, shape }) => input(`objective/${name}`, shape),
    ...given,
  };
}
