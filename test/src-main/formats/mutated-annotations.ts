// Annotation files damaged at random, from a seed: what each format writes of the example, with bytes turned, cut, doubled,
// numbers made absurd, and words of the format put where others stood.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AppError } from '../../../src-main/contracts/errors.ts';
import {
  fitToImage,
  formats,
  readAs,
  SourceTree,
  type ExportDataset,
  type ImportedImage,
} from '../../../src-main/formats/index.ts';
import { readOnlySets } from './read-only-sets.ts';

interface Outcome {
  format: string;
  file: string;
  /** `crash`: an error that is no clear refusal. */
  result: 'read' | 'refused' | 'crash';
  reason: string;
  tookMs: number;
}

/** Small and fast, the same everywhere. @see Vigna, splitmix32 */
function chanceFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

const absurd = [
  '-1',
  '1e308',
  '1e999',
  '99999999999999999999',
  '0',
  '-0.0',
  '0.5',
  'NaN',
  'null',
  '""',
  '[]',
  '{}',
  '"x"',
  '2147483648',
];

function mutate(bytes: Buffer, chance: () => number): Buffer {
  const at = () => Math.floor(chance() * bytes.length);
  const text = () => bytes.toString('latin1');
  switch (Math.floor(chance() * 8)) {
    case 0: {
      const copy = Buffer.from(bytes);
      for (let n = 1 + Math.floor(chance() * 4); n > 0; n--) copy[at()] = Math.floor(chance() * 256);
      return copy;
    }
    case 1:
      return bytes.subarray(0, at());
    case 2: {
      const [from, to] = [at(), at()].sort((a, b) => a - b);
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
    }
    case 3: {
      const [from, to] = [at(), at()].sort((a, b) => a - b);
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
    }
    case 4:
    case 5: {
      const numbers = [...text().matchAll(/-?\d+(\.\d+)?/g)];
      const one = numbers[Math.floor(chance() * numbers.length)];
      if (one === undefined) return bytes;
      const value = absurd[Math.floor(chance() * absurd.length)];
      return Buffer.from(
        text().slice(0, one.index) + value + text().slice(one.index + one[0].length),
        'latin1',
      );
    }
    case 6: {
      const words = [...text().matchAll(/[A-Za-z_]{3,}/g)];
      if (words.length < 2) return bytes;
      const [one, other] = [0, 1].map(() => words[Math.floor(chance() * words.length)]);
      return Buffer.from(
        text().slice(0, one.index) + other[0] + text().slice(one.index + one[0].length),
        'latin1',
      );
    }
    default: {
      const pieces = text().split(/(?<=[,;>\n])/);
      const [i, j] = [0, 1].map(() => Math.floor(chance() * pieces.length));
      [pieces[i], pieces[j]] = [pieces[j], pieces[i]];
      return Buffer.from(pieces.join(''), 'latin1');
    }
  }
}

/**
 * @param folder   empty, for the sets
 * @param dataset  of pictures of 10 x 10
 */
export async function* mutatedAnnotations(
  seed: number,
  count: number,
  folder: string,
  dataset: ExportDataset,
): AsyncGenerator<Outcome> {
  const chance = chanceFrom(seed);
  const sets = [];
  for (const format of formats) {
    if (!format.write) continue;
    const place = path.join(folder, format.id);
    mkdirSync(place, { recursive: true });
    await format.write(dataset, place);
    const files = readdirSync(place, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .filter(
        (file) =>
          !/images|JPEGImages/.test(path.relative(place, file)) || /\.(json|xml|txt|csv|yaml)$/.test(file),
      )
      .sort();
    if (format.id !== 'folders') sets.push({ format: format.id, place, files });
  }
  for (const [format, { labels, images }] of Object.entries(readOnlySets)) {
    const place = path.join(folder, format);
    const put = (name: string, content: string | Uint8Array): string => {
      const file = path.join(place, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    };
    for (const name of images) put(name, readFileSync(dataset.images[0].file));
    sets.push({ format, place, files: Object.entries(labels).map(([name, content]) => put(name, content)) });
  }
  for (let n = 0; n < count; n++) {
    const { format, place, files } = sets[n % sets.length];
    const file = files[Math.floor(chance() * files.length)];
    const original = readFileSync(file);
    writeFileSync(file, mutate(original, chance));
    const begun = performance.now();
    let result: Outcome['result'] = 'read';
    let reason = '';
    try {
      const images: ImportedImage[] = [];
      await readAs(format, await SourceTree.open(place), {
        image: (image) => images.push(image),
        warn: () => {},
        signal: new AbortController().signal,
      });
      for (const image of images) fitToImage(image, 10, 10);
    } catch (thrown) {
      const isClear = thrown instanceof AppError && ['bad-file', 'bad-input'].includes(thrown.code);
      result = isClear ? 'refused' : 'crash';
      reason = (thrown as Error).stack ?? String(thrown);
    }
    yield { format, file: path.relative(place, file), result, reason, tookMs: performance.now() - begun };
    writeFileSync(file, original);
  }
  rmSync(folder, { recursive: true, force: true });
}
