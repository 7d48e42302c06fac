// What a person writes into the form of a sweep over any parameters, read as the core takes it.

import {
  AppError,
  LAMBDA,
  readAxis,
  type Methods,
  type SweepAxis,
  variedFields,
} from '../../../src-main/contracts/index.ts';

export interface AnyAsked {
  objectives: string[];
  rows: { name: string; text: string }[];
  /** Combinations that are drawn; 0 for all. */
  samples: number;
  /** Epochs of the first rung; 0 without halving. */
  halving: number;
  /** 0 without a limit. */
  hours: number;
}

export const anyAtFirst = (): AnyAsked => ({
  objectives: ['standard', 'box-aware'],
  rows: [{ name: LAMBDA, text: 'log(0.1, 100, 4)' }],
  samples: 0,
  halving: 0,
  hours: 0,
});

/** Names that can be varied, with how they are called. */
export function varied(methods: Methods, objectives: readonly string[]): { value: string; label: string }[] {
  const params = objectives.flatMap((id) => methods.objectives.find((one) => one.id === id)?.params ?? []);
  const named = new Map([
    [LAMBDA, 'Penalty weight (lambda)'],
    ...variedFields.map((name) => [name, FIELDS[name]] as const),
    ...params.map(({ name, title }) => [name, title] as const),
    ...methods.settings
      .filter(({ name }) => name !== 'labels')
      .map(({ name, title }) => [name, title] as const),
  ]);
  return [...named].map(([value, label]) => ({ value, label }));
}

const FIELDS = {
  model: 'Model',
  sizePx: 'Picture size',
  epochs: 'Epochs',
  batch: 'Batch',
  seed: 'Seed',
} as const;

/** @returns the axes and how many combinations each objective has at most, or what is wrong */
export function readAny(
  { objectives, rows, samples }: AnyAsked,
  methods: Methods,
): { vary: SweepAxis[]; combinations: number; problem: string | null } {
  const wrong = (problem: string) => ({ vary: [], combinations: 0, problem });
  if (objectives.length === 0) return wrong('One objective at least.');
  const fields = [
    ...objectives.flatMap((id) => methods.objectives.find((one) => one.id === id)?.params ?? []),
    ...methods.settings,
  ];
  if (new Set(rows.map(({ name }) => name)).size < rows.length) return wrong('A parameter is there twice.');
  try {
    const vary = rows.map(({ name, text }) => readAxis(`${name}=${text.replaceAll(/\s+/g, '')}`, fields));
    if (samples === 0 && vary.some((axis) => !('values' in axis)))
      return wrong('A range needs draws: say how many combinations.');
    const combinations =
      samples > 0
        ? samples
        : vary.reduce((product, axis) => product * ('values' in axis ? axis.values.length : 1), 1);
    return { vary, combinations, problem: null };
  } catch (thrown) {
    return wrong(thrown instanceof AppError ? `${thrown.message}.` : 'The values are not understood.');
  }
}
