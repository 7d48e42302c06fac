// BlockMNIST (Shah et al. 2021, "Do input gradients highlight discriminative features?"): a digit and a block that is
// the same in every picture, one above the other; at random in training, the digit on top in the test part. The
// generator was never published; this pattern is ours, and is written beside the pictures.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import { diceOf } from './sample/dice.ts';
import { readDigits } from './idx.ts';
import { labelledFolder } from './labelled-folder.ts';

interface BlockMnistOptions {
  /** Same seed, same files. */
  seed: number;
  /** Pictures at most, the first of each part. */
  train: number;
  test: number;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/** Ink in a frame with a lattice of diagonals: as much of it as a bold digit, and no digit's shape. */
export function nullBlock(sidePx: number): Uint8Array {
  return Uint8Array.from({ length: sidePx * sidePx }, (_, i) => {
    const [x, y] = [i % sidePx, Math.floor(i / sidePx)];
    const rim = Math.min(x, y, sidePx - 1 - x, sidePx - 1 - y);
    if (rim < 4) return 0;
    return rim < 6 || (x + y) % 7 === 0 || (x - y + 7 * sidePx) % 7 === 0 ? 255 : 0;
  });
}

/**
 * Pictures of 28 x 56 with the digit's half as box, its class the digit, and where it stands as attribute `digit`.
 * @param mnist  folder of the IDX files
 */
export async function writeBlockMnist(
  mnist: string,
  folder: string,
  { seed, train, test, signal, onProgress }: BlockMnistOptions,
): Promise<{ train: number; test: number }> {
  const parts = [
    { part: 'train', digits: await readDigits(mnist, 'train'), most: train },
    { part: 'test', digits: await readDigits(mnist, 't10k'), most: test },
  ] as const;
  const [sidePx, testSidePx] = parts.map(({ digits }) => digits.sidePx);
  if (sidePx !== testSidePx)
    throw new AppError('bad-file', 'the training and test digits are not of one size', {
      file: 't10k-images-idx3-ubyte',
      reason: `${testSidePx} pixels a side, those of training ${sidePx}`,
    });
  const block = nullBlock(sidePx);
  const area = sidePx * sidePx;
  const counts = parts.map(({ digits, most }) => Math.min(digits.count, most));
  const total = counts[0] + counts[1];
  const names = Array.from({ length: 10 }, (_, digit) => String(digit));
  const out = await labelledFolder(
    folder,
    names,
    () => `BlockMNIST, seed ${seed}; the null block is in pattern.txt`,
  );
  let done = 0;
  for (const [p, { part, digits }] of parts.entries()) {
    const { pixels, labels } = digits;
    for (let i = 0; i < counts[p]; i++) {
      signal?.throwIfAborted();
      const isOnTop = part === 'test' || diceOf(seed, i).unit() < 0.5;
      const digit = pixels.subarray(i * area, (i + 1) * area);
      const image = new Uint8Array(2 * area);
      image.set(isOnTop ? digit : block);
      image.set(isOnTop ? block : digit, area);
      await out.add(part, {
        pixels: image,
        channels: 1,
        widthPx: sidePx,
        heightPx: 2 * sidePx,
        classIndex: labels[i],
        box: { x: 0, y: isOnTop ? 0 : sidePx, width: sidePx, height: sidePx },
        attributes: { digit: isOnTop ? 'top' : 'bottom' },
      });
      onProgress?.(++done, total);
    }
  }
  await out.finish();
  await writeFile(path.join(folder, 'pattern.txt'), patternText(seed, sidePx));
  return { train: counts[0], test: counts[1] };
}

function patternText(seed: number, sidePx: number): string {
  const block = nullBlock(sidePx);
  const rows = Array.from({ length: sidePx }, (_, y) =>
    Array.from({ length: sidePx }, (_, x) => (block[y * sidePx + x] > 0 ? '#' : '.')).join(''),
  );
  return `Null block, # is 255; seed ${seed}. Training: above or below the digit at random. Test: below it.\n${rows.join('\n')}\n`;
}
