// The picture cache: what goes in comes out, whatever was killed or damaged in between.

import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentHashOf, encodePng, ImageCache } from '../../../src-main/imaging/index.ts';

const size = 8;
let folder: string;
let cacheFolder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'fovea-cache-'));
  cacheFolder = path.join(folder, 'cache');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function image(number: number) {
  const pixels = Uint8Array.from({ length: size * size * 3 }, (_, i) => (i * (number + 3)) % 256);
  const bytes = encodePng(pixels, size, size);
  const file = path.join(folder, `${number}.png`);
  writeFileSync(file, bytes);
  return { file, contentHash: contentHashOf(bytes), pixels };
}
const read = (cache: ImageCache, hash: string) => {
  const out = new Uint8Array(size * size * 3);
  return cache.read(hash, out) ? out : null;
};
const recordFiles = () =>
  readdirSync(path.join(cacheFolder, `pictures-${size}`)).map((name) =>
    path.join(cacheFolder, `pictures-${size}`, name),
  );

describe('the picture cache', () => {
  it('decodes each picture once, and finds all of them when opened again', async () => {
    const images = await Promise.all([0, 1, 2, 3].map(image));
    const cache = ImageCache.open(cacheFolder, size);
    const progress: number[] = [];
    await cache.fill([...images, images[0]], { onProgress: (done) => progress.push(done) });
    expect(progress).toEqual([1, 2, 3, 4]);
    cache.close();
    for (const { file } of images) rmSync(file); // from now on only the cache can know
    const again = ImageCache.open(cacheFolder, size);
    await again.fill(images);
    for (const { contentHash, pixels } of images) expect(read(again, contentHash)).toEqual(pixels);
    again.close();
  });

  it('leaves out a record that a kill cut short, and keeps those before it', async () => {
    const [first, second] = await Promise.all([image(0), image(1)]);
    const cache = ImageCache.open(cacheFolder, size);
    await cache.load(first);
    await cache.load(second);
    cache.close();
    const [file] = recordFiles();
    truncateSync(file, statSync(file).size - 10);
    const again = ImageCache.open(cacheFolder, size);
    expect(read(again, first.contentHash)).toEqual(first.pixels);
    expect(again.has(second.contentHash)).toBe(false);
    expect(await again.load(second)).toEqual(second.pixels);
    again.close();
    const third = ImageCache.open(cacheFolder, size);
    expect(read(third, second.contentHash)).toEqual(second.pixels);
    third.close();
  });

  it('notices a damaged record and decodes anew', async () => {
    const one = await image(5);
    const cache = ImageCache.open(cacheFolder, size);
    await cache.load(one);
    cache.close();
    const [file] = recordFiles();
    const bytes = readFileSync(file);
    bytes[60] ^= 0xff;
    writeFileSync(file, bytes);
    const again = ImageCache.open(cacheFolder, size);
    expect(read(again, one.contentHash)).toBeNull();
    expect(await again.load(one)).toEqual(one.pixels);
    again.close();
  });

  it('lets two writers work side by side without spoiling each other', async () => {
    const images = await Promise.all([0, 1, 2, 3, 4, 5].map(image));
    const a = ImageCache.open(cacheFolder, size);
    const b = ImageCache.open(cacheFolder, size);
    await Promise.all([a.fill(images.slice(0, 4)), b.fill(images.slice(2))]);
    a.close();
    b.close();
    appendFileSync(recordFiles()[0], 'cut');
    const both = ImageCache.open(cacheFolder, size);
    for (const { contentHash, pixels } of images) expect(read(both, contentHash)).toEqual(pixels);
    both.close();
  });

  it('refuses a picture that has changed since it was imported', async () => {
    const one = await image(1);
    writeFileSync(one.file, encodePng(new Uint8Array(size * size * 3), size, size));
    const cache = ImageCache.open(cacheFolder, size);
    await expect(cache.load(one)).rejects.toMatchObject({ code: 'bad-file', detail: { file: one.file } });
    cache.close();
  });

  it('stops when it is told to', async () => {
    const images = await Promise.all([0, 1, 2].map(image));
    const cache = ImageCache.open(cacheFolder, size);
    await expect(cache.fill(images, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(cache.has(images[0].contentHash)).toBe(false);
    cache.close();
  });
});
