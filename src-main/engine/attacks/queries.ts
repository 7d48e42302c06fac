// What attacks ask of a model: logits, and the gradients of a loss or of any weighing of the logits.

import {
  add,
  div,
  gradient,
  greater,
  max,
  mul,
  scalar,
  select,
  sub,
  sum,
  topKMask,
  type Tensor,
} from '../graph/index.ts';
import { crossEntropy, selectedLogit } from '../nn/classification.ts';
import type { ProgramContext } from '../nn/row-program.ts';
import type { AttackTarget } from './attack.ts';
import { oneHot } from './rows.ts';

/**
 * A loss that an attack raises, for each picture; y is the true class, z the logits, z1 >= z2 >= ... the same sorted:
 * - 'cross-entropy'
 * - 'margin': largest other logit minus that of y; positive once the class has changed (Carlini & Wagner 2017, f6)
 * - 'dlr': margin / (z1 - z3), difference of logits ratio (Croce & Hein 2020, eq. 6)
 * - 'dlr-targeted': (z_t - z_y) / (z1 - (z3 + z4) / 2) for the class t of `goals` (ibid. eq. 7)
 * With three classes the targeted denominator takes the last two there are, (z2 + z3) / 2: with z3 alone the loss is -1
 * without a gradient where t is the least likely class. With two it is 1 for both: the plain margin. Classes that are out, as
 * others that are right too, do not count.
 */
export type Loss = 'cross-entropy' | 'margin' | 'dlr' | 'dlr-targeted';

interface LossGradients {
  /** [N, K] */
  logits: Float32Array;
  /** [N] */
  losses: Float32Array;
  /** [N, 3, S, S], of each picture's own loss */
  gradient: Float32Array;
}

/** The logit of a class that is out: below every other, finite so that nothing turns into NaN. */
export const lowest = -1e30;

/** What is above is the logit of a class. */
const threshold = lowest / 10;

/** The margin loss in the graph. @param labels [B, K], one-hot  @returns [B] */
function margin(logits: Tensor, labels: Tensor): Tensor {
  return sub(max(select(labels, scalar(lowest), logits), [1]), selectedLogit(logits, labels));
}

/** [B] each: the `count` largest logits in falling order; of equal ones each counts. */
function largest(logits: Tensor, count: number): Tensor[] {
  const found: Tensor[] = [];
  let rest = logits;
  while (found.length < count) {
    const top = topKMask(rest, 1);
    found.push(sum(mul(rest, top), [1]));
    rest = select(top, scalar(lowest), rest);
  }
  return found;
}

/** [B] */
function lossOf(loss: Loss, logits: Tensor, labels: Tensor, goals: () => Tensor): Tensor {
  const classes = logits.shape[1];
  const isThere = (logit: Tensor): Tensor => greater(logit, scalar(threshold));
  switch (loss) {
    case 'cross-entropy':
      return crossEntropy(logits, labels);
    case 'margin':
      return margin(logits, labels);
    case 'dlr': {
      if (classes < 3) return margin(logits, labels);
      const [first, , third] = largest(logits, 3);
      return ratio(margin(logits, labels), sub(first, third), isThere(third)); // eq. 6
    }
    case 'dlr-targeted': {
      const difference = sub(selectedLogit(logits, goals()), selectedLogit(logits, labels));
      if (classes < 3) return difference;
      const [first, second, third, fourth = third] = largest(logits, Math.min(4, classes));
      const isFourth = classes > 3 ? isThere(fourth) : scalar(0);
      const low = mul(scalar(0.5), add(third, select(isFourth, fourth, second)));
      return ratio(difference, sub(first, low), isThere(third)); // eq. 7
    }
  }
}

/** value / scale where `holds`, else the value alone. */
const ratio = (value: Tensor, scale: Tensor, holds: Tensor): Tensor =>
  div(value, select(holds, add(scale, scalar(1e-12)), scalar(1)));

