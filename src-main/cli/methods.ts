// fovea methods

import type { ParamField } from '../contracts/methods.ts';
import { allMethods } from '../services/methods.ts';
import type { Terminal } from './terminal.ts';

export async function methods(terminal: Terminal): Promise<void> {
  const all = allMethods();
  const lists = ['objectives', 'saliency', 'attacks', 'measures'] as const;
  const words = lists.flatMap((list) => [
    `${list === 'saliency' ? 'heat maps' : list}:`,
    ...all[list].flatMap(({ id, title, params, presets }) => [
      `  ${id}  ${title}`,
      ...params.map(lineOf),
      ...presets.map((preset) => {
        const words = list === 'measures' ? `--measures ${id}:${preset.id}` : `--preset ${preset.id}`;
        return `      ${words}  ${preset.title}: ${preset.source}`;
      }),
    ]),
  ]);
  const models = all.models.map(
    ({ id, title, parameterCount, inputSizesPx: { min, max } }) =>
      `  ${id}  ${title}: ${millions(parameterCount)} weights, pictures of ${min} to ${max} px`,
  );
  terminal.answer({ ...all }, [
    ...words,
    'models, their weights counted for ten classes at 64 px:',
    ...models,
    'settings of a run:',
    ...all.settings.map(lineOf),
  ]);
}

/** "      epochs = 16  (1 or more, epochs)  Passes over the pictures." */
function lineOf(field: ParamField): string {
  const { name, help } = field;
  return `      ${name} = ${field.default}  (${[rangeOf(field), field.unit].filter(Boolean).join(', ')})  ${help}`;
}

function rangeOf({ kind, choices, min, max }: ParamField): string {
  if (kind === 'choice') return choices!.join(', ');
  if (kind === 'boolean') return 'true, false';
  const what = kind === 'integer' ? 'whole, ' : '';
  if (min === undefined) return what + (max === undefined ? 'any' : `${max} or less`);
  return what + (max === undefined ? `${min} or more` : `${min} to ${max}`);
}

const millions = (count: number): string => `${(count / 1e6).toPrecision(3)} million`;
