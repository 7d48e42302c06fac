import { describe, expect, it } from 'vitest';
import { initialise, type ParamSpec } from '../../../../src-main/engine/nn/params.ts';
import { randomFromSeed } from '../../../../src-main/engine/nn/random.ts';

const specs: ParamSpec[] = [
  { name: 'conv', shape: [64, 16, 3, 3], init: 'he', decay: true },
  { name: 'head', shape: [10, 400], init: 'linear', decay: true },
  { name: 'scale', shape: [5], init: 'ones', decay: false },
  { name: 'shift', shape: [5], init: 'zeros', decay: false },
];

describe('first values of the weights', () => {
  it('depend on the seed and the name, not on the order of the list', () => {
    const forwards = initialise(specs, randomFromSeed(1));
    const backwards = initialise([...specs].reverse(), randomFromSeed(1));
    for (const { name } of specs) expect(backwards.get(name)).toEqual(forwards.get(name));
    expect(initialise(specs, randomFromSeed(2)).get('conv')).not.toEqual(forwards.get('conv'));
  });

  it('have the deviation sqrt(2 / fan-out) for convolutions and the bound 1/sqrt(fan-in) for the head', () => {
    const values = initialise(specs, randomFromSeed(1));
    const conv = values.get('conv')!;
    const variance = conv.reduce((sum, x) => sum + x * x, 0) / conv.length;
    expect(variance / (2 / (64 * 9))).toBeCloseTo(1, 1);
    const head = values.get('head')!;
    expect(Math.max(...head)).toBeLessThanOrEqual(0.05);
    expect(Math.max(...head)).toBeGreaterThan(0.049);
    expect(Math.min(...head)).toBeLessThan(-0.049);
    expect([...values.get('scale')!, ...values.get('shift')!]).toEqual([1, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
  });
});
