// Right or wrong, for the right or the wrong reason: test pictures sorted into four fields by the prediction
// and by where the heat lies.

import type { ClassId, EvaluatedImage } from '../../src-main/contracts/index.ts';

export type Quadrant = 'right-inside' | 'right-outside' | 'wrong-inside' | 'wrong-outside';

/** Heat counts as inside from a share of `insideFrom` (0..1) on. Null without a region or without heat. */
export function quadrantOf(image: EvaluatedImage, insideFrom: number): Quadrant | null {
  if (image.energyInBox === null) return null;
  const inside = image.energyInBox >= insideFrom ? 'inside' : 'outside';
  return image.correct ? `right-${inside}` : `wrong-${inside}`;
}

/** How many pictures lie in each field, and how many in none. */
export function countQuadrants(
  images: EvaluatedImage[],
  insideFrom: number,
): Record<Quadrant | 'unmeasured', number> {
  const counts = {
    'right-inside': 0,
    'right-outside': 0,
    'wrong-inside': 0,
    'wrong-outside': 0,
    unmeasured: 0,
  };
  for (const image of images) counts[quadrantOf(image, insideFrom) ?? 'unmeasured'] += 1;
  return counts;
}

/** Pictures by their share of heat inside, in equal steps of 0..1; those without a share are left out. */
export function shareHistogram(images: EvaluatedImage[], bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const { energyInBox } of images)
    if (energyInBox !== null) counts[Math.min(bins - 1, Math.floor(energyInBox * bins))] += 1;
  return counts;
}

/** Of each class, how many pictures lie in a field; most first, classes without any left out. */
export function quadrantByClass(
  images: EvaluatedImage[],
  quadrant: Quadrant,
  insideFrom: number,
): { classId: ClassId; count: number; of: number }[] {
  const rows = new Map<ClassId, { classId: ClassId; count: number; of: number }>();
  for (const image of images) {
    const row = rows.get(image.classId) ?? { classId: image.classId, count: 0, of: 0 };
    row.of += 1;
    if (quadrantOf(image, insideFrom) === quadrant) row.count += 1;
    rows.set(image.classId, row);
  }
  return [...rows.values()]
    .filter((row) => row.count > 0)
    .sort((one, other) => other.count / other.of - one.count / one.of);
}
