// Pictures of a set as they are not: with their outside blurred or another picture's, as one of four in a composite, or
// gone bad. What is drawn follows from seed and picture, not from the batch.

import {
  corrupt,
  corruptionById,
  corruptions,
  drawOthers,
  outsideShare,
  replaceOutside,
  writeComposite,
  type OutsideFill,
  type Severity,
} from '../../imaging/index.ts';
import type { MeasureContext } from '../measures/index.ts';
import type { Random } from '../nn/random.ts';
import { strangersOf, writePlanes, type ImageSet } from './image-set.ts';

/** A picture with less outside has next to nothing to lend but its object. */
const leastOutsideLent = 0.05;

export function backgroundVariantsOf(
  set: ImageSet,
  classes: number,
  random: Random,
): Pick<MeasureContext, 'replaceOutside' | 'composites' | 'corruptions' | 'corrupt'> {
  const { sizePx, images: labelledImages } = set;
  const changed = new Uint8Array(3 * sizePx * sizePx);
  let lenders: readonly number[] | null = null;
  const findLenders = (): readonly number[] =>
    labelledImages.flatMap((_, index) => {
      const regionMask = set.regionMask(index);
      return regionMask && outsideShare(regionMask) >= leastOutsideLent ? [index] : [];
    });
  const strangers = strangersOf(labelledImages, classes);

  /** The outside of another picture, of another class where there is one. */
  async function lentOutside(index: number): Promise<OutsideFill | null> {
    lenders ??= findLenders();
    const classIndex = labelledImages[index].classIndex;
    const others = lenders.filter((lender) => lender !== index);
    const strangers = others.filter((lender) => labelledImages[lender].classIndex !== classIndex);
    const from = strangers.length > 0 ? strangers : others;
    if (from.length === 0) return null;
    const lender = from[random.fork(`lender/${index}`).below(from.length)];
    return { kind: 'swap', pixels: await set.pixels(lender), mask: set.regionMask(lender)! };
  }

  return {
    async replaceOutside(place, how, into, at) {
      const regionMask = set.regionMask(place);
      if (!regionMask) return false;
      const fill: OutsideFill | null = how === 'blur' ? { kind: 'blur' } : await lentOutside(place);
      if (fill === null) return false;
      replaceOutside(await set.pixels(place), regionMask, sizePx, fill, changed);
      writePlanes(changed, into, at);
      return true;
    },
    corruptions,
    async corrupt(place, id, severity, into, at) {
      const dice = random.fork(`${id}/${severity}/${place}`);
      const pixels = await set.pixels(place);
      const gone = await corrupt(corruptionById(id), pixels, sizePx, severity as Severity, dice);
      writePlanes(gone, into, at);
    },
    async composites(start, count) {
      const images = new Float32Array(count * 3 * 4 * sizePx * sizePx);
      const four = new Float32Array(4 * 3 * sizePx * sizePx);
      const cells: (number | null)[] = [];
      for (let i = 0; i < count; i++) {
        const dice = random.fork(`composite/${start + i}`);
        const classIndex = labelledImages[start + i].classIndex;
        const others = drawOthers(strangers(classIndex), classIndex, dice.uniform);
        if (others === null) {
          cells.push(null);
          continue;
        }
        for (const [at, index] of [start + i, ...others].entries())
          writePlanes(await set.pixels(index), four, at);
        const cell = dice.below(4);
        cells.push(cell);
        const into = images.subarray(i * four.length, (i + 1) * four.length);
        writeComposite(four, 0, four, [1, 2, 3], cell, sizePx, into);
      }
      return { images, cells };
    },
  };
}
