// Work that holds memory waits for its turn.

import { describe, expect, it } from 'vitest';
import { Turns } from '../../../src-main/imaging/index.ts';

describe('turns', () => {
  const later = () => new Promise((resolve) => setTimeout(resolve, 5));

  it('let side by side what fits the budget, and alone what exceeds it', async () => {
    const turns = new Turns(100);
    let held = 0;
    let most = 0;
    const heldBeside: number[] = [];
    const sizes = [60, 60, 30, 30, 500, 10, 90, 500, 20, 100];
    await Promise.all(
      sizes.map((size) =>
        turns.take(size, async () => {
          held += size;
          if (size > 100) heldBeside.push(held - size);
          else most = Math.max(most, held);
          await later();
          held -= size;
        }),
      ),
    );
    expect(most).toBeLessThanOrEqual(100);
    expect(most).toBeGreaterThan(60);
    expect(heldBeside).toEqual([0, 0]);
  });

  it('begin in order, so that the large does not wait for ever, and go on after a failure', async () => {
    const turns = new Turns(10);
    const begun: number[] = [];
    const outcomes = await Promise.allSettled(
      [6, 10, 4, 1].map((size) =>
        turns.take(size, async () => {
          begun.push(size);
          await later();
          if (size === 10) throw new Error('failed');
        }),
      ),
    );
    expect(begun).toEqual([6, 10, 4, 1]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  });
});
