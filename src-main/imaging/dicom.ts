// DICOM: one picture of a scanner with its header. Values are turned into what they measure (slope and intercept), and the
// window is the one that the header gives (PS3.3, C.11.2.1.2). Pixels uncompressed, in run lengths, as baseline JPEG and as
// lossless JPEG are read; other transfer syntaxes are refused by name.

import type { DataSet } from 'dicom-parser';
import { Refused } from './refused.ts';
import type { Samples, Values, Window } from './window.ts';

const JPEG_BASELINE = '1.2.840.10008.1.2.4.50';
const RUN_LENGTHS = '1.2.840.10008.1.2.5';
const BIG_ENDIAN = '1.2.840.10008.1.2.2';
const uncompressed = new Set(['1.2.840.10008.1.2', '1.2.840.10008.1.2.1', BIG_ENDIAN]);
/** Of those that are not read, for people. */
const syntaxes: Record<string, string> = {
  '1.2.840.10008.1.2.1.99': 'deflated',
  '1.2.840.10008.1.2.4.51': 'JPEG of 12 bits',
  '1.2.840.10008.1.2.4.57': 'lossless JPEG',
  '1.2.840.10008.1.2.4.70': 'lossless JPEG',
  '1.2.840.10008.1.2.4.80': 'JPEG-LS',
  '1.2.840.10008.1.2.4.81': 'near-lossless JPEG-LS',
  '1.2.840.10008.1.2.4.90': 'lossless JPEG 2000',
  '1.2.840.10008.1.2.4.91': 'JPEG 2000',
  '1.2.840.10008.1.2.4.100': 'MPEG-2 video',
  '1.2.840.10008.1.2.4.102': 'H.264 video',
  '1.2.840.10008.1.2.4.201': 'high-throughput JPEG 2000',
};

interface OpenDicom {
  width: number;
  height: number;
  channels: number;
  bytesOfValue: number;
  /** A baseline JPEG that is the picture itself, to be decoded as any other. */
  jpeg: Uint8Array | null;
  read(): Samples;
}

/** The first frame of a file. @throws Refused */
export async function openDicom(bytes: Uint8Array): Promise<OpenDicom> {
  const parser = await import('dicom-parser');
  let data: DataSet;
  try {
    data = parser.default.parseDicom(bytes);
  } catch (thrown) {
    // The parser throws texts, errors, and objects round either.
    const inner = (thrown as { exception?: unknown } | null)?.exception ?? thrown;
    const message = inner instanceof Error ? inner.message : String(inner);
    throw new Refused(/buffer|end|overrun/i.test(message) ? 'it is cut short' : 'its content is damaged');
  }
  const number = (tag: string) => data.uint16(tag) ?? 0;
  const [height, width] = [number('x00280010'), number('x00280011')];
  const channels = number('x00280002') || 1;
  const bits = number('x00280100');
  const syntax = data.string('x00020010') ?? '1.2.840.10008.1.2';
  const pixels = data.elements.x7fe00010;
  if (pixels === undefined || width < 1 || height < 1) throw new Refused('it holds no picture');
  const photometric = data.string('x00280004')?.trim() ?? 'MONOCHROME2';
  if (![8, 16, 32].includes(bits) || ![1, 3].includes(channels) || /PALETTE|ARGB|CMYK/.test(photometric))
    throw new Refused(`its pixels (${photometric}, ${bits} bits) are of a kind that is not read`);
  if (!uncompressed.has(syntax) && syntax !== RUN_LENGTHS && syntax !== JPEG_BASELINE)
    throw new Refused(
      `its pixels are packed as ${syntaxes[syntax] ?? `transfer syntax ${syntax.slice(0, 64)}`}, which is not read`,
    );
  const frameOf = () => {
    try {
      return parser.default.readEncapsulatedPixelDataFromFragments(data, pixels, 0, fragmentsOfFrame(data));
    } catch {
      throw new Refused('it is cut short');
    }
  };
  const bytesOfValue = bits / 8;
  const isSigned = number('x00280103') === 1;
  return {
    width,
    height,
    channels,
    bytesOfValue,
    jpeg: syntax === JPEG_BASELINE ? frameOf() : null,
    read() {
      const count = width * height * channels;
      const size = count * bytesOfValue;
      const raw =
        syntax === RUN_LENGTHS
          ? unpacked(frameOf(), width * height, channels * bytesOfValue)
          : data.byteArray.subarray(pixels.dataOffset, pixels.dataOffset + size);
      if (raw.length < size) throw new Refused('it is cut short');
      const isPlanar = channels > 1 && number('x00280006') === 1 && syntax !== RUN_LENGTHS;
      const stored = storedValues(
        raw,
        count,
        bits,
        number('x00280101') || bits,
        isSigned,
        syntax === BIG_ENDIAN,
      );
      const values = isPlanar ? interleaved(stored, channels) : stored;
      const slope = data.floatString('x00281053') ?? 1;
      const intercept = data.floatString('x00281052') ?? 0;
      const isMeasured = slope !== 1 || intercept !== 0;
      const isColour = channels === 3;
      const frames = data.intString('x00280008') ?? 1;
      if (photometric.startsWith('YBR')) toRgb(values);
      return {
        width,
        height,
        channels,
        hasAlpha: false,
        values: isMeasured ? Float32Array.from(values, (value) => value * slope + intercept) : values,
        kind: isMeasured ? 'float' : isSigned ? 'signed' : 'unsigned',
        isInverted: photometric === 'MONOCHROME1',
        window: isColour ? { low: 0, high: 2 ** bits - 1 } : windowOf(data),
        notes: frames > 1 ? [{ code: 'first-page', text: `of ${frames} frames, the first is taken` }] : [],
      };
    },
  };
}

