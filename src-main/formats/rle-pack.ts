// Run lengths as Label Studio keeps brush strokes: thi.ng's rle-pack. A bit stream: how many values (32 bits), bits of a
// value less one (5), bits of four run lengths less one (4 each); then, of each run, whether it repeats one value (1), which
// of the four lengths (2), the length less one, and the value, or as many values. https://thi.ng/rle-pack

/** Values of a byte; null where the stream is damaged or holds another number of them. */
export function unpackedRuns(bytes: Uint8Array, expected: number): Uint8Array | null {
  let at = 0;
  const bits = bytes.length * 8;
  let isCut = false;
  const read = (count: number): number => {
    if (at + count > bits) {
      isCut = true;
      return 0;
    }
    let value = 0;
    for (let left = count; left > 0;) {
      const inByte = 8 - (at & 7);
      const taken = Math.min(inByte, left);
      value = value * 2 ** taken + ((bytes[at >> 3] >> (inByte - taken)) & ((1 << taken) - 1));
      at += taken;
      left -= taken;
    }
    return value;
  };
  const count = read(32);
  const wordBits = read(5) + 1;
  const lengthBits = [0, 1, 2, 3].map(() => read(4) + 1);
  if (isCut || count !== expected || wordBits > 8) return null;
  const values = new Uint8Array(count);
  for (let i = 0; i < count;) {
    const isRun = read(1) === 1;
    const end = i + 1 + read(lengthBits[read(2)]);
    if (isCut || end > count) return null;
    if (isRun) values.fill(read(wordBits), i, end);
    else for (let j = i; j < end; j++) values[j] = read(wordBits);
    if (isCut) return null;
    i = end;
  }
  return values;
}

const lengths = [3, 4, 8, 16];

export function packedRuns(values: Uint8Array): Uint8Array {
  const bytes: number[] = [];
  let current = 0;
  let filled = 0;
  const write = (value: number, count: number) => {
    for (let bit = count - 1; bit >= 0; bit--) {
      current = current * 2 + (Math.floor(value / 2 ** bit) & 1);
      if (++filled === 8) {
        bytes.push(current);
        current = 0;
        filled = 0;
      }
    }
  };
  write(values.length, 32);
  write(7, 5);
  for (const length of lengths) write(length - 1, 4);
  for (let i = 0; i < values.length;) {
    let end = i + 1;
    while (end < values.length && values[end] === values[i] && end - i < 65536) end++;
    const run = end - i;
    const size = lengths.findIndex((length) => run <= 2 ** length);
    write(1, 1);
    write(size, 2);
    write(run - 1, lengths[size]);
    write(values[i], 8);
    i = end;
  }
  if (filled > 0) write(0, 8 - filled);
  return Uint8Array.from(bytes);
}
