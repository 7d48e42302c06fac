// Pictures of every kind that is read, and what is said of those that cannot be.

import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { encode } from 'fast-png';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import {
  contentHashOf,
  convert,
  decodeLabels,
  decodeRgb,
  encodePng,
  plainPng,
  probe,
  sniff,
  thumbnail,
} from '../../../src-main/imaging/index.ts';
import { decodingBytes } from '../../../src-main/imaging/memory.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fovea-decode-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const put = (name: string, content: Uint8Array | string) => {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
};
const shared = (name: string) => new URL(`../../../../shared/data/${name}/`, import.meta.url).pathname;
const odd = shared('odd-images');

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
    ['a PNG cut short', png.subarray(0, png.length - 20), /^it is cut short$/],
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

  const chunkOf = (type: string, data: Uint8Array) => {
    const chunk = Buffer.alloc(12 + data.length);
    chunk.writeUInt32BE(data.length, 0);
    chunk.write(type, 4, 'latin1');
    chunk.set(data, 8);
    chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
    return chunk;
  };
  const withChunks = (...chunks: Buffer[]) =>
    Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);

  it('never unpacks the texts of a PNG: thousands that inflate to gigabytes change nothing', async () => {
    const text = Buffer.concat([Buffer.from('Comment\0\0', 'latin1'), deflateSync(Buffer.alloc(1e6))]);
    const chunk = chunkOf('zTXt', text);
    const bomb = withChunks(...Array.from({ length: 5000 }, () => chunk));
    expect([...plainPng(bomb)]).toEqual([...png]);
    const file = put('texts.png', bomb);
    expect([...(await decodeRgb(file, { width: 4, height: 2 }))]).toEqual([...pixels]);
    expect((await decodeLabels(file)).widthPx).toBe(4);
  });

  it('hands on a PNG as it is where there is nothing to leave out', () => {
    expect(plainPng(png)).toBe(png);
    const palette = withChunks(chunkOf('gAMA', Buffer.alloc(4)), chunkOf('tRNS', Buffer.alloc(6)));
    expect(plainPng(palette)).toBe(palette);
  });

  it('refuses a PNG whose colour profile inflates beyond reason', async () => {
    const profile = Buffer.concat([Buffer.from('all\0\0', 'latin1'), deflateSync(Buffer.alloc(5e7))]);
    await expect(probe(put('profile.png', withChunks(chunkOf('iCCP', profile))))).rejects.toMatchObject({
      code: 'bad-file',
      detail: { reason: expect.stringMatching(/colour profile inflates/) },
    });
  });

  it('refuses a label picture whose data inflates to more than its size says', async () => {
    const bomb = Buffer.concat([
      png.subarray(0, 33),
      chunkOf('IDAT', deflateSync(Buffer.alloc(5e7))),
      chunkOf('IEND', Buffer.alloc(0)),
    ]);
    await expect(decodeLabels(put('labels-bomb.png', bomb))).rejects.toMatchObject({
      detail: { reason: 'its data is more than its size says' },
    });
  });

  it.each([
    ['jpeg', (image: Sharp) => image.jpeg({ progressive: true })],
    ['png', (image: Sharp) => image.png()],
    ['webp', (image: Sharp) => image.webp()],
    ['gif', (image: Sharp) => image.gif()],
    ['tiff', (image: Sharp) => image.tiff({ compression: 'lzw' })],
    ['avif', (image: Sharp) => image.avif({ effort: 0 })],
  ])('says of a %s that is cut short that it is', async (kind, write) => {
    const noise = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i * 7919) % 251));
    const bytes = await write(sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })).toBuffer();
    for (const share of [0.5, 0.9])
      await expect(
        probe(put(`cut-${share}.${kind}`, bytes.subarray(0, Math.floor(bytes.length * share)))),
      ).rejects.toMatchObject({ code: 'bad-file', detail: { reason: 'it is cut short' } });
  });

  it('refuses a JPEG of more pixels than its bytes can hold before it decodes any', async () => {
    const jpeg = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#fff' } })
      .jpeg({ progressive: true })
      .toBuffer();
    const frame = jpeg.indexOf(Buffer.from([0xff, 0xc2]));
    jpeg.writeUInt16BE(16_000, frame + 5);
    jpeg.writeUInt16BE(16_000, frame + 7);
    await expect(probe(put('progressive.jpg', jpeg))).rejects.toMatchObject({
      detail: { reason: expect.stringMatching(/cut short: \d+ bytes cannot hold 16000 x 16000 pixels/) },
    });
  });

  it('reckons the memory of a picture from its head, and refuses what takes more than one may have', () => {
    const head = (more: object) =>
      ({ width: 10_000, height: 10_000, channels: 3, depth: 'uchar', ...more }) as Metadata;
    const MB = 1024 * 1024;
    const file = 100 * MB;
    expect(decodingBytes('jpeg', head({}), file)).toBeLessThan(10 * MB);
    expect(decodingBytes('jpeg', head({ isProgressive: true }), file)).toBeGreaterThan(570 * MB);
    expect(decodingBytes('png', head({ orientation: 6 }), file)).toBeGreaterThan(280 * MB);
    expect(() => decodingBytes('tiff', head({ depth: 'double' }), file)).toThrow(
      /2297 MB of memory, more than 1024/,
    );
    expect(() =>
      decodingBytes('jpeg', head({ width: 16_000, height: 16_000, isProgressive: true }), file),
    ).toThrow(/of memory/);
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

/** 8 bits a pixel, palette of 256 greys, from the bottom. */
function codedBmp(width: number, height: number, compression: number, data: number[]): Buffer {
  const bits = compression === 2 ? 4 : 8;
  const head = Buffer.alloc(54 + 4 * 2 ** bits);
  head.write('BM');
  head.writeUInt32LE(head.length, 10);
  head.writeUInt32LE(40, 14);
  head.writeInt32LE(width, 18);
  head.writeInt32LE(height, 22);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(bits, 28);
  head.writeUInt32LE(compression, 30);
  for (let i = 0; i < 2 ** bits; i++) head.fill(i, 54 + 4 * i, 57 + 4 * i);
  return Buffer.concat([head, Buffer.from(data)]);
}

describe('BMP', () => {
  const reds = async (bytes: Buffer, width: number, height: number) => {
    const rgb = await decodeRgb(put('coded.bmp', bytes), { width, height });
    return Array.from({ length: width * height }, (_, i) => rgb[3 * i]);
  };

  it('in run lengths of 8 bits is read: runs, plain stretches, ends of lines, steps', async () => {
    const data = [3, 7, 0, 0, 0, 3, 1, 2, 3, 0, 1, 9, 0, 0, 0, 2, 2, 0, 2, 5, 0, 1];
    expect(await reds(codedBmp(4, 3, 1, data), 4, 3)).toEqual([0, 0, 5, 5, 1, 2, 3, 9, 7, 7, 7, 0]);
  });

  it('in run lengths of 4 bits is read', async () => {
    const data = [3, 0x12, 0, 0, 0, 3, 0x45, 0x60, 0, 1];
    expect(await reds(codedBmp(3, 2, 2, data), 3, 2)).toEqual([4, 5, 6, 1, 2, 1]);
  });

  it('of a thousand bytes that claims gigabytes is refused before anything is allocated', async () => {
    const bomb = codedBmp(11_000, 11_000, 1, new Array<number>(500).fill(255));
    await expect(probe(put('bomb.bmp', bomb))).rejects.toMatchObject({
      detail: { reason: expect.stringMatching(/cannot hold 11000 x 11000 pixels/) },
    });
  });

  it('with run lengths that end too early is cut short', async () => {
    await expect(probe(put('short.bmp', codedBmp(4, 3, 1, [3, 7])))).rejects.toMatchObject({
      detail: { reason: expect.stringMatching(/cut short/) },
    });
  });

  it('of a palette and of 32 bits from the top is read', async () => {
    const one = codedBmp(4, 1, 0, [1, 2, 3, 4]);
    expect(await reds(one, 4, 1)).toEqual([1, 2, 3, 4]);
    const wide = bmp().subarray(0, 54);
    wide.writeUInt16LE(32, 28);
    wide.writeInt32LE(2, 18);
    wide.writeInt32LE(-1, 22);
    const rgb = await decodeRgb(
      put('wide.bmp', Buffer.concat([wide, Buffer.from([3, 2, 1, 0, 6, 5, 4, 0])])),
      {
        width: 2,
        height: 1,
      },
    );
    expect([...rgb]).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

function hugeBmp(): Buffer {
  const bytes = bmp();
  bytes.writeInt32LE(2_000_000_000, 18);
  return bytes;
}

describe.runIf(existsSync(odd))('odd pictures', () => {
  const broken = new Set([
    'broken_data_stream.png',
    'truncated_image.png',
    'truncated_jpeg.jpg',
    'zero_width.gif',
  ]);
  const files = existsSync(odd) ? readdirSync(odd).filter((name) => !name.endsWith('.md')) : [];

  it.each(files.filter((name) => !broken.has(name)))('%s opens', async (name) => {
    const { widthPx, heightPx } = await probe(path.join(odd, name));
    expect(widthPx * heightPx).toBeGreaterThan(0);
    const rgb = await decodeRgb(path.join(odd, name), { width: 16, height: 16 });
    expect(rgb.length).toBe(16 * 16 * 3);
    if (widthPx * heightPx > 1) expect(new Set(rgb).size).toBeGreaterThan(1);
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

const cut = new URL('../../../../shared/cases/train/cut-png/', import.meta.url).pathname;
describe.runIf(existsSync(cut))('PNG files that a copy broke off', () => {
  it.each(['0_cut.png', '1_cut.png'])('%s is cut short', async (name) => {
    await expect(probe(path.join(cut, name))).rejects.toMatchObject({
      detail: { reason: 'it is cut short' },
    });
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
