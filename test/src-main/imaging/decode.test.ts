// Pictures of every kind that is read, and what is said of those that cannot be.

import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import {
  contentHashOf,
  convert,
  decodeLabels,
  decodeRgb,
  encodePng,
  probe,
  sniff,
  thumbnail,
} from '../../../src-main/imaging/index.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fovea-decode-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const put = (name: string, content: Uint8Array | string) => {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
};
const shared = (name: string) => new URL(`../../../../shared/data/${name}/`, import.meta.url).pathname;

/** 4 x 2: red, green, blue, white above; black below. */
const pixels = Uint8Array.from([
  ...[255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255],
  ...new Array<number>(12).fill(0),
]);
const png = encodePng(pixels, 4, 2);

/** A 24-bit BMP of the same, rows from the bottom, BGR, padded to four bytes. */
function bmp(): Buffer {
  const head = Buffer.alloc(54);
  head.write('BM');
  head.writeUInt32LE(54 + 24, 2);
  head.writeUInt32LE(54, 10);
  head.writeUInt32LE(40, 14);
  head.writeInt32LE(4, 18);
  head.writeInt32LE(2, 22);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(24, 28);
  head.writeUInt32LE(24, 34);
  const bgr = Buffer.alloc(24);
  for (let y = 0; y < 2; y++)
    for (let x = 0; x < 4; x++)
      for (let c = 0; c < 3; c++) bgr[(1 - y) * 12 + 3 * x + c] = pixels[y * 12 + 3 * x + 2 - c];
  return Buffer.concat([head, bgr]);
}

describe('decoding', () => {
  it.each([
    ['PNG', png],
    ['BMP', bmp()],
    ['binary PPM', Buffer.concat([Buffer.from('P6\n# a comment\n4 2 255\n'), pixels])],
    ['text PPM', Buffer.from(`P3 4 2 255\n${pixels.join(' ')}\n`)],
    [
      '16-bit PPM',
      Buffer.concat([Buffer.from('P6 4 2 65535\n'), Buffer.from([...pixels].flatMap((v) => [v, v]))]),
    ],
  ])('reads a %s exactly', async (kind, bytes) => {
    const file = put(`${kind}.picture`, bytes);
    expect([...(await decodeRgb(file, { width: 4, height: 2 }))]).toEqual([...pixels]);
    expect(await probe(file)).toMatchObject({
      widthPx: 4,
      heightPx: 2,
      sizeBytes: bytes.length,
      contentHash: contentHashOf(bytes),
    });
  });

  it('spreads grey over three channels', async () => {
    const file = put('grey.png', encodePng(Uint8Array.from([10, 200]), 2, 1, 1));
    expect([...(await decodeRgb(file, { width: 2, height: 1 }))]).toEqual([10, 10, 10, 200, 200, 200]);
    const labels = await decodeLabels(file);
    expect(labels).toMatchObject({ widthPx: 2, heightPx: 1 });
    expect([...labels.values]).toEqual([10, 200]);
  });

  it('reads label pictures as they are stored: palette indices, and several values a byte', async () => {
    const values = Uint8Array.from([0, 1, 2, 3, 2, 1]);
    const palette: [number, number, number][] = [0, 1, 2, 3].map((i) => [255 - i, 0, 60 * i]);
    const bytes = encode({ data: values, width: 3, height: 2, channels: 1, depth: 8, palette });
    const indexed = put('labels.png', bytes);
    expect([...(await decodeLabels(indexed)).values]).toEqual([...values]);
    const twoBit = await sharp(Buffer.from(values), { raw: { width: 3, height: 2, channels: 1 } })
      .png({ palette: true, colours: 4 })
      .toBuffer();
    const packed = await decodeLabels(put('packed.png', twoBit));
    const kinds = new Map([...values].map((value, i) => [value, packed.values[i]]));
    expect(new Set(kinds.values()).size).toBe(4);
    expect([...packed.values]).toEqual([...values].map((value) => kinds.get(value)));
  });

  it('puts transparent parts on white', async () => {
    const rgba = Uint8Array.from([255, 0, 0, 255, 255, 0, 0, 0]);
    const file = put('clear.png', encodePng(rgba, 2, 1, 4));
    expect([...(await decodeRgb(file, { width: 2, height: 1 }))]).toEqual([255, 0, 0, 255, 255, 255]);
  });

  it('shrinks without aliasing: each pixel is about the mean of those it stands for', async () => {
    const checks = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => {
      const pixel = Math.floor(i / 3);
      return ((pixel % 64) + Math.floor(pixel / 64)) % 2 === 0 ? 0 : 255;
    });
    const small = await decodeRgb(put('checks.png', encodePng(checks, 64, 64)), {
      width: 8,
      height: 8,
    });
    for (const value of small) expect(Math.abs(value - 127.5)).toBeLessThan(16);
  });

  it('tells the kind by the bytes, not the name', async () => {
    expect(await probe(put('really-a-png.jpg', png))).toMatchObject({ format: 'png' });
    expect(sniff(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'))).toBeNull();
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['a file of 0 bytes', '', /0 bytes/],
    ['a text that says it is a JPEG', 'hello, I am no picture', /not that of a picture/],
    ['an SVG', '<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>', /not that of a picture/],
    ['a PNG cut short', png.subarray(0, png.length - 20), /./],
    ['a BMP cut short', bmp().subarray(0, 60), /cut short/],
    ['a PPM cut short', 'P6 400 400 255\nabc', /cut short/],
    ['a PPM of no width', 'P6 0 400 255\nabc', /no picture/],
    ['a PPM of too many pixels', 'P6 99999 99999 255\nabc', /too many/],
    ['a BMP of too many pixels', hugeBmp(), /too many/],
  ])('refuses %s in one line that names the file', async (name, content, reason) => {
    const file = put(`${name}.jpg`, content);
    for (const attempt of [() => probe(file), () => decodeRgb(file, { width: 8, height: 8 })]) {
      const error = await attempt().then(
        () => null,
        (thrown: unknown) => thrown as { code: string; message: string; detail: { reason: string } },
      );
      expect(error).toMatchObject({
        code: 'bad-file',
        detail: { file, reason: expect.stringMatching(reason) },
      });
      expect(error!.message).toContain(`${name}.jpg`);
      expect(error!.message).not.toContain('\n');
    }
  });

  it('says not-found of a file that is not there', async () => {
    await expect(probe(path.join(folder, 'nowhere.png'))).rejects.toMatchObject({ code: 'not-found' });
  });

  it('refuses a PNG that claims 100,000 x 100,000 pixels before it decodes any', async () => {
    const bomb = Buffer.from(png);
    bomb.writeUInt32BE(100_000, 16);
    bomb.writeUInt32BE(100_000, 20);
    await expect(probe(put('bomb.png', bomb))).rejects.toMatchObject({ code: 'bad-file' });
  });

  it('refuses a PNG whose compressed text inflates beyond reason, and takes one whose text is small', async () => {
    const withText = (text: Buffer) => {
      const data = Buffer.concat([Buffer.from('Comment\0\0', 'latin1'), deflateSync(text)]);
      const chunk = Buffer.alloc(12 + data.length);
      chunk.writeUInt32BE(data.length, 0);
      chunk.write('zTXt', 4, 'latin1');
      data.copy(chunk, 8);
      chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
      return Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]);
    };
    expect(await probe(put('note.png', withText(Buffer.from('a note'))))).toMatchObject({ widthPx: 4 });
    await expect(probe(put('text-bomb.png', withText(Buffer.alloc(5e6))))).rejects.toMatchObject({
      code: 'bad-file',
      detail: { reason: expect.stringMatching(/zTXt/) },
    });
  });

  it('writes thumbnails within the side and never larger than the picture', async () => {
    const wide = put('wide.png', encodePng(new Uint8Array(300 * 100 * 3).fill(90), 300, 100));
    const out = path.join(folder, 'thumbnail.webp');
    await thumbnail(wide, out, 60);
    expect(await probe(out)).toMatchObject({ format: 'webp', widthPx: 60, heightPx: 20 });
    await thumbnail(put('tiny.png', png), out, 60);
    expect(await probe(out)).toMatchObject({ widthPx: 4, heightPx: 2 });
  });

  it('converts what a browser cannot show', async () => {
    const out = path.join(folder, 'converted.png');
    await convert(put('to-convert.bmp', bmp()), out);
    expect(await probe(out)).toMatchObject({ format: 'png', widthPx: 4, heightPx: 2 });
    expect([...(await decodeRgb(out, { width: 4, height: 2 }))]).toEqual([...pixels]);
  });
});

