// The look at the selection split after each epoch.

import { energyInside, meanOf, predictedClass, squaredGradient } from '../measures/index.ts';
import type { Session } from '../runtime/index.ts';
import type { Weights } from '../data/architecture.ts';
import { classesOf, type ImageSet } from '../data/image-set.ts';
import { evaluatedBatches } from '../data/evaluation-program.ts';

export interface ValidationMetrics {
  /** Null without pictures. */
  accuracy: number | null;
  crossEntropy: number | null;
  /** Of the squared gradient of the loss; null where no picture has a region. */
  energyInBox: number | null;
  /** Squared loss gradient [S * S] and logits of the pictures that were asked for. */
  pinned: { index: number; map: Float32Array; logits: Float32Array }[];
}

/** @param pinned  image ids */
export async function validate(
  session: Session,
  weights: Weights,
  set: ImageSet,
  sizes: { batch: number; classes: number },
  pinned: readonly number[],
): Promise<ValidationMetrics> {
  const { classes } = sizes;
  const length = 3 * set.sizePx * set.sizePx;
  const correct: boolean[] = [];
  const losses: number[] = [];
  const energies: (number | null)[] = [];
  const maps: ValidationMetrics['pinned'] = [];
  for await (const { members, outputs } of evaluatedBatches(session, weights, set, sizes)) {
    members.forEach((index, i) => {
      correct.push(classesOf(set.images[index]).includes(predictedClass(outputs.logits, classes, i)));
      losses.push(outputs.crossEntropy[i]);
      const map = squaredGradient(outputs.gradient.subarray(i * length, (i + 1) * length), 3);
      const regionMask = set.regionMask(index);
      energies.push(regionMask && energyInside(map, regionMask));
      if (pinned.includes(set.images[index].imageId))
        maps.push({ index, map, logits: outputs.logits.slice(i * classes, (i + 1) * classes) });
    });
  }
  return {
    accuracy: meanOf(correct),
    crossEntropy: meanOf(losses),
    energyInBox: meanOf(energies),
    pinned: maps,
  };
}
