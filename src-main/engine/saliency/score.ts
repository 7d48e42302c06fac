// The scalar a heat map explains, and how a form asks for it.

import { z } from 'zod';
import {
  add,
  logSoftmax,
  mul,
  neg,
  scalar,
  sigmoid,
  softmax,
  sub,
  sum,
  type Tensor,
} from '../graph/index.ts';
import { classLoss, selectedLogit } from '../nn/classification.ts';
import type { SaliencyContext } from './saliency.ts';

export type Score = 'logit' | 'probability' | 'loss';

/** @param usual  of the paper the method comes from */
export const scoreField = (usual: Score) =>
  z.enum(['logit', 'probability', 'loss']).default(usual).meta({
    title: 'Score',
    help: 'What is explained: the logit of the class, its probability, or the cross-entropy, which falls where the others rise. The last two go flat once the model is sure; both see the other classes, too, but for the probability where a picture has several classes.',
    main: true,
  });

/**
 * With weights t of the classes, one-hot or the difference of two: sum of t f, of t softmax(f), or of -t log softmax(f),
 * which is the cross-entropy, or the difference of two of them. For 'multi' sum of t sigmoid(f), and the loss that is
 * trained and measured: the binary cross-entropies of all classes, the explained one among the picture's.
 * @param logits  [B, K]
 * @returns       [B]
 */
export function scoreOf(
  logits: Tensor,
  { target, labels, task }: Pick<SaliencyContext, 'target' | 'labels' | 'task'>,
  score: Score,
): Tensor {
  switch (score) {
    case 'logit':
      return selectedLogit(logits, target);
    case 'probability':
      return sum(mul(task === 'single' ? softmax(logits) : sigmoid(logits), target), [1]);
    case 'loss':
      return task === 'single'
        ? neg(sum(mul(logSoftmax(logits), target), [1]))
        : severalLoss(logits, target, labels);
  }
}

/**
 * The loss with the explained class among the labels. Held against another class it is the loss with the explained one
 * and without the other, less that of the reverse: all else cancels, and minus the difference of their logits is left.
 */
function severalLoss(logits: Tensor, target: Tensor, labels: Tensor): Tensor {
  const alone = sum(target, [1]); // [B], 1, or 0 where the class is held against another
  const withExplained = add(labels, mul(target, sub(scalar(1), labels)));
  return sub(
    mul(alone, classLoss(logits, withExplained, 'multi')),
    mul(sub(scalar(1), alone), selectedLogit(logits, target)),
  );
}