function hugeBmp(): Buffer {
  const bytes = bmp();
  bytes.writeInt32LE(2_000_000_000, 18);
  return bytes;
}

const odd = shared('odd-images');
describe.runIf(existsSync(odd))('odd pictures', () => {
  const broken = new Set([
    'broken_data_stream.png',
    'truncated_image.png',
    'truncated_jpeg.jpg',
    'zero_width.gif',
    'png_decompression_dos.png',
  ]);
  const files = existsSync(odd) ? readdirSync(odd).filter((name) => !name.endsWith('.md')) : [];

  it.each(files.filter((name) => !broken.has(name)))('%s opens', async (name) => {
    const { widthPx, heightPx } = await probe(path.join(odd, name));
    expect(widthPx * heightPx).toBeGreaterThan(0);
    const rgb = await decodeRgb(path.join(odd, name), { width: 16, height: 16 });
    expect(rgb.length).toBe(16 * 16 * 3);
    expect(new Set(rgb).size).toBeGreaterThan(1);
  });

  it.each(files.filter((name) => broken.has(name)))('%s is refused politely', async (name) => {
    await expect(probe(path.join(odd, name))).rejects.toMatchObject({ code: 'bad-file' });
  });

  it('the same picture as JPEG, PNG, BMP, PPM, TIFF, WebP and GIF looks the same', async () => {
    const size = { width: 32, height: 32 };
    const reference = await decodeRgb(path.join(odd, 'hopper.ppm'), size);
    for (const name of [
      'hopper.jpg',
      'hopper.png',
      'hopper.bmp',
      'hopper.tif',
      'hopper.webp',
      'hopper.gif',
    ]) {
      const other = await decodeRgb(path.join(odd, name), size);
      const difference =
        other.reduce((sum, value, i) => sum + Math.abs(value - reference[i]), 0) / other.length;
      expect(difference, name).toBeLessThan(name.endsWith('.gif') ? 12 : 8);
    }
  });
});

const turned = shared('exif-orientation');
describe.runIf(existsSync(turned))('EXIF orientation', () => {
  it('is applied: all five are the same upright picture', async () => {
    const files = readdirSync(turned).filter((name) => name.endsWith('.jpg'));
    expect(files).toHaveLength(5);
    const size = { width: 24, height: 16 };
    const upright = await decodeRgb(path.join(turned, 'Landscape_1.jpg'), size);
    for (const name of files) {
      expect(await probe(path.join(turned, name)), name).toMatchObject({ widthPx: 1800, heightPx: 1200 });
      const other = await decodeRgb(path.join(turned, name), size);
      const difference =
        other.reduce((sum, value, i) => sum + Math.abs(value - upright[i]), 0) / other.length;
      expect(difference, name).toBeLessThan(8);
    }
  });
});
