// How runs are called and described, made from their configuration and the method registries.

import type { Methods, ParamField, Run, RunConfig } from '../../../src-main/contracts/index.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'acc' | '';

/** "0.0001" and not "1e-4"; at most four figures. */
export const figure = (value: number) =>
  new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4, useGrouping: false }).format(value);

/** "Lambda outside" or "Weight outside" as "outside": what tells one parameter from its neighbours. */
export const shortTitle = (field: ParamField) =>
  field.title.toLowerCase().replace(/^(lambda|weight of the|weight of|weight)\s+/, '');

const valueText = (value: unknown) => (typeof value === 'number' ? figure(value) : String(value));

/** "Box-aware", then its main figures and what is put outside: "inside 0.5", "outside 20", "swap". */
export function runParts(config: RunConfig, methods: Methods | null): { method: string; figures: string[] } {
  const objective = methods?.objectives.find((one) => one.id === config.objective);
  const figures = (objective?.params ?? [])
    .filter((field) => field.main && (field.kind === 'number' || field.kind === 'integer'))
    .map((field) => ({ field, value: config.params[field.name] ?? field.default }))
    .filter(({ value }) => value !== 0)
    .map(({ field, value }) => `${shortTitle(field)} ${valueText(value)}`);
  if (config.settings.outside !== 'none') figures.push(`outside ${OUTSIDE[config.settings.outside]}`);
  return { method: objective?.title ?? config.objective, figures };
}

const OUTSIDE = { swap: 'swapped', blur: 'blurred', black: 'black', grey: 'grey' } as const;

export function runTitle(config: RunConfig, methods: Methods | null): string {
  const { method, figures } = runParts(config, methods);
  return [method, ...figures].join(', ');
}

/** Each setting with its name and unit, for the fold under a run's title. */
export function settingRows(config: RunConfig, methods: Methods | null): { name: string; value: string }[] {
  const named = (fields: ParamField[], values: Record<string, unknown>) =>
    fields
      .filter((field) => values[field.name] !== undefined)
      .map((field) => ({
        name: field.title,
        value: [valueText(values[field.name]), field.unit].filter(Boolean).join(' '),
      }));
  const objective = methods?.objectives.find((one) => one.id === config.objective);
  const defaults = Object.fromEntries((objective?.params ?? []).map((field) => [field.name, field.default]));
  return [
    { name: 'Model', value: modelTitle(config, methods) },
    { name: 'Picture size', value: `${config.sizePx} px` },
    { name: 'Epochs', value: String(config.epochs) },
    { name: 'Batch', value: `${config.batch} pictures` },
    { name: 'Seed', value: String(config.seed) },
    ...named(objective?.params ?? [], { ...defaults, ...config.params }),
    ...named(methods?.settings ?? [], config.settings),
  ];
}

export const modelTitle = (config: RunConfig, methods: Methods | null) =>
  methods?.models.find((one) => one.id === config.model)?.title ?? config.model;

const STATES: Record<Run['state'], { text: string; tone: Tone }> = {
  waiting: { text: 'Waiting', tone: '' },
  running: { text: 'Running', tone: 'good' },
  paused: { text: 'Paused', tone: 'warn' },
  interrupted: { text: 'Interrupted', tone: 'warn' },
  done: { text: 'Done', tone: '' },
  failed: { text: 'Failed', tone: 'bad' },
  cancelled: { text: 'Cancelled', tone: '' },
};

/** A finished run that did not train all its epochs was stopped, by a person or for want of gain. */
export function stateWords(run: Run): { text: string; tone: Tone } {
  if (run.state === 'done' && run.epochsDone < run.config.epochs) return { text: 'Best kept', tone: '' };
  return STATES[run.state];
}

/** At most `most` epochs of those given, evenly spread, the first and the last among them. */
export function spreadEpochs(epochs: number[], most: number): number[] {
  const sorted = [...new Set(epochs)].sort((one, other) => one - other);
  if (sorted.length <= most) return sorted;
  const picked = Array.from(
    { length: most },
    (_, index) => sorted[Math.round((index * (sorted.length - 1)) / (most - 1))],
  );
  return [...new Set(picked)];
}

/** Epochs since the best one, of those that are waited for. */
export function patienceUsed(run: Run): number {
  return Math.min(run.config.settings.patienceEpochs, run.epochsDone - (run.best?.epoch ?? 0));
}
