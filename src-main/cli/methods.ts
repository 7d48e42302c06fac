// fovea methods

import { allMethods } from '../services/methods.ts';
import type { Terminal } from './terminal.ts';

export async function methods(terminal: Terminal): Promise<void> {
  const all = allMethods();
  const lists = ['objectives', 'saliency', 'attacks', 'measures'] as const;
  const words = lists.flatMap((list) => [
    `${list}:`,
    ...all[list].flatMap(({ id, title, params, presets }) => [
      `  ${id}  ${title}`,
      ...params.map((param) => `      ${param.name} = ${param.default}  ${param.help}`),
      ...presets.map((preset) => `      --preset ${preset.id}  ${preset.title}: ${preset.source}`),
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
    ...all.settings.map((field) => `      ${field.name} = ${field.default}  ${field.help}`),
  ]);
}

const millions = (count: number): string => `${(count / 1e6).toPrecision(3)} million`;
