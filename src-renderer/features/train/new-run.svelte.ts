// The form of a new run: values as typed, kept for each objective, and the configuration made of them.

import type {
  Methods,
  ParamField,
  ParamValue,
  Preset,
  RunConfig,
  RunConfigInput,
} from '../../../src-main/contracts/index.ts';

type Values = Record<string, ParamValue>;

export const defaultsOf = (fields: ParamField[]): Values =>
  Object.fromEntries(fields.map((field) => [field.name, field.default]));

/** Settings that are shown beside the objective or the epochs rather than in the folded list. */
export const PLACED = ['outside', 'outsideProbability', 'lambdaRamp', 'patienceEpochs'];

/** The side, of those that nets are usually trained at, that is nearest to the pictures' own. */
export function suggestedSizePx(longerSidesPx: number[], range: { min: number; max: number }): number {
  const sorted = longerSidesPx.toSorted((one, other) => one - other);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 64;
  // Above 128 px a CPU needs minutes an epoch; a larger side is the person's choice.
  const sides = [32, 64, 96, 128].filter((side) => side >= range.min && side <= range.max);
  return sides.findLast((side) => side <= middle) ?? sides[0] ?? range.min;
}

export class NewRun {
  objective = $state('standard');
  model = $state('resnet8');
  sizePx = $state(64);
  epochs = $state(26);
  batch = $state(32);
  seed = $state(0);
  device = $state<'auto' | 'cpu'>('auto');
  settings = $state<Values>({});
  private readonly typed = $state<Record<string, Values>>({});
  private readonly methods: Methods;

  constructor(methods: Methods, like: RunConfig | null, suggested: { sizePx: number; train: number }) {
    this.methods = methods;
    this.objective = methods.objectives[0]?.id ?? 'standard';
    this.model = methods.models[0]?.id ?? 'resnet8';
    this.settings = defaultsOf(methods.settings);
    this.sizePx = suggested.sizePx;
    this.batch = suggested.train >= 4000 ? 64 : suggested.train >= 64 ? 32 : 8;
    if (like) this.copy(like);
  }

  /** All of an earlier run, so that the next differs from it only in what is changed here. */
  private copy(config: RunConfig): void {
    this.objective = config.objective;
    this.model = config.model;
    this.sizePx = config.sizePx;
    this.epochs = config.epochs;
    this.batch = config.batch;
    this.seed = config.seed;
    this.device = config.device;
    this.settings = { ...this.settings, ...config.settings };
    this.typed[config.objective] = config.params;
  }

  get method() {
    return this.methods.objectives.find((one) => one.id === this.objective) ?? null;
  }

  get modelInfo() {
    return this.methods.models.find((one) => one.id === this.model) ?? null;
  }

  /** Parameters of the chosen objective, defaults filled in. */
  get params(): Values {
    return { ...defaultsOf(this.method?.params ?? []), ...this.typed[this.objective] };
  }

  setParam(name: string, value: ParamValue): void {
    this.typed[this.objective] = { ...this.params, [name]: value };
  }

  usePreset(preset: Preset): void {
    this.typed[this.objective] = { ...defaultsOf(this.method?.params ?? []), ...preset.params };
  }

  /** The preset whose values are all in force. */
  get preset(): Preset | null {
    const params = this.params;
    const holds = (preset: Preset) =>
      Object.entries(preset.params).every(([name, value]) => params[name] === value);
    return this.method?.presets.find(holds) ?? null;
  }

  get config(): RunConfigInput {
    return {
      objective: this.objective,
      params: this.params,
      model: this.model,
      sizePx: this.sizePx,
      epochs: this.epochs,
      batch: this.batch,
      seed: this.seed,
      device: this.device,
      settings: { ...this.settings } as RunConfigInput['settings'],
    };
  }
}
