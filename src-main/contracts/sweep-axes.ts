// Values of a parameter that is varied, as people write them, in the window and in the terminal.

import { AppError } from './errors.ts';
import type { ParamField, ParamValue } from './methods.ts';
import { LAMBDA, variedFields, type SweepAxis } from './sweeps.ts';

/** Short names of fields. */
const aliases: Record<string, string> = { size: 'sizePx', share: 'trainShare', lr: 'learningRate' };

/**
 * "name=0,1,8/255"; "name=log(1e-3,1e2,7)" or "linear(0,1,5)", so many values evenly on that scale; without a number, or
 * as "0.001..100", a range to draw from, on the scale of the parameter.
 */
export function readAxis(text: string, fields: readonly ParamField[]): SweepAxis {
  const at = text.indexOf('=');
  if (at < 1) throw new AppError('bad-input', `${text} needs values: name=value,value`);
  const name = aliases[text.slice(0, at).trim()] ?? text.slice(0, at).trim();
  const list = text.slice(at + 1).trim();
  const complain = (reason: string) => new AppError('bad-input', `${text}: ${reason}`, { place: name });
  const field = fields.find((one) => one.name === name);
  const isWhole = field ? field.kind === 'integer' : ['sizePx', 'epochs', 'batch', 'seed'].includes(name);
  const spaced = /^(log|linear)\((.*)\)$/.exec(list);
  const range = /^([^,.]*(?:\.[^,.]+)?)\.\.([^,]+)$/.exec(list);
  if (spaced || range) {
    const [low, high, count, ...more] = (spaced ? spaced[2].split(',') : [range![1], range![2]]).map(
      numberOf,
    );
    const scale = spaced ? (spaced[1] as 'log' | 'linear') : scaleOf(field, name);
    if (!(low < high)) throw complain('the two ends must be numbers, the lower one first');
    if (scale === 'log' && low <= 0) throw complain('a range in the logarithm must be above 0');
    if (more.length > 0) throw complain('it takes two ends and how many values');
    if (count === undefined) return { name, low, high, scale };
    if (!Number.isInteger(count) || count < 2 || count > 1000) throw complain('it takes 2 to 1000 values');
    const values = Array.from({ length: count }, (_, i) => {
      const share = i / (count - 1);
      const value = scale === 'log' ? low * (high / low) ** share : low + share * (high - low);
      return isWhole ? Math.round(value) : Number(value.toPrecision(6));
    });
    return { name, values: [...new Set(values)] };
  }
  const values = list.split(',').map((word) => readValue(word.trim(), field, name, complain));
  if (new Set(values).size < values.length) throw complain('a value is there twice');
  return { name, values };
}

/** Weights of penalties and what the schema says of itself go by powers of ten. */
const scaleOf = (field: ParamField | undefined, name: string): 'log' | 'linear' =>
  field?.scale === 'log' || field?.role === 'penalty-weight' || name === LAMBDA ? 'log' : 'linear';

function readValue(
  word: string,
  field: ParamField | undefined,
  name: string,
  complain: (reason: string) => AppError,
): ParamValue {
  if (word === '') throw complain('a value is missing');
  if (field?.kind === 'boolean' || (!field && (word === 'true' || word === 'false'))) {
    if (word !== 'true' && word !== 'false') throw complain(`"${word}" is neither true nor false`);
    return word === 'true';
  }
  if (field?.kind === 'choice') {
    if (!field.choices?.includes(word)) throw complain(`"${word}" is none of ${field.choices?.join(', ')}`);
    return word;
  }
  const number = numberOf(word);
  if (Number.isFinite(number)) return number;
  if (field || (name !== 'model' && (variedFields as readonly string[]).includes(name)))
    throw complain(`"${word}" is no number`);
  return word;
}

/** A number, which may be a fraction: 8/255. NaN for what is none. */
function numberOf(text: string): number {
  const parts = text.split('/').map((part) => (part.trim() === '' ? NaN : Number(part)));
  return parts.length > 2 ? NaN : parts[0] / (parts[1] ?? 1);
}
