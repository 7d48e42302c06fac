// The settings of a run as the form shows them: in groups, without those that another setting leaves without effect,
// and each group in one line while it is folded.

import { networkSettings } from '../../src-main/contracts/settings.ts';
import { applies } from '../state/setting-effect.ts';
import type { ParamField, ParamValue } from '../../src-main/contracts/index.ts';

type Values = Record<string, ParamValue>;

export interface SettingGroup {
  title: string;
  fields: ParamField[];
}

/** Settings that have a place of their own in the form: beside the penalties, the boxes, the epochs. */
export const PLACED = ['lambdaRamp', 'outside', 'outsideProbability', 'learningRate', 'patienceEpochs'];

const GROUPS: { title: string; names: string[] }[] = [
  {
    title: 'Optimiser',
    names: [
      ...['optimiser', 'momentum', 'nesterov', 'beta1', 'beta2', 'epsilon', 'weightDecay', 'decay'],
      ...['clipNorm', 'headRate', 'freeze', 'averageDecay', 'accumulate', 'convolutions'],
    ],
  },
  { title: 'Schedule', names: ['schedule', 'cycleMomentum', 'warmUpEpochs', 'stepEpochs', 'stepFactor'] },
  { title: 'Pictures and labels', names: ['sampling', 'flip', 'shift', 'labels', 'labelSmoothing'] },
  {
    title: 'Network',
    names: [...networkSettings],
  },
];

/** All settings that are not placed elsewhere, each once; what belongs to no group comes last under its own. */
export function settingGroups(fields: readonly ParamField[]): SettingGroup[] {
  const named = GROUPS.map(({ title, names }) => ({
    title,
    fields: names.flatMap((name) => fields.filter((field) => field.name === name)),
  }));
  const known = new Set([...PLACED, ...GROUPS.flatMap(({ names }) => names)]);
  const rest = { title: 'Further', fields: fields.filter(({ name }) => !known.has(name)) };
  return [...named, rest].filter((group) => group.fields.length > 0);
}

/** Fields whose value is not the default and has an effect. */
export const changedFields = (fields: readonly ParamField[], settings: Values): ParamField[] =>
  fields.filter((field) => settings[field.name] !== field.default && applies(field, settings));
