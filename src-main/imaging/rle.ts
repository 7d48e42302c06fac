// Run-length code of binary masks: column-major, zeros first, as COCO has it. Masks in memory are
// row-major bytes of 0 or 1, one a pixel. The compressed string is pycocotools' (maskApi.c, rleToString).

import type { Rle } from '../contracts/geometry.ts';
import { AppError } from '../contracts/errors.ts';

/** Largest mask that is decoded, in pixels; the limit of decoded pictures (decode.ts) for the same reason. */
const maxPixels = 268_402_689;

/**
 * @param mask  [height * width], row-major; anything but 0 counts as set
 * @returns     runs that sum to width * height
 */
export function encodeRle(mask: Uint8Array, width: number, height: number): Rle {
  const counts: number[] = [];
  let current = 0;
  let run = 0;
  for (let x = 0; x < width; x++)
    for (let y = 0, at = x; y < height; y++, at += width) {
      const value = mask[at] === 0 ? 0 : 1;
      if (value !== current) {
        counts.push(run);
        run = 0;
        current = value;
      }
      run++;
    }
  counts.push(run);
  return { width, height, counts };
}

/** @returns [height * width], row-major, 0 or 1. Throws bad-input when the runs do not fill the mask exactly. */
export function decodeRle(rle: Rle): Uint8Array {
  checkRle(rle);
  const { width, height, counts } = rle;
  const mask = new Uint8Array(width * height);
  let x = 0;
  let y = 0;
  for (let i = 0; i < counts.length; i++) {
    let left = counts[i];
    while (left > 0) {
      const inColumn = Math.min(left, height - y);
      if (i % 2 === 1) for (let at = y * width + x, n = inColumn; n > 0; n--, at += width) mask[at] = 1;
      left -= inColumn;
      y += inColumn;
      if (y === height) {
        y = 0;
        x++;
      }
    }
  }
  return mask;
}

/** Throws bad-input unless the counts are whole, not negative, and sum to width * height. */
export function checkRle({ width, height, counts }: Rle): void {
  if (width * height > maxPixels)
    throw new AppError('bad-input', `a mask of ${width} x ${height} pixels is too large`, {
      reason: `at most ${maxPixels} pixels`,
    });
  let sum = 0;
  for (const count of counts) {
    if (!Number.isInteger(count) || count < 0)
      throw new AppError('bad-input', 'a run length is not a whole number of pixels', {
        reason: String(count),
      });
    sum += count;
  }
  if (sum !== width * height)
    throw new AppError('bad-input', 'the run lengths do not fill the mask', {
      reason: `they sum to ${sum}, the mask has ${width} x ${height} = ${width * height} pixels`,
    });
}

/** Number of set pixels. */
export function areaOfRle(rle: Rle): number {
  let area = 0;
  for (let i = 1; i < rle.counts.length; i += 2) area += rle.counts[i];
  return area;
}

/**
 * Compressed COCO string: each count in groups of five bits, least significant first, bit 0x20 says that
 * more follow, offset 48; from the fourth count on the difference to the count two before is stored.
 */
export function rleToString(rle: Rle): string {
  let text = '';
  rle.counts.forEach((count, i) => {
    let value = i > 2 ? count - rle.counts[i - 2] : count;
    for (;;) {
      let bits = value & 0x1f;
      value >>= 5;
      // The last group's top bit is the sign, so stop only when the rest is its mere extension.
      const more = bits & 0x10 ? value !== -1 : value !== 0;
      if (more) bits |= 0x20;
      text += String.fromCharCode(bits + 48);
      if (!more) break;
    }
  });
  return text;
}

/** Throws bad-input on characters outside the code, on a number cut short, or when the mask is not filled. */
export function rleFromString(text: string, width: number, height: number): Rle {
  const counts: number[] = [];
  let at = 0;
  while (at < text.length) {
    let value = 0;
    let shift = 0;
    for (;;) {
      const bits = text.charCodeAt(at) - 48; // NaN past the end
      if (!(bits >= 0 && bits < 64) || shift > 30)
        throw new AppError('bad-input', 'the compressed mask is damaged', { place: `character ${at + 1}` });
      at++;
      value |= (bits & 0x1f) << shift;
      shift += 5;
      if ((bits & 0x20) === 0) {
        if (bits & 0x10 && shift < 32) value |= -1 << shift;
        break;
      }
    }
    if (counts.length > 2) value += counts[counts.length - 2];
    counts.push(value);
  }
  const rle = { width, height, counts };
  checkRle(rle);
  return rle;
}
