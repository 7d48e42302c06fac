// Right or wrong, for the right or the wrong reason: test pictures sorted into four fields by the prediction
// and by where the heat lies.

import type { ClassId, EvaluatedImage } from '../../src-main/contracts/index.ts';

export type Quadrant = 'right-inside' | 'right-outside' | 'wrong-inside' | 'wrong-outside';

/** Whether the heat of a picture lies inside; null without a region or without heat. */
export type Inside = (image: EvaluatedImage) => boolean | null;

export function quadrantOf(image: EvaluatedImage, inside: Inside): Quadrant | null {
  const isIn = inside(image);
  if (isIn === null) return null;
  return `${image.correct ? 'right' : 'wrong'}-${isIn ? 'inside' : 'outside'}`;
}

/** How many pictures lie in each field, and how many in none. */
export function countQuadrants(
  images: readonly EvaluatedImage[],
  inside: Inside,
): Record<Quadrant | 'unmeasured', number> {
  const counts = {
    'right-inside': 0,
    'right-outside': 0,
    'wrong-inside': 0,
    'wrong-outside': 0,
    unmeasured: 0,
  };
  for (const image of images) counts[quadrantOf(image, inside) ?? 'unmeasured'] += 1;
  return counts;
}

/** Values in equal steps from 0 to `most`, the last with all beyond; null ones are left out. */
export function histogramOf(values: readonly (number | null)[], bins: number, most = 1): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const value of values)
    if (value !== null) counts[Math.min(bins - 1, Math.floor((value / most) * bins))] += 1;
  return counts;
}

/** Of each class, how many pictures lie in a field; most first, classes without any left out. */
export function quadrantByClass(
  images: readonly EvaluatedImage[],
  quadrant: Quadrant,
  inside: Inside,
): { classId: ClassId; count: number; of: number }[] {
  const rows = new Map<ClassId, { classId: ClassId; count: number; of: number }>();
  for (const image of images) {
    const row = rows.get(image.classId) ?? { classId: image.classId, count: 0, of: 0 };
    row.of += 1;
    if (quadrantOf(image, inside) === quadrant) row.count += 1;
    rows.set(image.classId, row);
  }
  return [...rows.values()]
    .filter((row) => row.count > 0)
    .sort((one, other) => other.count / other.of - one.count / one.of);
}
