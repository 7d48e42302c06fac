import { describe, expect, it } from 'vitest';
import type { Split } from '../../../src-main/contracts/dataset.ts';
import type { ClassId, ImageId } from '../../../src-main/contracts/ids.ts';
import { stratifiedSplit } from '../../../src-main/services/stratified-split.ts';

const images = (split: (index: number) => Split | null = () => null) =>
  Array.from({ length: 100 }, (_, index) => ({
    id: (index + 1) as ImageId,
    classId: (index < 60 ? 1 : index < 97 ? 2 : 3) as ClassId,
    split: split(index),
  }));
const options = { seed: 7, selection: 0.15, test: 0.2, fresh: false };
const count = (assigned: Map<number, Split>, ids: number[], split: Split) =>
  ids.filter((id) => assigned.get(id) === split).length;

describe('dealing out pictures', () => {
  it('gives every class its share of each part, and small classes at least one where they can', () => {
    const all = images();
    const assigned = stratifiedSplit(all, options, false);
    expect(assigned.size).toBe(100);
    const parts = [1, 2, 3].map((classId) => {
      const ids = all.filter((image) => image.classId === classId).map((image) => image.id as number);
      return (['train', 'selection', 'test'] as const).map((split) => count(assigned, ids, split));
    });
    expect(parts).toEqual([
      [41, 7, 12],
      [25, 5, 7],
      [1, 1, 1],
    ]);
  });

  it('is the same for the same seed and another for another', () => {
    const first = stratifiedSplit(images(), options, false);
    expect(stratifiedSplit(images(), options, false)).toEqual(first);
    expect(stratifiedSplit(images(), { ...options, seed: 8 }, false)).not.toEqual(first);
  });

  it('leaves an imported test part as it is', () => {
    const imported = images((index) => (index % 10 === 0 ? 'test' : 'train'));
    const assigned = stratifiedSplit(imported, options, true);
    for (const image of imported) expect(assigned.get(image.id) === 'test').toBe(image.split === 'test');
    expect([...assigned.values()].filter((split) => split === 'selection').length).toBeGreaterThan(0);
  });
});
