// What a measure says of itself. The figures themselves come from the function beside each description; the
// evaluation in engine/training decides which pictures and maps go in.

import type { Described } from '../nn/registry.ts';

export interface Measure extends Described {
  /** Which way is better; 'none' where neither is. */
  readonly direction: 'higher' | 'lower' | 'none';
  /** Least and greatest value; null where it has no bound. */
  readonly range: readonly [number | null, number | null];
  /** What the value is: 'share' of 1, 'nats'. */
  readonly unit: string;
}

/** Mean of what could be measured; null if nothing could. */
export function meanOf(values: readonly (number | boolean | null)[]): number | null {
  let total = 0;
  let count = 0;
  for (const value of values) {
    if (value === null) continue;
    total += Number(value);
    count += 1;
  }
  return count > 0 ? total / count : null;
}
