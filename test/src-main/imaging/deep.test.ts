// Pictures beyond 8 bits a channel: which of their values are black and which white, and what is said of it.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { convert, decodeRgb, probe } from '../../../src-main/imaging/index.ts';
import { madeDicom } from './made-dicom.ts';
import { madeTiff } from './made-tiff.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fovea-deep-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const put = (content: Uint8Array, ending = '.tif'): string => {
  const file = path.join(folder, `${count++}${ending}`);
  writeFileSync(file, content);
  return file;
};

/** First row of a picture, the red of each pixel, with the notes of it. */
async function row(file: string, width: number, height = 1) {
  const { widthPx, heightPx, notes = [] } = await probe(file);
  expect([widthPx, heightPx]).toEqual([width, height]);
  const pixels = await decodeRgb(file, { width, height });
  return {
    values: Array.from({ length: width }, (_, x) => pixels[3 * x]),
    notes: notes.map(({ text }) => text),
  };
}
const steps = [0, 1, 2, 3];
const to255 = (shares: readonly number[]) => shares.map((share) => Math.round(255 * share));

describe('values of 16 bits', () => {
  it.each([
    ['of 10 bits', 1000, 1023],
    ['of 12 bits', 4000, 4095],
    ['of 14 bits', 9000, 16383],
  ])('%s are stretched to the bits that hold them, in PNG and TIFF', async (_, largest, white) => {
    const data = Uint16Array.from(steps, (step) => Math.round((largest * step) / 3));
    const png = put(encode({ width: 4, height: 1, data, depth: 16, channels: 1 }), '.png');
    const tiff = put(madeTiff({ width: 4, height: 1, value: (x) => data[x] }));
    for (const file of [png, tiff])
      expect(await row(file, 4)).toEqual({
        values: to255([...data].map((value) => value / white)),
        notes: [`whole values from 0 (black) to ${white} (white) are stretched to 8 bits`],
      });
  });

  it('that fill their 16 bits are shown as they are, and nothing is said', async () => {
    const data = Uint16Array.from(steps, (step) => 21845 * step);
    const file = put(encode({ width: 4, height: 1, data, depth: 16, channels: 1 }), '.png');
    expect(await row(file, 4)).toEqual({ values: [0, 85, 170, 255], notes: [] });
  });

  it('keep their transparency', async () => {
    const data = Uint16Array.from([0, 65535, 1023, 65535, 0, 0]);
    const file = put(encode({ width: 3, height: 1, data, depth: 16, channels: 2 }), '.png');
    expect((await row(file, 3)).values).toEqual([0, 255, 255]);
  });

  it('are shown in a browser as they are trained on', async () => {
    const data = Uint16Array.from(steps, (step) => 1365 * step);
    const out = path.join(folder, 'shown.png');
    await convert(put(encode({ width: 4, height: 1, data, depth: 16, channels: 1 }), '.png'), out);
    const { data: pixels } = await sharp(out).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    expect([pixels[0], pixels[3], pixels[6], pixels[9]]).toEqual([0, 85, 170, 255]);
  });
});

