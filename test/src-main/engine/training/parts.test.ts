import { describe, expect, it } from 'vitest';
import { partFor } from '../../../../src-main/engine/training/parts.ts';

describe('the equal parts of a batch', () => {
  it.each([
    [16, 1, 16],
    [16, 2, 8],
    [16, 3, 4], // four parts, since three are not equal
    [9, 2, 3],
    [10, 4, 2],
    [7, 1, 7],
    [4, 4, 2], // batch-norm needs two
  ])('%d images in at least %d parts are %d at a time', (batch, accumulate, part) => {
    expect(partFor(batch, accumulate)).toBe(part);
  });

  it('are none for a prime number of images, or where more are asked for than can be equal', () => {
    expect(partFor(7, 2)).toBeNull();
    expect(partFor(9, 4)).toBeNull();
  });

  it('divide the batch, hold two images or more, and are as many as asked for where there are so many', () => {
    for (let batch = 2; batch <= 64; batch++)
      for (let accumulate = 2; accumulate <= batch / 2; accumulate++) {
        const part = partFor(batch, accumulate);
        if (part === null) continue;
        expect(batch % part).toBe(0);
        expect(part).toBeGreaterThanOrEqual(2);
        expect(batch / part).toBeGreaterThanOrEqual(accumulate);
      }
  });
});
