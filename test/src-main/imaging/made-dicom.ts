// DICOM files made on the spot: explicit little-endian, one frame, MONOCHROME2 unless told otherwise.

interface DicomSpec {
  columns: number;
  rows: number;
  bits?: 8 | 16;
  bitsStored?: number;
  isSigned?: boolean;
  photometric?: string;
  channels?: number;
  slope?: number;
  intercept?: number;
  window?: { centre: number; width: number };
  frames?: number;
  transferSyntax?: string;
  pixels: Uint8Array;
  /** Packed pixels lie in items. */
  isEncapsulated?: boolean;
}

const PLAIN = '1.2.840.10008.1.2.1';

export function madeDicom(spec: DicomSpec): Buffer {
  const { bits = 16, channels = 1, transferSyntax = PLAIN } = spec;
  const text = (value: string) => Buffer.from(value.length % 2 === 0 ? value : `${value} `);
  const uid = (value: string) => Buffer.from(value.length % 2 === 0 ? value : `${value}\0`);
  const short = (value: number) => Buffer.from([value & 255, value >> 8]);
  const element = (group: number, id: number, vr: string, value: Buffer): Buffer => {
    const isLong = ['OB', 'OW', 'UN', 'SQ'].includes(vr);
    const head = Buffer.alloc(isLong ? 12 : 8);
    head.writeUInt16LE(group, 0);
    head.writeUInt16LE(id, 2);
    head.write(vr, 4);
    if (isLong) head.writeUInt32LE(value.length, 8);
    else head.writeUInt16LE(value.length, 6);
    return Buffer.concat([head, value]);
  };
  const syntax = element(2, 0x10, 'UI', uid(transferSyntax));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(syntax.length, 0);
  const optional = (value: number | undefined, id: number) =>
    value === undefined ? [] : [element(0x28, id, 'DS', text(String(value)))];
  const item = (id: number, value: Buffer): Buffer => {
    const head = Buffer.alloc(8);
    head.writeUInt16LE(0xfffe, 0);
    head.writeUInt16LE(id, 2);
    head.writeUInt32LE(value.length, 4);
    return Buffer.concat([head, value]);
  };
  const even = (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc(bytes.length % 2)]);
  const pixels = spec.isEncapsulated
    ? Buffer.concat([
        element(0x7fe0, 0x10, 'OB', Buffer.alloc(0)).fill(0xff, 8),
        item(0xe000, Buffer.alloc(0)),
        item(0xe000, even(spec.pixels)),
        item(0xe0dd, Buffer.alloc(0)),
      ])
    : element(0x7fe0, 0x10, bits === 8 ? 'OB' : 'OW', even(spec.pixels));
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    element(2, 0, 'UL', length),
    syntax,
    element(0x28, 0x02, 'US', short(channels)),
    element(0x28, 0x04, 'CS', text(spec.photometric ?? 'MONOCHROME2')),
    ...(channels > 1 ? [element(0x28, 0x06, 'US', short(0))] : []),
    ...(spec.frames ? [element(0x28, 0x08, 'IS', text(String(spec.frames)))] : []),
    element(0x28, 0x10, 'US', short(spec.rows)),
    element(0x28, 0x11, 'US', short(spec.columns)),
    element(0x28, 0x100, 'US', short(bits)),
    element(0x28, 0x101, 'US', short(spec.bitsStored ?? bits)),
    element(0x28, 0x102, 'US', short((spec.bitsStored ?? bits) - 1)),
    element(0x28, 0x103, 'US', short(spec.isSigned ? 1 : 0)),
    ...optional(spec.window?.centre, 0x1050),
    ...optional(spec.window?.width, 0x1051),
    ...optional(spec.intercept, 0x1052),
    ...optional(spec.slope, 0x1053),
    pixels,
  ]);
}
