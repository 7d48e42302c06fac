// TIFF files of every kind of value, made on the spot: little-endian, one strip a page, not packed.

interface TiffSpec {
  width: number;
  height: number;
  channels?: number;
  bits?: 8 | 16 | 32 | 64;
  format?: 'unsigned' | 'signed' | 'float';
  pages?: number;
  /** 0 white is zero, 1 black is zero, 2 RGB. */
  photometric?: number;
  orientation?: number;
  value: (x: number, y: number, channel: number, page: number) => number;
}

export function madeTiff(spec: TiffSpec): Buffer {
  const { width, height, channels = 1, bits = 16, format = 'unsigned', pages = 1, orientation = 1 } = spec;
  const { photometric = channels === 3 ? 2 : 1 } = spec;
  const sampleFormat = { unsigned: 1, signed: 2, float: 3 }[format];
  const size = bits / 8;
  const head = Buffer.alloc(8);
  head.write('II');
  head.writeUInt16LE(42, 2);
  const chunks: Buffer[] = [head];
  let end = head.length;
  const append = (chunk: Buffer): number => {
    const at = end;
    chunks.push(chunk);
    end += chunk.length;
    return at;
  };
  const shorts = (value: number, count: number): number => {
    if (count === 1) return value;
    if (count === 2) return value * 65537;
    const list = Buffer.alloc(2 * count);
    for (let i = 0; i < count; i++) list.writeUInt16LE(value, 2 * i);
    return append(list);
  };
  let next: { chunk: Buffer; at: number } = { chunk: head, at: 4 };
  for (let page = 0; page < pages; page++) {
    const data = Buffer.alloc(width * height * channels * size);
    let at = 0;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let c = 0; c < channels; c++, at += size) {
          const value = spec.value(x, y, c, page);
          if (format === 'float' && bits === 64) data.writeDoubleLE(value, at);
          else if (format === 'float') data.writeFloatLE(value, at);
          else if (format === 'signed') data.writeIntLE(value, at, size);
          else data.writeUIntLE(value, at, size);
        }
    const dataAt = append(data);
    const colours = photometric === 2 ? 3 : 1;
    const [short, long] = [3, 4];
    const tags: [tag: number, type: number, count: number, value: number][] = [
      [256, long, 1, width],
      [257, long, 1, height],
      [258, short, channels, shorts(bits, channels)],
      [259, short, 1, 1],
      [262, short, 1, photometric],
      [273, long, 1, dataAt],
      [274, short, 1, orientation],
      [277, short, 1, channels],
      [278, long, 1, height],
      [279, long, 1, data.length],
      ...(channels > colours
        ? [
            [338, short, channels - colours, shorts(0, channels - colours)] as [
              number,
              number,
              number,
              number,
            ],
          ]
        : []),
      [339, short, channels, shorts(sampleFormat, channels)],
    ];
    const directory = Buffer.alloc(2 + 12 * tags.length + 4);
    directory.writeUInt16LE(tags.length, 0);
    tags.forEach(([tag, type, count, value], i) => {
      directory.writeUInt16LE(tag, 2 + 12 * i);
      directory.writeUInt16LE(type, 4 + 12 * i);
      directory.writeUInt32LE(count, 6 + 12 * i);
      directory.writeUInt32LE(value, 10 + 12 * i);
    });
    next.chunk.writeUInt32LE(append(directory), next.at);
    next = { chunk: directory, at: directory.length - 4 };
  }
  return Buffer.concat(chunks);
}
