// Random numbers of the sample: a picture's depend on seed, split and index alone, so any one can be drawn
// by itself and a change of the counts changes no other picture.

/**
 * Where the sample's look was chosen, other pictures came from each seed: so those that the benches report,
 * 0 to 4, were never looked at. A change of the drawing takes a new number.
 */
const edition = 6;

/** Well mixed 32 bits of three numbers: splitmix's finaliser over each in turn. */
function hash(...parts: number[]): number {
  let state = 0x9e3779b9;
  for (const part of [edition, ...parts]) {
    state = (state ^ (part >>> 0)) >>> 0;
    state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
    state = (state ^ (state >>> 16)) + 0x6d2b79f5;
  }
  return state >>> 0;
}

export interface Dice {
  /** [0, 1) */
  unit(): number;
  between(low: number, high: number): number;
  /** 0 … count - 1 */
  index(count: number): number;
  pick<T>(choices: readonly T[]): T;
  /** Standard normal, by Box and Muller. */
  normal(): number;
}

/** A stream of its own for each list of numbers (mulberry32 from their hash). */
export function diceOf(...parts: number[]): Dice {
  let state = hash(...parts);
  const unit = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  return {
    unit,
    between: (low, high) => low + (high - low) * unit(),
    index: (count) => Math.floor(unit() * count),
    pick: (choices) => choices[Math.floor(unit() * choices.length)],
    normal: () => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit()),
  };
}

/**
 * Smooth random field: bicubic-like interpolation of values on a lattice, several octaves.
 * @returns a function of pixel coordinates with values about 0..1, mean 0.5
 */
export function noiseField(dice: Dice, cellPx: number, octaves: number): (x: number, y: number) => number {
  const salt = Math.floor(dice.unit() * 0x7fffffff);
  const lattice = (octave: number, i: number, j: number) => {
    let h = Math.imul(i + 1013, 0x27d4eb2d) ^ Math.imul(j + 7919, 0x165667b1) ^ (salt + octave * 0x3c6ef35f);
    h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
  };
  return (x, y) => {
    let sum = 0;
    let weight = 0;
    let amplitude = 1;
    let scale = 1 / cellPx;
    for (let octave = 0; octave < octaves; octave++) {
      const u = x * scale;
      const v = y * scale;
      const i = Math.floor(u);
      const j = Math.floor(v);
      const s = ease(u - i);
      const t = ease(v - j);
      const top = lattice(octave, i, j) * (1 - s) + lattice(octave, i + 1, j) * s;
      const bottom = lattice(octave, i, j + 1) * (1 - s) + lattice(octave, i + 1, j + 1) * s;
      sum += amplitude * (top * (1 - t) + bottom * t);
      weight += amplitude;
      amplitude *= 0.55;
      scale *= 2;
    }
    return sum / weight;
  };
}

const ease = (t: number) => t * t * (3 - 2 * t);
