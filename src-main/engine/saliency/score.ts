// The scalar a heat map explains, and how a form asks for it.

import { z } from 'zod';
import { logSoftmax, mul, neg, softmax, sum, type Tensor } from '../graph/index.ts';
import { selectedLogit } from '../nn/classification.ts';

export type Score = 'logit' | 'probability' | 'loss';

/** @param usual  of the paper the method comes from */
export const scoreField = (usual: Score) =>
  z.enum(['logit', 'probability', 'loss']).default(usual).meta({
    title: 'Score',
    help: 'What is explained: the logit of the class, its probability, or its cross-entropy, which falls where the others rise; the last two also see the other classes and go flat once the model is sure.',
    main: true,
  });

/**
 * With weights t of the classes, one-hot or the difference of two: sum of t f, of t softmax(f), or of -t log softmax(f),
 * which is the cross-entropy, or the difference of two of them.
 * @param logits  [B, K]
 * @param target  [B, K]
 * @returns       [B]
 */
export function scoreOf(logits: Tensor, target: Tensor, score: Score): Tensor {
  switch (score) {
    case 'logit':
      return selectedLogit(logits, target);
    case 'probability':
      return sum(mul(softmax(logits), target), [1]);
    case 'loss':
      return neg(sum(mul(logSoftmax(logits), target), [1]));
  }
}
