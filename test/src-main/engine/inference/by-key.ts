// What an evaluation gives, by the names that measures have in reports: where each is taken once, that is easier to read.

import type { EvaluateOutcome } from '../../../../src-main/contracts/worker-protocol.ts';
import { keyOf } from '../../../../src-main/engine/measures/index.ts';

type Taken = EvaluateOutcome['metrics'][number];

export function byKey({ metrics, images, ...outcome }: EvaluateOutcome) {
  return {
    ...outcome,
    figures: Object.fromEntries(metrics.map((metric) => [keyOf(metric.measure), metric])) as Record<
      string,
      Taken
    >,
    images: images.map((image, i) => ({
      ...image,
      values: Object.fromEntries(
        metrics.flatMap(({ measure, ofImages }) => (ofImages ? [[keyOf(measure), ofImages[i]]] : [])),
      ) as Record<string, number | null>,
    })),
  };
}
