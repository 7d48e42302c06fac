// Pictures of every kind that is read, and what bad disks, broken copies and enemies make of them: same seed, same bytes.

import sharp from 'sharp';
import { randomFromSeed, type Random } from '../../../src-main/engine/nn/random.ts';
import { encodePng } from '../../../src-main/imaging/index.ts';
import { madeDicom } from './made-dicom.ts';
import { madeTiff } from './made-tiff.ts';

export interface Mutated {
  /** Says what was done; fit for a file name. */
  name: string;
  bytes: Buffer;
}

/** Endless. */
export async function* mutatedImages(seed: number): AsyncGenerator<Mutated> {
  const whole = await wholeImages();
  const random = randomFromSeed(seed);
  for (let i = 0; ; i++) {
    const from = whole[random.below(whole.length)];
    let bytes: Buffer = Buffer.from(from.bytes);
    const done: string[] = [];
    for (let n = 1 + random.below(3); n > 0; n--) {
      const [name, mutate] = mutations[random.below(mutations.length)];
      if (bytes.length > 0) bytes = mutate(bytes, random, whole);
      done.push(name);
    }
    yield { name: `${i}-${from.name}-${done.join('-')}`, bytes };
  }
}

type Mutate = (bytes: Buffer, random: Random, whole: readonly Mutated[]) => Buffer;

/** Mostly near the beginning, where sizes and kinds stand. */
const placeIn = (bytes: Buffer, random: Random, length = 1) => {
  const reach = random.below(3) > 0 ? Math.min(bytes.length, 128) : bytes.length;
  return random.below(Math.max(1, reach - length + 1));
};
const sizes = [
  0, 1, 7, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
];

const mutations: [string, Mutate][] = [
  [
    'bits',
    (bytes, random) => {
      for (let n = 1 + random.below(8); n > 0; n--) bytes[placeIn(bytes, random)] ^= 1 << random.below(8);
      return bytes;
    },
  ],
  [
    'noise',
    (bytes, random) => {
      const at = placeIn(bytes, random);
      for (let i = at; i < Math.min(bytes.length, at + 1 + random.below(64)); i++)
        bytes[i] = random.below(256);
      return bytes;
    },
  ],
  ['cut', (bytes, random) => bytes.subarray(0, random.below(bytes.length))],
  [
    'size',
    (bytes, random) => {
      const width = [1, 2, 4][random.below(3)];
      if (bytes.length < width) return bytes;
      const value = sizes[random.below(sizes.length)] % 2 ** (8 * width);
      const at = placeIn(bytes, random, width);
      if (random.below(2) === 0) bytes.writeUIntBE(value, at, width);
      else bytes.writeUIntLE(value, at, width);
      return bytes;
    },
  ],
  [
    'gone',
    (bytes, random) => {
      const at = placeIn(bytes, random);
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(64))]);
    },
  ],
  [
    'twice',
    (bytes, random) => {
      const at = placeIn(bytes, random);
      const end = Math.min(bytes.length, at + 1 + random.below(512));
      const part = bytes.subarray(at, end);
      return Buffer.concat([
        bytes.subarray(0, end),
        ...Array.from({ length: 1 + random.below(50) }, () => part),
        bytes.subarray(end),
      ]);
    },
  ],
  [
    'spliced',
    (bytes, random, whole) => {
      const other = whole[random.below(whole.length)].bytes;
      return Buffer.concat([
        bytes.subarray(0, placeIn(bytes, random)),
        other.subarray(random.below(other.length)),
      ]);
    },
  ],
];

async function wholeImages(): Promise<Mutated[]> {
  const [width, height] = [48, 32];
  const pixels = Buffer.from(
    Array.from({ length: width * height * 3 }, (_, i) =>
      i % 7 === 0 ? 255 : (i * 31 + (i >> 7) * 13) % 200,
    ),
  );
  const image = () => sharp(pixels, { raw: { width, height, channels: 3 } });
  const turned = () => image().withExif({ IFD0: { Orientation: '6' } });
  const encoded: [string, Promise<Buffer>][] = [
    ['jpeg', image().jpeg().toBuffer()],
    ['jpeg-progressive', image().jpeg({ progressive: true }).toBuffer()],
    ['jpeg-turned', turned().jpeg().toBuffer()],
    ['png', image().png().toBuffer()],
    ['png-palette', image().png({ palette: true, colours: 16 }).toBuffer()],
    ['png-interlaced', image().png({ progressive: true }).toBuffer()],
    ['webp', image().webp().toBuffer()],
    ['webp-lossless', image().webp({ lossless: true }).toBuffer()],
    ['gif', image().gif().toBuffer()],
    ['tiff', image().tiff({ compression: 'none' }).toBuffer()],
    ['tiff-lzw', image().tiff({ compression: 'lzw', tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer()],
    ['tiff-jpeg', image().tiff({ compression: 'jpeg' }).toBuffer()],
    ['avif', image().avif({ effort: 0 }).toBuffer()],
  ];
  return [
    ...(await Promise.all(encoded.map(async ([name, bytes]) => ({ name, bytes: await bytes })))),
    { name: 'png-small', bytes: Buffer.from(encodePng(pixels.subarray(0, 12), 2, 2)) },
    {
      name: 'tiff-float',
      bytes: madeTiff({ width, height, bits: 32, format: 'float', value: (x, y) => x / (y + 1) }),
    },
    {
      name: 'dicom',
      bytes: madeDicom({ columns: 16, rows: 8, pixels: pixels.subarray(0, 256), slope: 2, intercept: -7 }),
    },
    { name: 'ppm', bytes: Buffer.concat([Buffer.from(`P6 ${width} ${height} 255\n`), pixels]) },
    { name: 'ppm-text', bytes: Buffer.from(`P3 8 8 255\n${[...pixels.subarray(0, 192)].join(' ')}\n`) },
    { name: 'bmp-24', bytes: bmp(24, 0, width, height, pixels) },
    { name: 'bmp-8', bytes: bmp(8, 0, width, height, pixels.subarray(0, width * height)) },
    {
      name: 'bmp-rle',
      bytes: bmp(8, 1, 16, 4, Buffer.from([16, 3, 0, 0, 8, 4, 0, 3, 1, 2, 3, 0, 0, 2, 2, 1, 5, 6, 0, 1])),
    },
  ];
}

function bmp(bits: number, compression: number, width: number, height: number, data: Buffer): Buffer {
  const head = Buffer.alloc(54 + (bits === 8 ? 1024 : 0), 90);
  head.write('BM');
  head.writeUInt32LE(head.length, 10);
  head.writeUInt32LE(40, 14);
  head.writeInt32LE(width, 18);
  head.writeInt32LE(height, 22);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(bits, 28);
  head.writeUInt32LE(compression, 30);
  return Buffer.concat([head, data]);
}