/** eq. C.11-1 of PS3.3: what lies under the window is black, over it white. */
function windowOf(data: DataSet): Window | null {
  const [centre, width] = [data.floatString('x00281050', 0), data.floatString('x00281051', 0)];
  if (centre === undefined || width === undefined || !(width >= 1)) return null;
  return { low: centre - 0.5 - (width - 1) / 2, high: centre - 0.5 + (width - 1) / 2 };
}

/** Fragments of the first frame: all, where there is one frame. */
function fragmentsOfFrame(data: DataSet): number {
  const { fragments = [], basicOffsetTable: table = [] } = data.elements.x7fe00010;
  if (table.length > 1) return fragments.filter(({ offset }) => offset < table[1]).length;
  return (data.intString('x00280008') ?? 1) > 1 ? 1 : fragments.length;
}

function storedValues(
  raw: Uint8Array,
  count: number,
  bits: number,
  bitsStored: number,
  isSigned: boolean,
  isBigEndian: boolean,
): Values {
  if (bits === 8) return isSigned ? Int8Array.from(raw.subarray(0, count)) : raw.slice(0, count);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const values =
    bits === 16
      ? new (isSigned ? Int16Array : Uint16Array)(count)
      : new (isSigned ? Int32Array : Uint32Array)(count);
  // What lies above the bits that are stored may be anything.
  const unused = 32 - Math.min(bits, bitsStored);
  for (let i = 0; i < count; i++) {
    const word = bits === 16 ? view.getUint16(2 * i, !isBigEndian) : view.getUint32(4 * i, !isBigEndian);
    values[i] = isSigned ? (word << unused) >> unused : (word << unused) >>> unused;
  }
  return values;
}

function interleaved<T extends Values>(planes: T, channels: number): T {
  const out = planes.slice() as T;
  const size = planes.length / channels;
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < size; i++) out[i * channels + c] = planes[c * size + i];
  return out;
}

/** From YCbCr of full range, in place. */
function toRgb(values: Values): void {
  const byte = (value: number) => Math.min(255, Math.max(0, Math.round(value)));
  for (let i = 0; i < values.length; i += 3) {
    const [y, cb, cr] = [values[i], values[i + 1] - 128, values[i + 2] - 128];
    values[i] = byte(y + 1.402 * cr);
    values[i + 1] = byte(y - 0.344136 * cb - 0.714136 * cr);
    values[i + 2] = byte(y + 1.772 * cb);
  }
}

/** Run lengths (PS3.5, annex G): a segment for each byte of a pixel, the highest first, each packed as by PackBits. */
function unpacked(frame: Uint8Array, pixels: number, bytesOfPixel: number): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < 64 || view.getUint32(0, true) !== bytesOfPixel)
    throw new Refused('its content is damaged');
  const out = new Uint8Array(pixels * bytesOfPixel);
  // Values come channel by channel, each from its highest byte; a value lies here from its lowest.
  const channels = bytesOfPixel % 3 === 0 ? 3 : 1;
  const bytesOfValue = bytesOfPixel / channels;
  for (let segment = 0; segment < bytesOfPixel; segment++) {
    const channel = Math.floor(segment / bytesOfValue);
    const place = channel * bytesOfValue + (bytesOfValue - 1 - (segment % bytesOfValue));
    let at = view.getUint32(4 + 4 * segment, true);
    for (let filled = 0; filled < pixels;) {
      if (at >= frame.length) throw new Refused('it is cut short');
      const code = frame[at++];
      if (code === 128) continue;
      const length = code < 128 ? code + 1 : 257 - code;
      for (let i = 0; i < length && filled < pixels; i++)
        out[filled++ * bytesOfPixel + place] = frame[code < 128 ? at + i : at];
      at += code < 128 ? length : 1;
    }
  }
  return out;
}
