// Random numbers from a seed, with a state that can be written into a checkpoint and read back: a resumed run must
// draw exactly what an uninterrupted one would have drawn. Generator: xoshiro128** 1.1 (Blackman & Vigna 2021),
// seeded through splitmix32.

import { AppError } from '../../contracts/errors.ts';

/** Four 32-bit words, not all zero. */
export type RandomState = readonly [number, number, number, number];

export interface Random {
  state(): RandomState;
  /** In [0, 1), 24 bits: exact in float32. */
  uniform(): number;
  /** Integer in [0, count), unbiased. @param count 1 … 2^32 */
  below(count: number): number;
  /** Mean 0, standard deviation 1. Uses two draws and keeps none, so that the state is the four words only. */
  normal(): number;
  /** Shuffles in place (Fisher–Yates) and returns the same array. */
  shuffle<T extends unknown[] | Int32Array | Uint32Array>(items: T): T;
  /**
   * A generator of its own for one purpose. It depends on this one's present state and the name and draws nothing
   * from it, so parts that fork under different names do not disturb each other.
   */
  fork(name: string): Random;
}

export function randomFromSeed(seed: number): Random {
  return generator(expand([seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0]));
}

export function randomFromState(state: readonly number[]): Random {
  const words = state.map((word) => word >>> 0);
  if (words.length !== 4 || state.some((word, i) => word !== words[i]) || words.every((word) => word === 0))
    throw new AppError('bad-input', 'the state of a random generator is four 32-bit words, not all zero');
  return generator(words as unknown as RandomState);
}

function generator(initial: RandomState): Random {
  let [a, b, c, d] = initial;

  function next(): number {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  }

  const self: Random = {
    state: () => [a >>> 0, b >>> 0, c >>> 0, d >>> 0],
    uniform: () => (next() >>> 8) / 2 ** 24,
    below(count) {
      if (!Number.isInteger(count) || count < 1 || count > 2 ** 32)
        throw new AppError('bad-input', `cannot draw below ${count}`);
      const limit = 2 ** 32 - (2 ** 32 % count); // values past it would favour small results
      let drawn = next();
      while (drawn >= limit) drawn = next();
      return drawn % count;
    },
    normal() {
      const radius = Math.sqrt(-2 * Math.log((next() + 1) / 2 ** 32)); // + 1: never log 0
      return radius * Math.cos((2 * Math.PI * next()) / 2 ** 32);
    },
    shuffle(items) {
      for (let last = items.length - 1; last > 0; last--) {
        const other = self.below(last + 1);
        [items[last], items[other]] = [items[other], items[last]];
      }
      return items;
    },
    fork: (name) => generator(expand([...self.state(), ...new TextEncoder().encode(name)])),
  };
  return self;
}

/** Absorbs numbers into four well-mixed words. */
function expand(numbers: readonly number[]): RandomState {
  let hash = numbers.length;
  for (const number of numbers) hash = mix((hash ^ number) + 0x9e3779b9);
  const words = [1, 2, 3, 4].map((i) => mix(hash + Math.imul(i, 0x9e3779b9)) >>> 0);
  return (words.every((word) => word === 0) ? [1, 2, 3, 4] : words) as unknown as RandomState;
}

/** The finaliser of splitmix32 (a bijection of 32-bit words). */
function mix(word: number): number {
  word = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
  word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
  return word ^ (word >>> 15);
}

const rotateLeft = (word: number, by: number): number => (word << by) | (word >>> (32 - by));
