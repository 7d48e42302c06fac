// What lies outside a picture's region is replaced: by another picture's outside, a blur, black or grey.
// As augmentation it breaks the tie between a class and its surroundings; at test time it is the behavioural
// check of the same.

export type OutsideFill =
  | { kind: 'black' | 'grey' | 'blur' }
  /** [S * S * 3] and [S * S] of the picture that lends its outside. */
  | { kind: 'swap'; pixels: Uint8Array; mask: Uint8Array };

/** Share of a mask that is outside, 0..1. */
export function outsideShare(mask: Uint8Array): number {
  let inside = 0;
  for (let i = 0; i < mask.length; i++) inside += mask[i];
  return 1 - inside / mask.length;
}

/**
 * Writes the picture with its outside replaced. Inside pixels are copied unchanged.
 * @param pixels  [S * S * 3], HWC
 * @param mask    [S * S], 1 inside
 * @param out     [S * S * 3], not the same array as `pixels`
 */
export function replaceOutside(
  pixels: Uint8Array,
  mask: Uint8Array,
  size: number,
  fill: OutsideFill,
  out: Uint8Array,
): void {
  if (fill.kind === 'swap') outsideOf(fill.pixels, fill.mask, size, out);
  else if (fill.kind === 'blur') blurOutside(pixels, mask, size, out);
  else out.fill(fill.kind === 'black' ? 0 : 128);
  for (let i = 0; i < mask.length; i++)
    if (mask[i] !== 0) {
      out[3 * i] = pixels[3 * i];
      out[3 * i + 1] = pixels[3 * i + 1];
      out[3 * i + 2] = pixels[3 * i + 2];
    }
}

/**
 * A picture without its object: outside pixels as they are, and in each row the region is painted over with
 * the reflection of what lies beside it. Otherwise the lender's object would show wherever it is larger than
 * the receiver's region, and with it evidence of the wrong class.
 */
function outsideOf(pixels: Uint8Array, mask: Uint8Array, size: number, out: Uint8Array): void {
  out.set(pixels);
  let rowBefore = -1;
  for (let y = 0; y < size; y++) {
    const row = y * size;
    let first = -1;
    let last = -1;
    let outside = 0;
    for (let x = 0; x < size; x++)
      if (mask[row + x] !== 0) {
        if (first < 0) first = x;
        last = x;
      } else outside++;
    if (outside === 0) continue; // filled from its neighbours below
    if (first >= 0) paintOver(out, mask, row, size, first, last);
    // Rows wholly inside the region repeat, mirrored, what was painted above and below them.
    fillRows(out, size, rowBefore, y);
    rowBefore = y;
  }
  if (rowBefore < 0) out.fill(128);
  else fillRows(out, size, rowBefore, size);
}

/** Paints the inside pixels of one row by reflection about the region's two edges, nearer edge first. */
function paintOver(
  out: Uint8Array,
  mask: Uint8Array,
  row: number,
  size: number,
  first: number,
  last: number,
): void {
  const leftRoom = first;
  const rightRoom = size - 1 - last;
  for (let x = first; x <= last; x++) {
    if (mask[row + x] === 0) continue;
    const intoLeft = x - first;
    const intoRight = last - x;
    const useLeft = rightRoom === 0 || (leftRoom > 0 && intoLeft <= intoRight);
    let from: number;
    if (leftRoom === 0 && rightRoom === 0) from = nearestOutside(mask, row, size, x);
    else if (useLeft) from = first - 1 - bounce(intoLeft, leftRoom);
    else from = last + 1 + bounce(intoRight, rightRoom);
    copyPixel(out, row + from, row + x);
  }
}

/** 0, 1, …, room - 1, room - 1, …, 1, 0, 0, 1, …: a walk that turns round at both ends. */
function bounce(step: number, room: number): number {
  const at = step % (2 * room);
  return at < room ? at : 2 * room - 1 - at;
}