/** The logits of pictures. @param images [N, 3, S, S]  @returns [N, K] */
export async function logitsOf(target: AttackTarget, images: Float32Array): Promise<Float32Array> {
  const program = target.program('logits', (context) => ({
    logits: context.forward(imagesOf(context)).logits,
  }));
  return (await program(countOf(target, images), { images })).logits;
}

/** Loss and its gradient at each picture. @param goals for 'dlr-targeted': a class for each picture */
export async function gradientsOf(
  target: AttackTarget,
  loss: Loss,
  images: Float32Array,
  labels: ArrayLike<number>,
  goals: ArrayLike<number> = [],
): Promise<LossGradients> {
  const program = target.program(`gradients/${loss}`, (context) => {
    const images = imagesOf(context);
    const { logits } = context.forward(images);
    const losses = lossOf(loss, logits, context.rows('labels', [context.classes]), () =>
      context.rows('goals', [context.classes]),
    );
    return { logits, losses, gradient: gradient(sum(losses), [images])[0] };
  });
  const { classes } = target;
  const feeds = { images, labels: oneHot(labels, classes), goals: oneHot(goals, classes) };
  return (await program(labels.length, feeds)) as unknown as LossGradients;
}

/** Logits and the gradient of their weighted sum. @param weights [N, K] */
export async function logitCombinationGradient(
  target: AttackTarget,
  images: Float32Array,
  weights: Float32Array,
): Promise<{ logits: Float32Array; gradient: Float32Array }> {
  const program = target.program('logit combination', (context) => {
    const images = imagesOf(context);
    const { logits } = context.forward(images);
    const weighted = sum(mul(logits, context.rows('weights', [context.classes])));
    return { logits, gradient: gradient(weighted, [images])[0] };
  });
  const { logits, gradient: grads } = await program(countOf(target, images), { images, weights });
  return { logits, gradient: grads };
}

/** [B, 3, S, S] */
export const imagesOf = ({ rows, sizePx }: ProgramContext): Tensor => rows('images', [3, sizePx, sizePx]);

/** Values of one picture. */
export const imageLength = ({ sizePx }: { sizePx: number }): number => 3 * sizePx * sizePx;

/** How many pictures an attack makes of others at a time, for a forward pass of each: 32 MB of them. */
export const copiesTogether = (target: AttackTarget): number =>
  Math.max(1, Math.floor(2 ** 23 / imageLength(target)));

const countOf = (target: AttackTarget, images: Float32Array): number => images.length / imageLength(target);

/** Class with the highest logit of each row; the first among equals. @param logits [N, K] */
export function predictionsOf(logits: Float32Array, classes: number): Int32Array {
  return Int32Array.from({ length: logits.length / classes }, (_, row) => {
    let best = 0;
    for (let k = 1; k < classes; k++) if (logits[row * classes + k] > logits[row * classes + best]) best = k;
    return best;
  });
}

/** Largest other logit minus that of the label, for each row. @param logits [N, K]  @returns [N] */
export function marginsOf(logits: Float32Array, labels: ArrayLike<number>, classes: number): Float64Array {
  return Float64Array.from({ length: logits.length / classes }, (_, row) => {
    let other = -Infinity;
    for (let k = 0; k < classes; k++)
      if (k !== labels[row]) other = Math.max(other, logits[row * classes + k]);
    return other - logits[row * classes + labels[row]];
  });
}

/** Classes other than the label from the highest logit down, at most `count`, without those that are out. */
export function otherClassesOf(
  logits: Float32Array,
  row: number,
  classes: number,
  label: number,
  count: number,
): number[] {
  return Array.from({ length: classes }, (_, k) => k)
    .filter((k) => k !== label && logits[row * classes + k] > threshold)
    .sort((a, b) => logits[row * classes + b] - logits[row * classes + a] || a - b)
    .slice(0, count);
}
