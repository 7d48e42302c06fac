// fovea methods

import { allMethods } from '../services/methods.ts';
import type { Terminal } from './terminal.ts';

export async function methods(terminal: Terminal): Promise<void> {
  const all = allMethods();
  const lists = ['objectives', 'models', 'saliency', 'attacks', 'measures'] as const;
  const words = lists.flatMap((list) => [
    `${list}:`,
    ...all[list].flatMap(({ id, title, params }) => [
      `  ${id}  ${title}`,
      ...params.map((param) => `      ${param.name} = ${param.default}  ${param.help}`),
    ]),
  ]);
  terminal.answer({ ...all }, [
    ...words,
    'settings of a run:',
    ...all.settings.map((field) => `      ${field.name} = ${field.default}  ${field.help}`),
  ]);
}
