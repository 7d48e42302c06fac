// The evaluation program: what a network says of pictures, batch by batch, with each picture's logits, loss and input
// gradient. Validation and evaluation run it.

import { AppError } from '../../contracts/errors.ts';
import { gradient, input, sum } from '../graph/index.ts';
import { classLoss } from '../nn/classification.ts';
import type { Program, Session } from '../runtime/index.ts';
import type { Architecture, Weights } from './architecture.ts';
import { classesOf, writePlanes, type ImageSet } from './image-set.ts';

/** Control messages are read between the blocking calls of native code. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** @param what  'the attack' */
export function throwIfStopped(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw new AppError('cancelled', `${what} was cancelled`);
}

/** Fills up a short batch by repeating its rows: any picture will do, but zeros could divide by zero. */
export function padTo(part: Float32Array, length: number): Float32Array {
  const padded = new Float32Array(length);
  for (let i = 0; i < length; i += part.length) padded.set(part.subarray(0, length - i), i);
  return padded;
}

/** Pictures at a time where nothing is learnt: about the memory of 64 pictures of 64 px. */
export const evaluationBatch = (sizePx: number): number =>
  Math.max(4, Math.min(64, Math.floor((64 * 64 * 64) / (sizePx * sizePx))));

/**
 * What evaluation sees of a batch. Takes images [B,3,S,S], labels [B,K] and the weights, gives logits [B,K],
 * crossEntropy [B], which is the class loss of the run's task, and gradient [B,3,S,S] (d crossEntropy_b / d x_b, per unit of pixel value).
 */
export function buildEvaluation({ model, classes, sizePx, task }: Architecture, batch: number): Program {
  const weights = new Map(
    [...model.parameters, ...model.buffers].map(({ name, shape }) => [name, input(name, shape)]),
  );
  const images = input('images', [batch, 3, sizePx, sizePx]);
  const labels = input('labels', [batch, classes]);
  const { logits } = model.forward(images, weights, 'eval');
  const losses = classLoss(logits, labels, task);
  const [grads] = gradient(sum(losses), [images]);
  return {
    inputs: [images, labels, ...weights.values()],
    outputs: { logits, crossEntropy: losses, gradient: grads },
  };
}

export interface EvaluatedBatch {
  /** Indices into the set of the batch's pictures; the rest of the batch is padding. */
  members: readonly number[];
  /** [B, 3, S, S], padding 0 */
  images: Float32Array;
  outputs: Readonly<Record<string, Float32Array>>;
}

/** @param session  of a `buildEvaluation` program for `batch` pictures */
export async function* evaluatedBatches(
  session: Session,
  weights: Weights,
  set: ImageSet,
  { batch, classes }: { batch: number; classes: number },
): AsyncGenerator<EvaluatedBatch> {
  const pixels = set.sizePx * set.sizePx;
  for (let start = 0; start < set.images.length; start += batch) {
    const members = Array.from({ length: Math.min(batch, set.images.length - start) }, (_, i) => start + i);
    const images = new Float32Array(batch * 3 * pixels);
    const labels = new Float32Array(batch * classes);
    for (const [i, index] of members.entries()) {
      writePlanes(await set.pixels(index), images, i);
      for (const classIndex of classesOf(set.images[index])) labels[i * classes + classIndex] = 1;
    }
    const outputs = await session.run({ ...weights, images, labels });
    await breathe();
    yield { members, images, outputs };
  }
}
