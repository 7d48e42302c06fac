// `--preset ID` and `--set name=value`: each name is looked up in the fields of a method (and of a run), its value read
// as the field's kind says. Ranges are checked by the schemas behind the fields.

import { AppError } from '../contracts/errors.ts';
import type { MethodInfo, ParamField, ParamValue, Preset } from '../contracts/methods.ts';

/**
 * @param owner  whose fields they are, for the message where it has none
 * @returns the values by name. @throws AppError 'bad-input' naming the known names or the value's kind
 */
export function readSet(
  texts: readonly string[],
  fields: readonly ParamField[],
  owner: string,
): Record<string, ParamValue> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      const name = at < 0 ? text : text.slice(0, at);
      const field = fields.find((one) => one.name === name);
      if (at < 0) throw new AppError('bad-input', `--set ${text} needs a value: name=value`);
      if (!field && fields.length === 0) throw new AppError('bad-input', `${owner} has no parameters`);
      if (!field)
        throw new AppError('bad-input', `there is no parameter "${name}"`, {
          reason: `known are ${fields.map((one) => one.name).join(', ')}`,
        });
      return [name, valueOf(field, text.slice(at + 1))];
    }),
  );
}

/** Values of a method: those of its preset, and what is set. */
export const valuesOf = (
  method: Pick<MethodInfo, 'id' | 'params' | 'presets'>,
  { preset, set }: { preset?: string; set: readonly string[] },
): Record<string, ParamValue> => ({
  ...(preset !== undefined && presetOf(method, preset).params),
  ...readSet(set, method.params, method.id),
});

/** @throws AppError 'bad-input' naming the known ones */
export function presetOf({ id, presets }: Pick<MethodInfo, 'id' | 'presets'>, wanted: string): Preset {
  const preset = presets.find((one) => one.id === wanted);
  if (!preset)
    throw new AppError('bad-input', `${id} has no preset "${wanted}"`, {
      reason: `known are ${presets.map((one) => one.id).join(', ') || 'none'}`,
    });
  return preset;
}

/** A number, which may be a fraction, as people write the size of an attack: 8/255. NaN for what is none. */
export function numberOf(text: string): number {
  const parts = text.split('/').map((part) => (part.trim() === '' ? NaN : Number(part)));
  return parts.length > 2 ? NaN : parts[0] / (parts[1] ?? 1);
}

function valueOf({ name, kind, choices }: ParamField, text: string): ParamValue {
  const complain = (wanted: string) =>
    new AppError('bad-input', `${name} is ${wanted}, not "${text}"`, { place: name });
  if (kind === 'choice') {
    if (!choices?.includes(text)) throw complain(`one of ${choices?.join(', ')}`);
    return text;
  }
  if (kind === 'boolean') {
    if (text !== 'true' && text !== 'false') throw complain('true or false');
    return text === 'true';
  }
  const number = numberOf(text);
  if (!Number.isFinite(number)) throw complain('a number');
  if (kind === 'integer' && !Number.isInteger(number)) throw complain('a whole number');
  return number;
}
