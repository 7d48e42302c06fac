// Four pictures in a 2 x 2 grid, for training whose heat must stay in one cell (Pillai & Pirsiavash 2021).

/**
 * Writes a composite: the picture in a random cell, three others in the rest, in order.
 * @param images     [count, 3, S, S], as an Augmenter leaves them
 * @param others     three indices into `negatives`
 * @param negatives  [any, 3, S, S]; may be `images` itself
 * @param cell       0 upper left, 1 upper right, 2 lower left, 3 lower right
 * @param out        [count, 3, 2S, 2S]; entry `index` is written
 */
export function writeComposite(
  images: Float32Array,
  index: number,
  negatives: Float32Array,
  others: readonly [number, number, number],
  cell: number,
  size: number,
  out: Float32Array,
): void {
  let other = 0;
  for (let at = 0; at < 4; at++)
    if (at === cell) pasteCell(images, index, at, size, out, index);
    else pasteCell(negatives, others[other++], at, size, out, index);
}

function pasteCell(
  from: Float32Array,
  fromIndex: number,
  cell: number,
  size: number,
  out: Float32Array,
  outIndex: number,
): void {
  const side = 2 * size;
  const left = (cell & 1) * size;
  const top = (cell >> 1) * size;
  for (let channel = 0; channel < 3; channel++)
    for (let y = 0; y < size; y++) {
      const start = ((fromIndex * 3 + channel) * size + y) * size;
      out.set(from.subarray(start, start + size), ((outIndex * 3 + channel) * side + top + y) * side + left);
    }
}

/**
 * Three pictures of classes other than `own`: a class is drawn among the others, with replacement, then a
 * picture of it (as P3 does over ImageNet's other 999 classes).
 * @param byClass  pictures' indices for each class; classes without pictures are passed over
 * @returns        null when there is no other class
 */
export function drawOthers(
  byClass: readonly (readonly number[])[],
  own: number,
  uniform: () => number,
): [number, number, number] | null {
  const classes = byClass.flatMap((images, i) => (i !== own && images.length > 0 ? [images] : []));
  if (classes.length === 0) return null;
  const draw = () => {
    const images = classes[Math.floor(uniform() * classes.length)];
    return images[Math.floor(uniform() * images.length)];
  };
  return [draw(), draw(), draw()];
}
