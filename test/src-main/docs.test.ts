// docs/methods.md says what the registries say. After a change of those:
// npx vitest run --config test/vitest.config.ts test/src-main/docs.test.ts -u

import { expect, it } from 'vitest';
import type {
  AttackInfo,
  MeasureInfo,
  Methods,
  MethodInfo,
  ModelInfo,
  ObjectiveInfo,
  ParamField,
  SaliencyInfo,
} from '../../src-main/contracts/index.ts';
import { allMethods } from '../../src-main/services/methods.ts';
import { placedInForm, settingGroups } from '../../src-renderer/forms/setting-groups.ts';

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
    ...fields.map(
      (field) => `| \`${field.name}\` | ${written(field.default, field)} | ${range(field)} | ${field.help} |`,
    ),
  ].join('\n');

const heading = ({ title, id }: MethodInfo | ModelInfo): string => `${title}, \`${id}\``;
type Anchors = ReadonlyMap<MethodInfo | ModelInfo, string>;

/** As Markdown's readers name a heading; of equal names the second gets a number. */
function anchorsOf(methods: (MethodInfo | ModelInfo)[]): Anchors {
  const times = new Map<string, number>();
  return new Map(
    methods.map((method) => {
      const plain = heading(method)
        .toLowerCase()
        .replace(/[^\p{L}\p{N} -]/gu, '');
      const anchor = plain.replaceAll(' ', '-');
      const before = times.get(anchor) ?? 0;
      times.set(anchor, before + 1);
      return [method, before === 0 ? anchor : `${anchor}-${before}`];
    }),
  );
}

/** As it is typed: epsilons that are whole steps of 1/255 as fractions. */
function written(value: unknown, field?: ParamField): string {
  const steps = Number((Number(value) * 255).toFixed(9));
  return field?.role === 'epsilon' && value !== 0 && Number.isInteger(steps) ? `${steps}/255` : String(value);
}

function section(method: MethodInfo | ModelInfo, facts: string): string {
  const lines = [`### ${heading(method)}`, '', method.summary, '', `*${method.citation}*`];
  if (facts !== '') lines.push('', facts);
  if (method.params.length > 0) lines.push('', fieldTable(method.params));
  if ('presets' in method && method.presets.length > 0) {
    lines.push('', 'Presets:', '');
    for (const { id, title, source, params, settings } of method.presets) {
      const values = Object.entries({ ...params, ...settings }).map(
        ([name, value]) =>
          `\`${name}=${written(
            value,
            method.params.find((field) => field.name === name),
          )}\``,
      );
      lines.push(`- **${title}** (\`${id}\`): ${values.join(', ')}. ${source}.`);
    }
  }
  return lines.join('\n');
}

const objectiveFacts = ({ needsGroups, adds }: ObjectiveInfo): string =>
  [
    needsGroups ? 'Needs groups: `--group-by`.' : '',
    {
      penalty: '',
      weighing: 'In `a+b` it weighs the pictures of the other part.',
      nothing: 'In `a+b` it can only come first.',
    }[adds],
  ]
    .filter(Boolean)
    .join(' ');

const modelFacts = ({ parameterCount, inputSizesPx: { min, max } }: ModelInfo): string =>
  `${parameterCount.toLocaleString('en')} weights; pictures of ${min} to ${max} px.`;

const saliencyFacts = ({ passes }: SaliencyInfo): string =>
  passes === 'many' ? 'Takes many forward passes of a picture.' : '';

const attackFacts = ({ aim, norm }: AttackInfo): string =>
  (aim === 'class' ? 'Aims at the class.' : 'Aims at the heat map; the class stays.') +
  (norm === null
    ? ' Takes no `--eps`.'
    : ` \`--eps\` bounds ${norm === 'linf' ? 'the change of every value' : 'the length of the change'}.`);

const costWords: Record<MeasureInfo['cost'], string> = {
  cheap: 'a look',
  gradient: 'a gradient or heat map',
  attack: 'an attack',
  long: 'many looks',
};

/** To four digits: bounds may be logarithms. */
function rangeWords([least, greatest]: MeasureInfo['range']): string {
  const [low, high] = [least, greatest].map((end) => end && Number(end.toPrecision(4)));
  if (low === null) return high === null ? 'any' : `${high} or less`;
  return high === null ? `${low} or more` : `${low} to ${high}`;
}