describe('TIFF', () => {
  it.each([
    ['floats from 0 to 1', 'float', 32, (x: number) => x / 4, [0, 0.25, 0.5, 0.75]],
    ['doubles from 0 to 1', 'float', 64, (x: number) => x / 4, [0, 0.25, 0.5, 0.75]],
    ['floats of another range', 'float', 32, (x: number) => 10 * x - 20, [0, 1 / 3, 2 / 3, 1]],
    ['signed values', 'signed', 16, (x: number) => 600 * x - 1000, [0, 1 / 3, 2 / 3, 1]],
    ['signed bytes', 'signed', 8, (x: number) => 30 * x - 50, [0, 1 / 3, 2 / 3, 1]],
    ['wide values', 'unsigned', 32, (x: number) => 500_000 * x, [0, 1 / 3, 2 / 3, 1]],
  ] as const)('of %s is stretched to their range', async (_, format, bits, value, shares) => {
    const file = put(madeTiff({ width: 4, height: 1, bits, format, value }));
    const { values, notes } = await row(file, 4);
    expect(values).toEqual(to255(shares));
    expect(notes).toHaveLength(1);
  });

  it('with values that are no numbers shows the others', async () => {
    const value = (x: number) => [NaN, 5, Infinity, 7][x];
    const file = put(madeTiff({ width: 4, height: 1, bits: 32, format: 'float', value }));
    expect((await row(file, 4)).values).toEqual([0, 0, 255, 255]);
    const none = put(madeTiff({ width: 2, height: 1, bits: 32, format: 'float', value: () => NaN }));
    await expect(probe(none)).rejects.toMatchObject({ detail: { reason: 'it has no finite value' } });
  });

  it('whose zero is white is turned round', async () => {
    const file = put(
      madeTiff({ width: 2, height: 1, bits: 32, format: 'float', photometric: 0, value: (x) => x }),
    );
    expect((await row(file, 2)).values).toEqual([255, 0]);
  });

  it('of many channels shows the first three, and says so', async () => {
    for (const [channels, bits, format, scale] of [
      [5, 8, 'unsigned', 1],
      [4, 16, 'unsigned', 257],
      [7, 32, 'float', 1 / 255],
    ] as const) {
      const value = (x: number, _y: number, c: number) => (x === 1 ? 255 : 40 * c) * scale;
      const file = put(madeTiff({ width: 2, height: 1, channels, bits, format, photometric: 1, value }));
      const { notes } = await probe(file);
      expect(notes!.map(({ code }) => code)).toContain('first-channels');
      expect(notes![0].text).toBe(`of ${channels} channels, the first three are taken`);
      expect([...(await decodeRgb(file, { width: 2, height: 1 }))]).toEqual([0, 40, 80, 255, 255, 255]);
    }
  });

  it('of several pages is its first, and says so', async () => {
    const value = (_x: number, _y: number, _c: number, page: number) => 100 + page;
    const { values, notes } = await row(put(madeTiff({ width: 2, height: 1, bits: 8, pages: 3, value })), 2);
    expect(values).toEqual([100, 100]);
    expect(notes).toEqual(['of several pages or frames, the first is taken']);
  });

  it('that lies turned stands upright, whatever its values', async () => {
    const value = (x: number, y: number) => (x === 0 && y === 0 ? 1 : 0);
    for (const [format, bits] of [
      ['float', 32],
      ['unsigned', 16],
    ] as const) {
      const file = put(
        madeTiff({ width: 3, height: 2, bits, format, orientation: 6, value: (x, y) => value(x, y) * 255 }),
      );
      expect((await row(file, 2, 3)).values).toEqual([0, 255]);
    }
  });

  it('that claims more than memory, or ends too early, is refused in words', async () => {
    const whole = madeTiff({ width: 64, height: 64, bits: 32, format: 'float', value: (x, y) => x * y });
    const huge = Buffer.from(whole);
    const width = huge.indexOf(Buffer.from([0x00, 0x01, 0x04, 0x00, 1, 0, 0, 0, 64, 0, 0, 0]));
    huge.writeUInt32LE(900_000, width + 8);
    huge.writeUInt32LE(900_000, width + 20);
    await expect(probe(put(huge))).rejects.toMatchObject({
      code: 'bad-file',
      detail: { reason: expect.stringMatching(/memory|too many|damaged|cut short/) as string },
    });
    // The directory lies at the end, so what is cut off is the list of what the file holds.
    await expect(probe(put(whole.subarray(0, whole.length - 20)))).rejects.toMatchObject({
      code: 'bad-file',
    });
  });
});