function nearestOutside(mask: Uint8Array, row: number, size: number, x: number): number {
  for (let d = 1; d < size; d++) {
    if (x - d >= 0 && mask[row + x - d] === 0) return x - d;
    if (x + d < size && mask[row + x + d] === 0) return x + d;
  }
  return x;
}

/** Rows between `above` and `below` (exclusive; -1 and size are the picture's edges) from what lies beyond. */
function fillRows(out: Uint8Array, size: number, above: number, below: number): void {
  const bytes = size * 3;
  for (let y = above + 1; y < below; y++) {
    const useAbove = below === size || (above >= 0 && y - above <= below - y);
    // Only one painted row is known to lie on the other side, so that one is repeated.
    const from = useAbove ? Math.max(0, above - bounce(y - above - 1, above + 1)) : below;
    out.copyWithin(y * bytes, from * bytes, (from + 1) * bytes);
  }
}

function copyPixel(out: Uint8Array, from: number, to: number): void {
  out[3 * to] = out[3 * from];
  out[3 * to + 1] = out[3 * from + 1];
  out[3 * to + 2] = out[3 * from + 2];
}

/** Standard deviation of the blur as a share of the side: enough to melt a small mark into its surroundings. */
const blurShare = 1 / 8;

interface BlurScratch {
  values: Float32Array;
  passed: Float32Array;
}
const blurScratch = new Map<number, BlurScratch>();

/**
 * Gaussian-like blur (three box means each way) of the outside alone: blur(x * outside) / blur(outside), so
 * nothing of the object leaks out. Where no outside is near, grey.
 */
function blurOutside(pixels: Uint8Array, mask: Uint8Array, size: number, out: Uint8Array): void {
  const plane = size * size;
  let scratch = blurScratch.get(size);
  if (!scratch) {
    scratch = { values: new Float32Array(4 * plane), passed: new Float32Array(plane) };
    blurScratch.set(size, scratch);
  }
  const { values, passed } = scratch;
  for (let i = 0; i < plane; i++) {
    const weight = 1 - mask[i];
    values[i] = weight * pixels[3 * i];
    values[plane + i] = weight * pixels[3 * i + 1];
    values[2 * plane + i] = weight * pixels[3 * i + 2];
    values[3 * plane + i] = weight;
  }
  // Three boxes of width w have variance (w^2 - 1) / 4.
  const width = Math.sqrt(4 * (blurShare * size) ** 2 + 1);
  const radius = Math.max(1, Math.round((width - 1) / 2));
  for (let channel = 0; channel < 4; channel++) {
    const values1 = values.subarray(channel * plane, (channel + 1) * plane);
    for (let pass = 0; pass < 3; pass++) {
      boxSum(values1, passed, size, 1, size, radius);
      boxSum(passed, values1, size, size, 1, radius);
    }
  }
  for (let i = 0; i < plane; i++) {
    const weight = values[3 * plane + i];
    for (let channel = 0; channel < 3; channel++)
      out[3 * i + channel] =
        weight > 1e-3 ? Math.min(255, Math.round(values[channel * plane + i] / weight)) : 128;
  }
}

/** Running mean along lines, zero beyond the rim: `step` between a line's pixels, `stride` between lines. */
function boxSum(
  from: Float32Array,
  to: Float32Array,
  size: number,
  step: number,
  stride: number,
  radius: number,
): void {
  const scale = 1 / (2 * radius + 1);
  for (let line = 0; line < size; line++) {
    const start = line * stride;
    let sum = 0;
    for (let i = 0; i < Math.min(radius, size); i++) sum += from[start + i * step];
    for (let i = 0; i < size; i++) {
      if (i + radius < size) sum += from[start + (i + radius) * step];
      if (i - radius - 1 >= 0) sum -= from[start + (i - radius - 1) * step];
      to[start + i * step] = sum * scale;
    }
  }
}
