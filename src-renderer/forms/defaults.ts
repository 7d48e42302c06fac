// What the fields of a schema are set to at first, and which of a method's presets some values are.

import type { MethodInfo, ParamField, ParamValue, Preset } from '../../src-main/contracts/index.ts';

type Values = Record<string, ParamValue>;

export const defaultsOf = (fields: ParamField[]): Values =>
  Object.fromEntries(fields.map((field) => [field.name, field.default]));

/**
 * The preset of a method that these values are, defaults for what it does not name; null if they are none.
 * @param settings  of the run, where a preset may say some
 */
export function presetIn(
  { params, presets }: Pick<MethodInfo, 'params' | 'presets'>,
  values: Values,
  settings: Values = {},
): Preset | null {
  const defaults = defaultsOf(params);
  const agree = (wanted: Values, has: Values) =>
    Object.entries(wanted).every(([name, value]) => has[name] === value);
  return (
    presets.find(
      (preset) => agree({ ...defaults, ...preset.params }, values) && agree(preset.settings ?? {}, settings),
    ) ?? null
  );
}
