import { describe, expect, it } from 'vitest';
import { randomFromSeed, randomFromState } from '../../../../src-main/engine/nn/random.ts';

describe('random generator', () => {
  it('is xoshiro128**: the first outputs from the state 1, 2, 3, 4 are those of the published algorithm', () => {
    // Worked out by hand from the published C code: the result is rotl(s1 * 5, 7) * 9.
    const random = randomFromState([1, 2, 3, 4]);
    expect(random.below(2 ** 32)).toBe(11520); // rotl(10, 7) * 9
    expect(random.state()).toEqual([7, 0, 1026, 12288]);
    expect(random.below(2 ** 32)).toBe(0);
    expect(random.below(2 ** 32)).toBe(5927040);
  });

  it('continues from a stored state exactly as if it had never stopped', () => {
    const random = randomFromSeed(7);
    for (let i = 0; i < 13; i++) random.normal();
    const resumed = randomFromState(JSON.parse(JSON.stringify(random.state())) as number[]);
    const draw = (from: typeof random): unknown[] => [
      from.normal(),
      from.uniform(),
      from.below(10),
      from.shuffle([1, 2, 3, 4, 5]),
    ];
    expect(draw(resumed)).toEqual(draw(random));
  });

  it('gives every seed and every fork its own sequence', () => {
    const first = (seed: number): number => randomFromSeed(seed).uniform();
    expect(new Set([0, 1, 2, 3, 2 ** 32, 2 ** 32 + 1].map(first)).size).toBe(6);
    const parent = randomFromSeed(1);
    expect(
      new Set([
        parent.fork('a').uniform(),
        parent.fork('b').uniform(),
        parent.fork('').uniform(),
        parent.uniform(),
      ]).size,
    ).toBe(4);
  });

  it('forks without drawing from the parent', () => {
    const one = randomFromSeed(5);
    const other = randomFromSeed(5);
    one.fork('order').uniform();
    expect(one.uniform()).toBe(other.uniform());
  });

  it('draws uniform and normal numbers with the right mean, variance and fourth moment', () => {
    const random = randomFromSeed(11);
    const count = 200_000;
    const moments = (draw: () => number): number[] => {
      const sums = [0, 0, 0];
      for (let i = 0; i < count; i++) {
        const x = draw();
        sums[0] += x;
        sums[1] += x * x;
        sums[2] += x ** 4;
      }
      return sums.map((sum) => sum / count);
    };
    const [mean, second] = moments(() => random.uniform());
    expect(mean).toBeCloseTo(1 / 2, 2);
    expect(second).toBeCloseTo(1 / 3, 2);
    const [normalMean, variance, fourth] = moments(() => random.normal());
    expect(normalMean).toBeCloseTo(0, 1.8);
    expect(variance).toBeCloseTo(1, 1.8);
    expect(fourth).toBeGreaterThan(2.85);
    expect(fourth).toBeLessThan(3.15);
  });

  it('shuffles every order of three about equally often', () => {
    const random = randomFromSeed(3);
    const counts = new Map<string, number>();
    for (let i = 0; i < 12_000; i++) {
      const key = random.shuffle([0, 1, 2]).join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['012', '021', '102', '120', '201', '210']);
    for (const count of counts.values()) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });

  it('refuses a state that is not four words or all zero', () => {
    for (const state of [
      [1, 2, 3],
      [0, 0, 0, 0],
      [1, 2, 3, 4.5],
      [1, 2, 3, -1],
    ])
      expect(() => randomFromState(state)).toThrow('four 32-bit words');
  });
});
