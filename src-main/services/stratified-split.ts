// Which picture goes to train, selection and test: class by class, from a seed, and nothing else, so that it
// can be foretold before anything is written.

import type { Split } from '../contracts/dataset.ts';
import { randomFromSeed } from '../engine/nn/random.ts';
import type { StoredImage } from '../storage/images.ts';

export interface SplitOptions {
  seed: number;
  /** Share of the pictures that are not test. */
  selection: number;
  /** Share of all pictures; used only when there is no test part to keep. */
  test: number;
  /** Assigns the test part anew, too. */
  fresh: boolean;
}

/**
 * @param keepsTest  pictures of the test part stay there, and no others come to it
 * @returns          the part of each picture, by id; the same for the same pictures, classes and seed
 */
export function stratifiedSplit(
  images: readonly Pick<StoredImage, 'id' | 'classId' | 'split'>[],
  { seed, selection, test }: SplitOptions,
  keepsTest: boolean,
): Map<number, Split> {
  const random = randomFromSeed(seed);
  const assigned = new Map<number, Split>();
  // Pictures without class are a group of their own: they may get a class later.
  const groups = Map.groupBy(images, (image) => image.classId ?? 0);
  for (const classId of [...groups.keys()].sort((a, b) => a - b)) {
    const group = groups.get(classId)!;
    const kept = keepsTest ? group.filter((image) => image.split === 'test') : [];
    for (const image of kept) assigned.set(image.id, 'test');
    const rest = group.filter((image) => !keepsTest || image.split !== 'test').map((image) => image.id);
    random.fork(`class ${classId}`).shuffle(rest);
    const tests = keepsTest ? 0 : partOf(rest.length, test);
    const selections = partOf(rest.length - tests, selection);
    rest.forEach((id, index) =>
      assigned.set(id, index < tests ? 'test' : index < tests + selections ? 'selection' : 'train'),
    );
  }
  return assigned;
}

/** The share of `count`, but at least one of two or more, and never all. */
const partOf = (count: number, share: number): number =>
  share === 0 || count < 2 ? 0 : Math.min(count - 1, Math.max(1, Math.round(count * share)));

/** How a run assigns pictures that nobody has assigned yet. */
export const usualSplit = (seed: number): SplitOptions => ({
  seed,
  selection: 0.15,
  test: 0.2,
  fresh: false,
});
