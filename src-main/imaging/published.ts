// Sets that are published as packed pixels, written out as PNG in a folder a class: CIFAR-10 and CIFAR-100 (Krizhevsky 2009)
// in their binary form, SVHN (Netzer et al. 2011) as cropped digits.

import { existsSync, readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../contracts/errors.ts';
import { MatError, readMat } from '../files/mat.ts';
import { makeFolder } from '../files/write-file.ts';
import { encodePng } from './png.ts';

export const publishedSets = ['cifar10', 'cifar100', 'svhn'] as const;
export type PublishedSet = (typeof publishedSets)[number];

const SIDE_PX = 32;
const PIXELS = SIDE_PX * SIDE_PX;

interface Part {
  name: 'train' | 'test';
  files: string[];
}
const partsOf: Record<PublishedSet, Part[]> = {
  cifar10: [
    { name: 'train', files: [1, 2, 3, 4, 5].map((n) => `data_batch_${n}.bin`) },
    { name: 'test', files: ['test_batch.bin'] },
  ],
  cifar100: [
    { name: 'train', files: ['train.bin'] },
    { name: 'test', files: ['test.bin'] },
  ],
  svhn: [
    { name: 'train', files: ['train_32x32.mat'] },
    { name: 'test', files: ['test_32x32.mat'] },
  ],
};

/**
 * @param from  folder of the published files, or the one above it
 * @param out   an empty folder
 * @returns     how many pictures each part has
 * @throws AppError 'not-found' without any of the files, 'bad-file' for one that is not what its name says
 */
export async function writePublished(
  set: PublishedSet,
  from: string,
  out: string,
): Promise<{ train: number; test: number }> {
  const all = partsOf[set].flatMap(({ files }) => files);
  const folder = folderWith(from, all);
  const written = { train: 0, test: 0 };
  const names = await namesOf(set, folder);
  for (const { name: part, files } of partsOf[set])
    for (const file of files) {
      if (!existsSync(path.join(folder, file))) continue;
      const bytes = await readFile(path.join(folder, file));
      for (const { label, pixels } of set === 'svhn' ? digitsOf(bytes, file) : picturesOf(bytes, file, set)) {
        const className = names[label];
        if (className === undefined) throw damaged(file, `${label} is not among the ${names.length} classes`);
        makeFolder(path.join(out, part, className));
        const number = String(++written[part]).padStart(5, '0');
        await writeFile(
          path.join(out, part, className, `${part}_${number}.png`),
          encodePng(pixels, SIDE_PX, SIDE_PX),
        );
      }
    }
  return written;
}

const damaged = (file: string, reason: string) =>
  new AppError('bad-file', `${file}: ${reason}`, { file, reason });

function folderWith(from: string, files: readonly string[]): string {
  const below = existsSync(from)
    ? readdirSync(from, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
    : [];
  const found = ['', ...below].find((name) => files.some((file) => existsSync(path.join(from, name, file))));
  if (found !== undefined) return path.join(from, found);
  throw new AppError('not-found', `there is none of ${files.join(', ')} in ${from}`, { file: files[0] });
}

/** In the order of their numbers. */
async function namesOf(set: PublishedSet, folder: string): Promise<string[]> {
  if (set === 'svhn') return Array.from({ length: 10 }, (_, digit) => String(digit));
  const [file, count] = set === 'cifar10' ? ['batches.meta.txt', 10] : ['fine_label_names.txt', 100];
  const text = await readFile(path.join(folder, file), 'utf8').catch((cause: unknown) => {
    throw new AppError('not-found', `there is no ${file} beside the pictures`, { file }, cause);
  });
  const names = text.split(/\s+/).filter((name) => name !== '');
  if (names.length !== count || !names.every((name) => /^\w[\w-]*$/.test(name)))
    throw damaged(file, `it does not hold the names of ${count} classes`);
  return names;
}

interface Picture {
  label: number;
  /** [side, side, 3] */
  pixels: Uint8Array;
}

/** A record a picture: its label (in CIFAR-100 behind that of its group), then all of red, green and blue. */
function* picturesOf(bytes: Buffer, file: string, set: 'cifar10' | 'cifar100'): Generator<Picture> {
  const labels = set === 'cifar10' ? 1 : 2;
  const size = labels + 3 * PIXELS;
  if (bytes.length === 0 || bytes.length % size !== 0)
    throw damaged(file, `${bytes.length} bytes are no whole number of pictures of ${size}`);
  for (let at = 0; at < bytes.length; at += size) {
    const pixels = new Uint8Array(3 * PIXELS);
    for (let c = 0; c < 3; c++)
      for (let i = 0; i < PIXELS; i++) pixels[3 * i + c] = bytes[at + labels + c * PIXELS + i];
    yield { label: bytes[at + labels - 1], pixels };
  }
}

/** X is [32, 32, 3, count], rows fastest; y the digits, ten for 0. */
function* digitsOf(bytes: Buffer, file: string): Generator<Picture> {
  let arrays;
  try {
    arrays = readMat(bytes);
  } catch (thrown) {
    if (thrown instanceof MatError) throw damaged(file, thrown.message);
    throw thrown;
  }
  const [images, labels] = [arrays.get('X'), arrays.get('y')];
  const count = labels?.values.length ?? 0;
  if (images === undefined || labels === undefined || images.values.length !== 3 * PIXELS * count)
    throw damaged(file, 'it does not hold pictures X of 32 x 32 x 3 and their digits y');
  for (let n = 0; n < count; n++) {
    const pixels = new Uint8Array(3 * PIXELS);
    for (let c = 0; c < 3; c++)
      for (let x = 0; x < SIDE_PX; x++)
        for (let y = 0; y < SIDE_PX; y++)
          pixels[3 * (y * SIDE_PX + x) + c] = images.values[((n * 3 + c) * SIDE_PX + x) * SIDE_PX + y];
    yield { label: labels.values[n] % 10, pixels };
  }
}
