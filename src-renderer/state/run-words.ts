// How runs are called and described, made from their configuration and the method registries.

import { methodNamed, partName } from '../../src-main/contracts/methods.ts';
import type { Methods, ParamField, Run, RunConfig } from '../../src-main/contracts/index.ts';
import { choiceText } from './choice-text.ts';
import { applies } from './setting-effect.ts';

type Tone = 'good' | 'warn' | 'bad' | 'acc' | '';

/** "0.0001" and not "1e-4"; at most four figures. */
export const numberText = (value: number) =>
  new Intl.NumberFormat('en-US', { maximumSignificantDigits: 4, useGrouping: false }).format(value);

/** What tells a parameter from its neighbours in the title of a run: "outside" for "Weight outside". */
const shortTitle = ({ short, title }: ParamField) => short ?? title.toLowerCase();

function valueText(value: unknown, { unit, role }: ParamField): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'number') return choiceText(String(value));
  const steps = value * 255;
  // As people quote it. Runs of before have rounded ones: 0.03137 is meant to be 8/255.
  if (role === 'epsilon' && steps >= 0.99 && Math.abs(steps - Math.round(steps)) < 0.02)
    return `${Math.round(steps)}/255`;
  return [numberText(value), unit].filter(Boolean).join(' ');
}

/** "momentum 0.8", "no mirror": a setting and its value in a list of what was changed. */
export function settingText(field: ParamField, value: unknown): string {
  const { title } = field;
  const name = title.charAt(0).toLowerCase() + title.slice(1);
  if (typeof value === 'boolean') return value ? name : `no ${name}`;
  return `${name} ${valueText(value, field)}`;
}

const partsOf = (config: RunConfig, methods: Methods | null) =>
  config.objective.split('+').map((id, index) => ({
    isFirst: index === 0,
    objective: methods?.objectives.find((one) => one.id === id),
  }));

/** "Box-aware", then its main figures and what is put outside: "inside 0.5", "outside 20", "swap". */
export function runParts(config: RunConfig, methods: Methods | null): { method: string; figures: string[] } {
  const objective = methodNamed(methods?.objectives ?? [], config.objective);
  const figures = (objective?.params ?? [])
    .filter((field) => field.main && (field.kind === 'number' || field.kind === 'integer'))
    .map((field) => ({ field, value: config.params[field.name] ?? field.default }))
    .filter(({ value }) => value !== 0)
    .map(({ field, value }) => `${shortTitle(field)} ${valueText(value, field)}`);
  if (config.settings.outside !== 'none') figures.push(`outside ${OUTSIDE[config.settings.outside]}`);
  return { method: objective?.title ?? config.objective, figures };
}

const OUTSIDE = { swap: 'swapped', blur: 'blurred', black: 'black', grey: 'grey' } as const;

export function runTitle(config: RunConfig, methods: Methods | null): string {
  const { method, figures } = runParts(config, methods);
  return [method, ...figures].join(', ');
}

/**
 * Each setting that has an effect with its name and unit, for the fold under a run's title. Names are told apart: of
 * two alike the objective's says whose it is.
 */
export function settingRows(config: RunConfig, methods: Methods | null): { name: string; value: string }[] {
  const settings = (methods?.settings ?? [])
    .filter((field) => applies(field, config.settings))
    .map((field) => ({
      name: field.title,
      value: valueText(config.settings[field.name as keyof RunConfig['settings']], field),
    }));
  const own = partsOf(config, methods).flatMap(({ objective, isFirst }) =>
    (objective?.params ?? []).map((field) => {
      const value = config.params[partName(isFirst, objective!.id, field.name)] ?? field.default;
      return { of: objective!.title, title: field.title, value: valueText(value, field) };
    }),
  );
  const titles = [...settings.map(({ name }) => name), ...own.map(({ title }) => title)];
  const isAlone = (title: string) => titles.filter((other) => other === title).length === 1;
  return [
    { name: 'Model', value: modelTitle(config, methods) },
    { name: 'Picture size', value: `${config.sizePx} px` },
    { name: 'Epochs', value: String(config.epochs) },
    { name: 'Batch', value: `${config.batch} pictures` },
    { name: 'Seed', value: String(config.seed) },
    { name: 'Starts from', value: config.start?.name ?? 'scratch' },
    ...(config.groupBy === undefined ? [] : [{ name: 'Groups by', value: config.groupBy }]),
    ...own.map(({ of, title, value }) => ({ name: isAlone(title) ? title : `${of}: ${title}`, value })),
    ...settings,
  ];
}

export const modelTitle = (config: RunConfig, methods: Methods | null) =>
  methods?.models.find((one) => one.id === config.model)?.title ?? config.model;

const STATES: Record<Run['state'], { text: string; tone: Tone }> = {
  waiting: { text: 'Queued', tone: '' },
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
