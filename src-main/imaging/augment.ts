// Random changes of training pictures. Whatever moves the pixels moves the region with them.
// Pictures come as bytes (HWC, S x S) with masks (1 inside the region), and leave as float32 NCHW in [0,1]
// in the caller's arrays; scratch memory is kept, so a step allocates nothing.

import type { Settings } from '../contracts/settings.ts';
import { replaceOutside, outsideShare, type OutsideFill } from './outside.ts';

/** Settings of a run that concern its pictures. */
export type AugmentSettings = Pick<Settings, 'flip' | 'shift' | 'outside' | 'outsideProbability'>;

/** What evaluation uses: the pictures as they are. */
export const noAugmentation: AugmentSettings = {
  flip: false,
  shift: 0,
  outside: 'none',
  outsideProbability: 0,
};

export interface Batch {
  /** [count, 3, S, S] in [0,1]. */
  images: Float32Array;
  /** [count, 1, S, S], 1 inside the region, 0 outside; all 0 for a picture without one. */
  masks: Float32Array;
}

/** A picture with less outside than this lends none: it has next to nothing but its object. */
const leastOutsideLent = 0.05;

export class Augmenter {
  readonly #size: number;
  readonly #settings: AugmentSettings;
  readonly #scratch: Uint8Array;

  constructor(size: number, settings: AugmentSettings) {
    this.#size = size;
    this.#settings = settings;
    this.#scratch = new Uint8Array(size * size * 3);
  }

  /**
   * Fills a batch. The same uniform sequence gives the same batch, bit for bit; each picture draws the same
   * number of values whatever its settings decide, so that one option does not shift another's dice.
   * @param images  each [S * S * 3], HWC
   * @param masks     each [S * S] of 0 or 1, or null for a picture without a region (its outside stays)
   * @param uniform   [0, 1)
   * @returns         how many pictures had their outside replaced
   */
  fill(
    images: readonly Uint8Array[],
    masks: readonly (Uint8Array | null)[],
    uniform: () => number,
    out: Batch,
  ): number {
    const { flip, shift, outside, outsideProbability } = this.#settings;
    const size = this.#size;
    const reach = Math.round(shift * size);
    const lenders = outside === 'swap' ? this.#lendersOf(masks) : [];
    let replaced = 0;
    for (let i = 0; i < images.length; i++) {
      const dice = [uniform(), uniform(), uniform(), uniform(), uniform()];
      const mask = masks[i];
      let pixels = images[i];
      if (outside !== 'none' && mask !== null && dice[0] < outsideProbability) {
        const fill = this.#outsideFill(outside, i, lenders, dice[1], images, masks);
        if (fill !== null) {
          replaceOutside(pixels, mask, size, fill, this.#scratch);
          pixels = this.#scratch;
          replaced++;
        }
      }
      const mirrored = flip && dice[2] < 0.5;
      const dx = Math.floor(dice[3] * (2 * reach + 1)) - reach;
      const dy = Math.floor(dice[4] * (2 * reach + 1)) - reach;
      writeImage(pixels, mask, size, { mirrored, dx, dy }, i, out);
    }
    return replaced;
  }

  #lendersOf(masks: readonly (Uint8Array | null)[]): number[] {
    const lenders: number[] = [];
    masks.forEach((mask, i) => {
      if (mask !== null && outsideShare(mask) >= leastOutsideLent) lenders.push(i);
    });
    return lenders;
  }

  /** Null when nobody else in the batch has an outside to lend. */
  #outsideFill(
    kind: Exclude<Settings['outside'], 'none'>,
    receiver: number,
    lenders: number[],
    die: number,
    images: readonly Uint8Array[],
    masks: readonly (Uint8Array | null)[],
  ): OutsideFill | null {
    if (kind !== 'swap') return { kind };
    const place = lenders.indexOf(receiver);
    const others = lenders.length - (place < 0 ? 0 : 1);
    if (others === 0) return null;
    let pick = Math.floor(die * others);
    if (place >= 0 && pick >= place) pick++;
    const lender = lenders[pick];
    return { kind, pixels: images[lender], mask: masks[lender]! };
  }
}

/** Where each output pixel comes from: mirrored first, then moved right by dx and down by dy, in pixels. */
interface Move {
  mirrored: boolean;
  dx: number;
  dy: number;
}

/** Reflection without repeating the rim: -1 is 1, size is size - 2. */
function reflect(i: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const at = ((i % period) + period) % period;
  return at < size ? at : period - at;
}

/** A byte as a share of the full range. */
const shares = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

function writeImage(
  pixels: Uint8Array,
  mask: Uint8Array | null,
  size: number,
  { mirrored, dx, dy }: Move,
  index: number,
  out: Batch,
): void {
  const plane = size * size;
  const red = index * 3 * plane;
  const maskAt = index * plane;
  const { images, masks } = out;
  if (mask === null) masks.fill(0, maskAt, maskAt + plane);
  // This loop is most of the work of a batch: whatever does not depend on the pixel is outside it.
  const columns = new Int32Array(size);
  for (let x = 0; x < size; x++) {
    const column = reflect(x - dx, size);
    columns[x] = mirrored ? size - 1 - column : column;
  }
  for (let y = 0; y < size; y++) {
    const row = reflect(y - dy, size) * size;
    let to = red + y * size;
    for (let x = 0; x < size; x++, to++) {
      const from = 3 * (row + columns[x]);
      images[to] = shares[pixels[from]];
      images[to + plane] = shares[pixels[from + 1]];
      images[to + 2 * plane] = shares[pixels[from + 2]];
    }
    if (mask !== null) {
      const line = maskAt + y * size;
      for (let x = 0; x < size; x++) masks[line + x] = mask[row + columns[x]];
    }
  }
}
