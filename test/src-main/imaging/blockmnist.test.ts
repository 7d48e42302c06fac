// BlockMNIST from a small IDX set that is made here.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { nullBlock, writeBlockMnist } from '../../../src-main/imaging/blockmnist.ts';
import { decodeLabels } from '../../../src-main/imaging/index.ts';
import { readAs } from '../formats/reading.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fovea-blocks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const side = 28;
const idx = (magic: number, sizes: readonly number[], values: Uint8Array): Buffer => {
  const head = Buffer.alloc(4 + 4 * sizes.length);
  head.writeUInt32BE(magic, 0);
  sizes.forEach((size, i) => head.writeUInt32BE(size, 4 + 4 * i));
  return Buffer.concat([head, values]);
};
/** Digit n of a part is all of value n + 1. */
function writeIdx(to: string, stem: string, count: number, pack: boolean, sidePx = side): void {
  const images = idx(
    2051,
    [count, sidePx, sidePx],
    Uint8Array.from({ length: count * sidePx ** 2 }, (_, i) => 1 + Math.floor(i / sidePx ** 2)),
  );
  const labels = idx(
    2049,
    [count],
    Uint8Array.from({ length: count }, (_, i) => i % 10),
  );
  for (const [name, bytes] of [
    [`${stem}-images-idx3-ubyte`, images],
    [`${stem}-labels-idx1-ubyte`, labels],
  ] as const)
    writeFileSync(path.join(to, pack ? `${name}.gz` : name), pack ? gzipSync(bytes) : bytes);
}
const mnist = path.join(folder, 'mnist');
mkdirSync(mnist);
writeIdx(mnist, 'train', 40, true);
writeIdx(mnist, 't10k', 12, false);

describe('BlockMNIST', () => {
  it('puts the digit on either half in training and on top in the test part, the block on the other', async () => {
    const place = path.join(folder, 'made');
    expect(await writeBlockMnist(mnist, place, { seed: 3, train: 30, test: 99 })).toEqual({
      train: 30,
      test: 12,
    });
    const { images, warnings } = await readAs('coco', place);
    expect(warnings).toEqual([]);
    const of = (part: string) => images.filter(({ split }) => split === part);
    expect([of('train').length, of('test').length]).toEqual([30, 12]);
    expect(new Set(of('test').map(({ attributes }) => attributes!.digit))).toEqual(new Set(['top']));
    const tops = of('train').filter(({ attributes }) => attributes!.digit === 'top').length;
    expect(tops).toBeGreaterThan(5);
    expect(tops).toBeLessThan(25);
    const block = nullBlock(side);
    for (const [n, image] of of('train').entries()) {
      const { values, widthPx, heightPx } = await decodeLabels(image.file);
      expect([widthPx, heightPx]).toEqual([28, 56]);
      const halves = [values.subarray(0, side ** 2), values.subarray(side ** 2)];
      const top = image.attributes!.digit === 'top';
      expect(new Set(halves[top ? 0 : 1])).toEqual(new Set([n + 1]));
      expect(halves[top ? 1 : 0]).toEqual(block);
      const [{ className, shape }] = image.annotations;
      expect(className).toBe(String(n % 10));
      expect(shape).toEqual({ kind: 'box', box: { x: 0, y: top ? 0 : side, width: side, height: side } });
    }
    expect(readFileSync(path.join(place, 'pattern.txt'), 'utf8').split('\n')).toHaveLength(side + 2);
  });

  it('is the same for the same seed, and another for another', async () => {
    const places = async (name: string, seed: number) => {
      await writeBlockMnist(mnist, path.join(folder, name), { seed, train: 40, test: 1 });
      const { images } = await readAs('coco', path.join(folder, name));
      return images.map(({ attributes }) => attributes!.digit).join();
    };
    const first = await places('a', 1);
    expect(await places('b', 1)).toBe(first);
    expect(await places('c', 2)).not.toBe(first);
  });

  it('says which file is missing or is not what its name says', async () => {
    const none = path.join(folder, 'none');
    mkdirSync(none);
    const make = (from: string, to: string) =>
      writeBlockMnist(from, path.join(folder, to), { seed: 0, train: 1, test: 1 });
    await expect(make(none, 'x')).rejects.toMatchObject({ code: 'not-found' });
    const nowhere = path.join(folder, 'nowhere');
    await expect(make(nowhere, 'w')).rejects.toThrow(`there is no folder ${nowhere}`);
    writeIdx(none, 'train', 3, false);
    writeFileSync(path.join(none, 'train-labels-idx1-ubyte'), idx(2051, [3], new Uint8Array(3)));
    await expect(make(none, 'y')).rejects.toMatchObject({ code: 'bad-file' });
    writeFileSync(path.join(none, 'train-labels-idx1-ubyte'), idx(2049, [2], new Uint8Array(2)));
    await expect(make(none, 'z')).rejects.toMatchObject({ code: 'bad-file' });
    writeFileSync(path.join(none, 'train-labels-idx1-ubyte'), idx(2049, [3], Uint8Array.of(9, 0, 11)));
    await expect(make(none, 'v')).rejects.toThrow('train-labels-idx1-ubyte, label 3: 11 is no digit');
    writeIdx(none, 'train', 3, true);
    writeIdx(none, 't10k', 3, true, 14);
    await expect(make(none, 'u')).rejects.toThrow('not of one size');
    const file = path.join(none, 'train-labels-idx1-ubyte.gz');
    await expect(make(file, 't')).rejects.toThrow(`there is no folder ${file}`);
    writeFileSync(file, readFileSync(file).subarray(0, -4));
    await expect(make(none, 's')).rejects.toMatchObject({
      detail: { file: 'train-labels-idx1-ubyte.gz', reason: expect.stringMatching(/end of file/) },
    });
  });
});
