// The IDX files of MNIST (LeCun et al. 1998): a magic number, big-endian sizes, then bytes; plain or gzip.

import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { AppError } from '../contracts/errors.ts';

interface DigitSet {
  count: number;
  sidePx: number;
  /** [count * side * side], 0 background … 255 ink */
  pixels: Uint8Array;
  /** [count], 0 … 9 */
  labels: Uint8Array;
}

/**
 * @param stem  'train' or 't10k'
 * @throws AppError 'not-found' for a missing file, 'bad-file' for one that is not what its name says
 */
export async function readDigits(folder: string, stem: 'train' | 't10k'): Promise<DigitSet> {
  const images = await readIdx(folder, `${stem}-images-idx3-ubyte`, 3);
  const labels = await readIdx(folder, `${stem}-labels-idx1-ubyte`, 1);
  const [count, height, width] = images.sizes;
  if (height !== width || labels.sizes[0] !== count)
    throw new AppError('bad-file', `the pictures and labels of ${stem} do not belong together`, {
      file: `${stem}-images-idx3-ubyte`,
      reason: `${count} pictures of ${width} x ${height}, ${labels.sizes[0]} labels`,
    });
  const wrong = labels.values.findIndex((label) => label > 9);
  if (wrong >= 0) {
    const [file, place] = [`${stem}-labels-idx1-ubyte`, `label ${wrong + 1}`];
    const reason = `${labels.values[wrong]} is no digit`;
    throw new AppError('bad-file', `${file}, ${place}: ${reason}`, { file, place, reason });
  }
  return { count, sidePx: width, pixels: images.values, labels: labels.values };
}

async function readIdx(
  folder: string,
  name: string,
  axes: number,
): Promise<{ sizes: number[]; values: Uint8Array }> {
  const damaged = (reason: string) => new AppError('bad-file', `${name}: ${reason}`, { file: name, reason });
  const bytes = await bytesOf(folder, name);
  const head = 4 + 4 * axes;
  if (bytes.length < head || bytes.readUInt32BE(0) !== 0x0800 + axes)
    throw damaged(`it does not begin as an IDX file of ${axes} axes of bytes does`);
  const sizes = Array.from({ length: axes }, (_, i) => bytes.readUInt32BE(4 + 4 * i));
  const length = sizes.reduce((product, size) => product * size, 1);
  if (bytes.length !== head + length) throw damaged(`${bytes.length - head} values, its sizes say ${length}`);
  return { sizes, values: bytes.subarray(head) };
}

async function bytesOf(folder: string, name: string): Promise<Buffer> {
  try {
    return gunzipSync(await readFile(path.join(folder, `${name}.gz`)));
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR')
      throw new AppError(
        'bad-file',
        `${name}.gz cannot be unpacked`,
        { file: `${name}.gz`, reason: message },
        thrown,
      );
  }
  try {
    return await readFile(path.join(folder, name));
  } catch (cause) {
    const missing = statSync(folder, { throwIfNoEntry: false })?.isDirectory()
      ? `there is no ${name} (or ${name}.gz) in ${folder}`
      : `there is no folder ${folder}`;
    throw new AppError('not-found', missing, { file: name }, cause);
  }
}
