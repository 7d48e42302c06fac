// An objective's context in which a test says only what it looks at: everything else is an input of its own name.

import { input } from '../../../../src-main/engine/graph/index.ts';
import { meanOver, type ObjectiveContext } from '../../../../src-main/engine/objectives/objective.ts';

type Given = Partial<ObjectiveContext> & Pick<ObjectiveContext, 'batch' | 'classes' | 'sizePx' | 'forward'>;

export function contextOf(given: Given): ObjectiveContext {
  const { batch, classes, sizePx } = given;
  const labels = input('labels', [batch, classes]);
  const sampleWeight = input('sampleWeight', [batch]);
  return {
    images: input('images', [batch, 3, sizePx, sizePx]),
    labels,
    oneHot: labels,
    regionMask: input('regionMask', [batch, 1, sizePx, sizePx]),
    hasRegion: input('hasRegion', [batch]),
    sampleWeight,
    ramp: input('ramp', []),
    meanLoss: (losses) => meanOver(losses, sampleWeight),
    noise: (name, shape) => input(`noise/${name}`, shape),
    state: ({ name, shape }) => input(`objective/${name}`, shape),
    ...given,
  };
}