const measureTable = (measures: MeasureInfo[], anchors: Anchors): string =>
  [
    '| measure | key | better | range | unit | cost a picture | needs | usual |',
    '|---|---|---|---|---|---|---|---|',
    ...measures.map((info) => {
      const { id, key, direction, unit, cost, needs, usual } = info;
      const cells = [
        ...[`[\`${id}\`](#${anchors.get(info)})`, `\`${key}\``, direction === 'none' ? '–' : direction],
        ...[rangeWords(info.range), unit, costWords[cost], needs.join(', '), usual ? 'yes' : ''],
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  ].join('\n');

const severalClasses = [
  'Where pictures have several classes (`labels=several`), a picture is right if its highest score is that of one of them;',
  '`f1` counts every class. What explains a class looks at one, the picture’s own, else the first drawn, and at the boxes',
  'of that one: heat on the picture’s other objects counts as outside. The gradient of the loss, which the usual measures',
  'read, is of the loss of all classes. Localisation and top-1 segmentation want the highest score for the class looked at.',
  'PGD errs only if none of the picture’s classes has the highest score: it lowers the largest of theirs; FGSM raises the',
  'loss of all. Attacks on the map take pictures on which the class looked at has the highest score, and keep it there.',
].join(' ');

const links = (methods: (MethodInfo | ModelInfo)[], anchors: Anchors): string =>
  methods.map((method) => `[${method.title}](#${anchors.get(method)})`).join(' · ');

function chaptersOf({ objectives, models, saliency, attacks, measures, settings }: Methods): string[][] {
  const anchors = anchorsOf([...objectives, ...models, ...saliency, ...attacks, ...measures]);
  return [
    [
      '## Objectives',
      [
        'What training aims at: `--objective ID`. Or several, `--objective a+b`: the class loss of the first and the',
        'penalties of all. Parameters of the first part keep their names, those of a further part `b` are `b.NAME`.',
      ].join(' '),
      links(objectives, anchors),
      ...objectives.map((info) => section(info, objectiveFacts(info))),
    ],
    [
      '## Models',
      [
        'The network: `--model ID`. Weights are counted for ten classes at 64 px. What can be changed in a network is',
        'under [Network](#network), among the settings of a run.',
      ].join(' '),
      links(models, anchors),
      ...models.map((info) => section(info, modelFacts(info))),
    ],
    [
      '## Heat maps',
      'Where a trained model looks: `fovea explain … --method ID`.',
      links(saliency, anchors),
      ...saliency.map((info) => section(info, saliencyFacts(info))),
    ],
    [
      '## Attacks',
      [
        'Small changes of a picture that are meant to change what is said of it, or where the heat lies:',
        '`fovea attack … --attack ID --eps SIZE`. Pixels lie in 0 to 1. Where pictures have several classes, an attack on',
        'what is said is to beat all of them: the picture is right if one of them has the highest score. One on the heat looks',
        'at the picture’s own class, else the first drawn. DeepFool, FAB and Carlini & Wagner look for the smallest change,',
        'which ends at the boundary of the network that it is made on: with `--from` little of it holds for another.',
      ].join(' '),
      links(attacks, anchors),
      ...attacks.map((info) => section(info, attackFacts(info))),
    ],
    [
      '## Measures',
      [
        'What `fovea evaluate` reports: the usual ones, or those of `--measures ID,ID`, or `all`. A parameter is set',
        'with `--set ID.NAME=VALUE`. What a measure may need: `region`, pictures with a box or mask; `groups`, by',
        '`--group-by`; `against`, other pictures, by `--against`.',
      ].join(' '),
      severalClasses,
      measureTable(measures, anchors),
      ...measures.map((info) => section(info, '')),
    ],
    [
      '## Settings of a run',
      'They go with every objective.',
      ...[
        { title: 'Rate, penalties, outside', fields: placedInForm(settings) },
        ...settingGroups(settings),
      ].map(({ title, fields }) => `### ${title}\n\n${fieldTable(fields)}`),
    ],
  ];
}

it('keeps docs/methods.md equal to the registries', async () => {
  const page = [
    `${madeFrom('the registries')}\n# Methods`,
    'Every parameter is set with `--set NAME=VALUE`, or in the forms of the app.',
    [
      '[Objectives](#objectives) · [Models](#models) · [Heat maps](#heat-maps) · [Attacks](#attacks) ·',
      '[Measures](#measures) · [Settings of a run](#settings-of-a-run)',
    ].join(' '),
    ...chaptersOf(allMethods()).flat(),
  ].join('\n\n');
  await expect(`${page}\n`).toMatchFileSnapshot('../../docs/methods.md');
});

it('has every number of steps and every epsilon of a method say so by its role', () => {
  const { objectives, saliency, attacks, measures } = allMethods();
  for (const { id, params } of [objectives, saliency, attacks, measures].flat())
    for (const { name, title, role } of params) {
      if (title === 'Steps') expect(role, `${id} ${name}`).toBe('steps');
      if (/\bepsilon$/i.test(title)) expect(role, `${id} ${name}`).toBe('epsilon');
    }
});