describe('DICOM', () => {
  const words = (...values: number[]) => new Uint8Array(Int16Array.from(values).buffer);

  it('is shown through the window of its header, in the unit that it measures', async () => {
    const file = put(
      madeDicom({
        columns: 5,
        rows: 1,
        isSigned: true,
        slope: 2,
        intercept: -1000,
        window: { centre: 100.5, width: 201 },
        pixels: words(-50, 500, 525, 549, 600),
      }),
      '.dcm',
    );
    // -1100, 0, 50, 98, 200 in a window from 0 to 200
    expect(await row(file, 5)).toEqual({
      values: [0, 0, 64, 125, 255],
      notes: ['floating-point values from 0 (black) to 200 (white) are stretched to 8 bits'],
    });
  });

  it('without a window is stretched to its range, ignoring bits that it does not store', async () => {
    const pixels = words(0xf000, 0x0400, 0x0800, 0x0fff);
    const file = put(madeDicom({ columns: 4, rows: 1, bitsStored: 12, pixels }), '.dcm');
    expect((await row(file, 4)).values).toEqual([0, 64, 128, 255]);
    const inverted = put(
      madeDicom({ columns: 4, rows: 1, bitsStored: 12, pixels, photometric: 'MONOCHROME1' }),
      '.dcm',
    );
    expect((await row(inverted, 4)).values).toEqual([255, 191, 127, 0]);
  });

  it('in colours, in run lengths and as JPEG is read; of several frames the first', async () => {
    const rgb = Uint8Array.from([255, 0, 0, 0, 255, 0]);
    const colours = put(
      madeDicom({ columns: 2, rows: 1, bits: 8, channels: 3, photometric: 'RGB', pixels: rgb }),
      '.dcm',
    );
    expect([...(await decodeRgb(colours, { width: 2, height: 1 }))]).toEqual([...rgb]);
    // Two segments, the upper bytes first: 3 zeros and a 15, then 3 times 16 and a 255.
    const head = new Uint8Array(64);
    new DataView(head.buffer).setUint32(0, 2, true);
    new DataView(head.buffer).setUint32(4, 64, true);
    new DataView(head.buffer).setUint32(8, 68, true);
    const packed = Uint8Array.from([...head, 254, 0, 0, 15, 254, 16, 0, 255, 128]);
    const runs = put(
      madeDicom({
        columns: 4,
        rows: 1,
        frames: 2,
        isEncapsulated: true,
        transferSyntax: '1.2.840.10008.1.2.5',
        pixels: packed,
      }),
      '.dcm',
    );
    expect(await row(runs, 4)).toMatchObject({
      values: to255([16 / 4095, 16 / 4095, 16 / 4095, 1]),
      notes: ['of 2 frames, the first is taken', expect.stringContaining('4095')],
    });
    const jpeg = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#f00' } })
      .jpeg({ quality: 100 })
      .toBuffer();
    const pressed = put(
      madeDicom({
        columns: 8,
        rows: 8,
        bits: 8,
        channels: 3,
        photometric: 'YBR_FULL_422',
        isEncapsulated: true,
        transferSyntax: '1.2.840.10008.1.2.4.50',
        pixels: jpeg,
      }),
      '.dcm',
    );
    const [red, green] = await decodeRgb(pressed, { width: 8, height: 8 });
    expect([red > 250, green < 5]).toEqual([true, true]);
  });

  it('of another packing is refused by its name, and one that is cut short as that', async () => {
    const whole = { columns: 4, rows: 1, pixels: words(1, 2, 3, 4) };
    for (const [transferSyntax, name] of [
      ['1.2.840.10008.1.2.4.90', 'lossless JPEG 2000'],
      ['1.2.840.10008.1.2.4.80', 'JPEG-LS'],
      ['1.2.3.4', 'transfer syntax 1.2.3.4'],
    ])
      await expect(
        probe(put(madeDicom({ ...whole, transferSyntax, isEncapsulated: true }), '.dcm')),
      ).rejects.toMatchObject({ detail: { reason: `its pixels are packed as ${name}, which is not read` } });
    const cut = madeDicom(whole);
    await expect(probe(put(cut.subarray(0, cut.length - 3), '.dcm'))).rejects.toMatchObject({
      detail: { reason: 'it is cut short' },
    });
    await expect(probe(put(cut.subarray(0, 140), '.dcm'))).rejects.toMatchObject({ code: 'bad-file' });
  });
});

const cases = new URL('../../../../shared/cases/import/sixteen-bit-black/p/', import.meta.url).pathname;
describe.runIf(existsSync(cases))('the case of black pictures', () => {
  it('is seen: 12 bits in 16, and floats', async () => {
    for (const name of ['g12in16.png', 'g12in16.tif', 'float.tif']) {
      const pixels = await decodeRgb(path.join(cases, name), { width: 64, height: 48 });
      expect(Math.max(...pixels)).toBeGreaterThan(240);
    }
  });

  it('says of a page what is cut short, and what is no picture', async () => {
    const reasonOf = (name: string) =>
      probe(path.join(cases, name)).catch((error: { detail: { reason: string } }) => error.detail.reason);
    expect(await reasonOf('trunc.jpg')).toBe('it is cut short');
    expect(await reasonOf('empty.jpg')).toBe('the file is empty (0 bytes)');
    expect(await reasonOf('html.jpg')).toBe('its content is not that of a picture');
    expect((await probe(path.join(cases, 'multi.tif'))).notes).toHaveLength(1);
  });
});
