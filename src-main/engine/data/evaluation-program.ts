// Goes through pictures batch by batch and hands each picture's logits and input gradient on.

import { AppError } from '../../contracts/errors.ts';
import type { Session } from '../runtime/index.ts';
import type { Weights } from './architecture.ts';
import { classesOf, writePlanes, type PictureSet } from './picture-set.ts';

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

export interface ViewedBatch {
  /** Indices into the set of the batch's pictures; the rest of the batch is padding. */
  members: readonly number[];
  /** [B, 3, S, S], padding 0 */
  images: Float32Array;
  outputs: Readonly<Record<string, Float32Array>>;
}

/** @param session  of a `buildViewing` program for `batch` pictures */
export async function* viewBatches(
  session: Session,
  weights: Weights,
  set: PictureSet,
  { batch, classes }: { batch: number; classes: number },
): AsyncGenerator<ViewedBatch> {
  const pixels = set.sizePx * set.sizePx;
  for (let start = 0; start < set.pictures.length; start += batch) {
    const members = Array.from({ length: Math.min(batch, set.pictures.length - start) }, (_, i) => start + i);
    const images = new Float32Array(batch * 3 * pixels);
    const labels = new Float32Array(batch * classes);
    for (const [i, index] of members.entries()) {
      writePlanes(await set.pixels(index), images, i);
      for (const own of classesOf(set.pictures[index])) labels[i * classes + own] = 1;
    }
    const outputs = await session.run({ ...weights, images, labels });
    await breathe();
    yield { members, images, outputs };
  }
}
