// docs/methods.md and docs/keys.md say what the registries and the key map say. After a change of those:
// npx vitest run --config test/vitest.config.ts test/src-main/docs.test.ts -u

import { expect, it } from 'vitest';
import type { MethodInfo, ModelInfo, ParamField } from '../../src-main/contracts/index.ts';
import { allMethods } from '../../src-main/services/methods.ts';
import { keyRows } from '../../src-renderer/canvas/key-map.ts';

const madeFrom = (what: string) => `<!-- Made from ${what} by test/src-main/docs.test.ts. -->\n`;

function range({ kind, min, max, choices, unit }: ParamField): string {
  if (kind === 'choice') return choices!.map((choice) => `\`${choice}\``).join(', ');
  if (kind === 'boolean') return 'yes or no';
  const ends = [min === undefined ? '' : `from ${min}`, max === undefined ? '' : `to ${max}`];
  return [...ends, unit ?? ''].filter(Boolean).join(' ');
}

const fieldTable = (fields: ParamField[]) =>
  [
    '| name | default | range | what it does |',
    '|---|---|---|---|',
    ...fields.map((field) => `| \`${field.name}\` | ${field.default} | ${range(field)} | ${field.help} |`),
  ].join('\n');

function section(method: MethodInfo | ModelInfo): string {
  const lines = [`### ${method.title}, \`${method.id}\``, '', method.summary, '', `*${method.citation}*`];
  if ('parameterCount' in method) {
    const { min, max } = method.inputSizesPx;
    lines.push('', `${method.parameterCount.toLocaleString('en')} weights; pictures of ${min} to ${max} px.`);
  }
  if (method.params.length > 0) lines.push('', fieldTable(method.params));
  if ('presets' in method && method.presets.length > 0) {
    lines.push('', 'Presets:', '');
    for (const { title, source, params } of method.presets) {
      const values = Object.entries(params).map(([name, value]) => `\`${name}=${value}\``);
      lines.push(`- **${title}**: ${values.join(', ')}. ${source}.`);
    }
  }
  return lines.join('\n');
}

it('keeps docs/methods.md equal to the registries', async () => {
  const all = allMethods();
  const chapters: [string, string, (MethodInfo | ModelInfo)[]][] = [
    ['Objectives', 'What training aims at: `--objective ID`.', all.objectives],
    ['Models', 'The network: `--model ID`.', all.models],
    ['Heat maps', 'Where a trained model looks: `fovea explain … --method ID`.', all.saliency],
    ['Attacks', 'Small changes of a picture that are meant to change what is said of it.', all.attacks],
    ['Measures', 'What `fovea evaluate` reports.', all.measures],
  ];
  const page = [
    madeFrom('the registries'),
    '# Methods',
    '',
    'Every parameter is set with `--set NAME=VALUE`, or in the form of the Train screen.',
    ...chapters.flatMap(([title, words, methods]) => [
      '',
      `## ${title}`,
      '',
      words,
      '',
      methods.map(section).join('\n\n'),
    ]),
    '',
    '## Settings of a run',
    '',
    'They go with every objective.',
    '',
    fieldTable(all.settings),
    '',
  ].join('\n');
  await expect(page).toMatchFileSnapshot('../../docs/methods.md');
});

it('keeps docs/keys.md equal to the key map', async () => {
  const groups = [...new Set(keyRows.map(({ group }) => group))];
  const page = [
    madeFrom('the key map'),
    '# Keys',
    '',
    'In the app, `?` shows the same sheet. `Ctrl 1` to `Ctrl 4` change the screen, `F6` goes to the next part of the window.',
    ...groups.flatMap((group) => [
      '',
      `## ${group}`,
      '',
      '| key | what it does |',
      '|---|---|',
      ...keyRows
        .filter((row) => row.group === group)
        .map(
          ({ keys, shown, title }) =>
            `| ${shown ? `\`${shown}\`` : keys.map((key) => `\`${key}\``).join(', ')} | ${title} |`,
        ),
    ]),
    '',
  ].join('\n');
  await expect(page).toMatchFileSnapshot('../../docs/keys.md');
});
