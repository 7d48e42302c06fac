// The equal parts that a batch is computed in.

/** Batch-norm needs two pictures. */
export const smallestPart = 2;

/**
 * The largest part of at most `most` pictures that divides so many evenly; null if there is none. Parts are equal, since
 * pictures that are seen again to fill one would shift its batch-norm.
 */
export function equalPart(images: number, most: number): number | null {
  for (let part = Math.min(most, images); part >= smallestPart; part--) if (images % part === 0) return part;
  return null;
}

/** Pictures of one run of the program for a batch in at least `accumulate` parts; null if it has no such parts. */
export const partFor = (batch: number, accumulate: number): number | null =>
  accumulate === 1 ? batch : equalPart(batch, Math.max(smallestPart, Math.floor(batch / accumulate)));

export const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));
