// The settings of a run as the form shows them: in groups, without those that another setting leaves without effect,
// and each group in one line while it is folded.

import { applies } from '../state/setting-effect.ts';
import type { ParamField, ParamValue, SettingGroup } from '../../src-main/contracts/index.ts';

type Values = Record<string, ParamValue>;

interface FieldGroup {
  title: string;
  fields: ParamField[];
}

/** In this order. */
const TITLES: Record<Exclude<SettingGroup, 'form'>, string> = {
  optimiser: 'Optimiser',
  schedule: 'Schedule',
  images: 'Pictures and labels',
  network: 'Network',
};

/** Settings that stand in the form itself. */
export const placedInForm = (fields: readonly ParamField[]): ParamField[] =>
  fields.filter(({ group }) => group === 'form');

/** All settings that stand in folds, each once; what belongs to none comes last under its own. */
export function settingGroups(fields: readonly ParamField[]): FieldGroup[] {
  const titled = Object.entries(TITLES).map(([id, title]) => ({
    title,
    fields: fields.filter(({ group }) => group === id),
  }));
  const rest = { title: 'Further', fields: fields.filter(({ group }) => group === undefined) };
  return [...titled, rest].filter((group) => group.fields.length > 0);
}

/** Fields whose value is not the default and has an effect. */
export const changedFields = (fields: readonly ParamField[], settings: Values): ParamField[] =>
  fields.filter((field) => settings[field.name] !== field.default && applies(field, settings));
