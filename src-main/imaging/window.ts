// Pictures whose values do not fit 8 bits: which of their values are shown as black and which as white, the window, and
// the picture of 8 bits that it makes. What a person sees is what is trained on.

import type { ImageNote } from '../contracts/worker-protocol.ts';
import { Refused } from './refused.ts';

export type Values =
  Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

/** Values as a file stores them, upright or not. */
export interface Samples {
  width: number;
  height: number;
  /** One (grey) or three; with `hasAlpha` one more. */
  channels: number;
  hasAlpha: boolean;
  /** [height, width, channels] */
  values: Values;
  kind: 'unsigned' | 'signed' | 'float';
  /** Whether the largest value is black. */
  isInverted: boolean;
  /** That the file itself asks for. */
  window: Window | null;
  /** What was done to make it a picture. */
  notes: ImageNote[];
}

/** Values up to `low` are black, from `high` on white. */
export interface Window {
  low: number;
  high: number;
}

/** Numbers of bits that cameras and scanners give, in words of 16. */
const depths = [8, 10, 12, 14, 16];

/**
 * Unsigned values of at most 16 bits: from 0 to the largest number of the fewest of 8, 10, 12, 14 or 16 bits that hold all
 * of them, so that pictures of one camera stay comparable. Floats between 0 and 1: from 0 to 1. Others: from the smallest
 * to the largest of the picture.
 */
export function rangeOf({ values, kind, channels, hasAlpha }: Samples): Window {
  const colours = hasAlpha ? channels - 1 : channels;
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i += channels)
    for (let c = 0; c < colours; c++) {
      const value = values[i + c];
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  if (high === -Infinity) throw new Refused('it has no finite value');
  if (kind === 'unsigned' && high < 65536)
    return { low: 0, high: 2 ** depths.find((bits) => high < 2 ** bits)! - 1 };
  if (kind === 'float' && low >= 0 && high <= 1) return { low: 0, high: 1 };
  return { low, high };
}

/** [height, width, channels], 0..255. */
export function shown(
  { values, channels, hasAlpha, isInverted, kind }: Samples,
  { low, high }: Window,
): Uint8Array {
  const out = new Uint8Array(values.length);
  const scale = high > low ? 255 / (high - low) : 0;
  const full = kind === 'float' ? 1 : 2 ** (8 * values.BYTES_PER_ELEMENT) - 1;
  for (let i = 0; i < values.length; i++) {
    if (hasAlpha && i % channels === channels - 1) {
      out[i] = Math.round(Math.min(1, Math.max(0, values[i] / full)) * 255);
      continue;
    }
    const value = values[i];
    // What is no number is black.
    const grey = Number.isNaN(value) ? 0 : Math.min(255, Math.max(0, (value - low) * scale));
    out[i] = Math.round(isInverted ? 255 - grey : grey);
  }
  return out;
}

export function noteOf({ kind }: Samples, { low, high }: Window): ImageNote {
  const short = (value: number) => String(Number(value.toPrecision(6)));
  const what = { unsigned: 'whole', signed: 'signed', float: 'floating-point' }[kind];
  const text = `${what} values from ${short(low)} (black) to ${short(high)} (white) are stretched to 8 bits`;
  return { code: 'stretched-values', text };
}
