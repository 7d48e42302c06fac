// The form of a new run: values as typed, kept for each objective, and the configuration made of them.

import { methodNamed, partName } from '../../../src-main/contracts/methods.ts';
import { networkForm } from '../../../src-main/contracts/settings.ts';
import { defaultsOf, presetIn } from '../../forms/defaults.ts';
import type {
  DeviceChoice,
  Methods,
  ObjectiveInfo,
  ParamValue,
  Preset,
  RunConfig,
  RunConfigInput,
  Settings,
  Start,
  TrainedOn,
  WeightsInfo,
} from '../../../src-main/contracts/index.ts';

type Values = Record<string, ParamValue>;

/** The side, of those that nets are usually trained at, that is nearest to the pictures' own. */
export function suggestedSizePx(longerSidesPx: number[], range: { min: number; max: number }): number {
  const sorted = longerSidesPx.toSorted((one, other) => one - other);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 64;
  // Above 128 px a CPU needs minutes an epoch; a larger side is the person's choice.
  const sides = [32, 64, 96, 128].filter((side) => side >= range.min && side <= range.max);
  return sides.findLast((side) => side <= middle) ?? sides[0] ?? range.min;
}

export class NewRun {
  /** Ids of the objective that leads and of those added to it. */
  private parts = $state<string[]>(['standard']);
  model = $state('resnet8');
  sizePx = $state(64);
  epochs = $state(26);
  batch = $state(32);
  seed = $state(0);
  device = $state<DeviceChoice>('auto');
  settings = $state<Values>({});
  /** Weights to start from; scratch without. */
  start = $state.raw<Start | undefined>();
  /** Attribute that groups the pictures, where the objective needs groups. */
  groupBy = $state<string | undefined>();
  /** What was typed for each objective, by the objective's own names, also while it is not chosen. */
  private readonly typed = $state<Record<string, Values>>({});
  /** Settings that the preset chosen for an objective says; they come and go with it. */
  private readonly presetSettings: Record<string, Values> = {};
  private readonly methods: Methods;

  constructor(methods: Methods, like: RunConfig | null, suggested: { sizePx: number; train: number }) {
    this.methods = methods;
    this.lead(methods.objectives[0]?.id ?? 'standard');
    this.model = methods.models[0]?.id ?? 'resnet8';
    this.settings = defaultsOf(methods.settings);
    this.sizePx = suggested.sizePx;
    this.batch = suggested.train >= 4000 ? 64 : suggested.train >= 64 ? 32 : 8;
    if (like) this.copy(like);
  }

  /** All of an earlier run, so that the next differs from it only in what is changed here. */
  private copy(config: RunConfig): void {
    this.parts = config.objective.split('+');
    this.model = config.model;
    this.sizePx = config.sizePx;
    this.epochs = config.epochs;
    this.batch = config.batch;
    this.seed = config.seed;
    this.device = config.device;
    this.start = config.start;
    this.groupBy = config.groupBy;
    this.settings = { ...this.settings, ...config.settings };
    for (const part of this.objectives) {
      const names = part.params.map(({ name }) => [name, this.nameIn(part, name)]);
      const own = names.filter(([, name]) => config.params[name] !== undefined);
      this.typed[part.id] = Object.fromEntries(own.map(([name, full]) => [name, config.params[full]]));
    }
  }

  /** "a+b": the one that leads first. */
  get objective(): string {
    return this.parts.join('+');
  }

  /** The objectives that are put together, the one that leads first. */
  get objectives(): ObjectiveInfo[] {
    return this.parts.flatMap((id) => this.methods.objectives.filter((one) => one.id === id));
  }

  get method() {
    return methodNamed(this.methods.objectives, this.objective) ?? null;
  }

  /** Chooses the objective that leads; what cannot be added to it goes. */
  lead(id: string): void {
    const added = this.parts.slice(1);
    this.parts.forEach((part) => this.takeBack(part));
    this.parts = [id];
    this.saySettings(id);
    for (const one of added) if (this.addable.some((other) => other.id === one)) this.add(one);
  }

  /** What can still be added: penalties, and one weighing of the pictures. */
  get addable(): ObjectiveInfo[] {
    const chosen = this.objectives;
    const isWeighed = chosen.some(({ adds }) => adds === 'weighing');
    // Without another class loss to weigh, what comes second gives it, and may be anything.
    const isOpen = chosen.every(({ adds }) => adds === 'weighing');
    return this.methods.objectives.filter(
      (one) =>
        !chosen.includes(one) &&
        (one.adds === 'penalty' ||
          (one.adds === 'weighing' && !isWeighed) ||
          (one.adds === 'nothing' && isOpen && one.id !== 'standard')),
    );
  }

  add(id: string): void {
    this.parts = [...this.parts, id];
    this.saySettings(id);
  }

  drop(id: string): void {
    this.takeBack(id);
    this.parts = this.parts.filter((part) => part !== id);
  }

  /** Whether a picture counts for one class or for all that are drawn on it. */
  get labels(): Settings['labels'] {
    return this.settings['labels'] === 'several' ? 'several' : 'one';
  }

  private saySettings(id: string): void {
    this.settings = { ...this.settings, ...this.presetSettings[id] };
  }

  /** Starts from weights, with the settings that suit them. */
  startFrom({ name, sha256, settings }: WeightsInfo): void {
    this.start = { name, sha256: sha256! };
    this.settings = { ...this.settings, ...settings };
  }

  /** Starts from nothing; what suited the weights it was to start from goes with them, if nobody has changed it. */
  startFromScratch(before?: WeightsInfo): void {
    this.start = undefined;
    const suited = Object.entries(before?.settings ?? {}).filter(
      ([name, value]) => this.settings[name] === value,
    );
    this.settings = { ...this.settings, ...this.usual(suited.map(([name]) => name)) };
  }

  /** Goes on with what a run has learnt, as the network that it is. */
  startFromRun(start: Start, { settings }: RunConfig): void {
    this.start = start;
    this.settings = { ...this.settings, ...networkForm(settings) };
  }

  /** What its preset said of the settings goes with an objective; what a person has changed since stays. */
  private takeBack(id: string): void {
    const presetSettings = this.presetSettings[id];
    if (!presetSettings) return;
    if (Object.entries(presetSettings).every(([name, value]) => this.settings[name] === value))
      this.settings = { ...this.settings, ...this.usual(Object.keys(presetSettings)) };
    else delete this.presetSettings[id];
  }

  private usual(names: readonly string[]): Values {
    return defaultsOf(this.methods.settings.filter(({ name }) => names.includes(name)));
  }

  get needsGroups(): boolean {
    return this.objectives.some((one) => one.needsGroups);
  }

  /** Whether groups are looked at: by an objective, or by the sampling. */
  get usesGroups(): boolean {
    return this.needsGroups || this.settings['sampling'] === 'balanced';
  }

  private nameIn(part: ObjectiveInfo, name: string): string {
    return partName(part.id === this.parts[0], part.id, name);
  }

  get modelInfo() {
    return this.methods.models.find((one) => one.id === this.model) ?? null;
  }

  /** Parameters of one objective by its own names, defaults filled in. */
  paramsOf({ id, params }: ObjectiveInfo): Values {
    return { ...defaultsOf(params), ...this.typed[id] };
  }

  /** Parameters of all objectives that are put together, by their names in the run. */
  get params(): Values {
    return Object.fromEntries(
      this.objectives.flatMap((part) =>
        Object.entries(this.paramsOf(part)).map(([name, value]) => [this.nameIn(part, name), value]),
      ),
    );
  }

  setParam(part: ObjectiveInfo, name: string, value: ParamValue): void {
    this.typed[part.id] = { ...this.paramsOf(part), [name]: value };
  }

  /** Settings that another preset of the objective says go back to their defaults. */
  usePreset(part: ObjectiveInfo, preset: Pick<Preset, 'params' | 'settings'>): void {
    this.typed[part.id] = { ...defaultsOf(part.params), ...preset.params };
    const presetSettings = part.presets.flatMap(({ settings }) => Object.keys(settings ?? {}));
    this.settings = { ...this.settings, ...this.usual(presetSettings), ...preset.settings };
    this.presetSettings[part.id] = { ...preset.settings };
  }

  /** The preset whose values, defaults for the rest, are all in force. */
  presetOf(part: ObjectiveInfo): Preset | null {
    return presetIn(part, this.paramsOf(part), this.settings);
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
      ...(this.usesGroups && this.groupBy !== undefined && { groupBy: this.groupBy }),
      settings: { ...this.settings } as RunConfigInput['settings'],
      ...(this.start && { start: this.start }),
    };
  }
}

/** Why the run cannot start; null if it can. @param attributes  those the pictures can be grouped by */
export function hindrance(form: NewRun, trainedOn: TrainedOn | null, attributes: string[]): string | null {
  if (!trainedOn) return 'Pictures are being counted.';
  if (trainedOn.train + trainedOn.selection + trainedOn.test === 0)
    return 'No picture has a class yet. Give some a class in Annotate.';
  if (trainedOn.classes.length < 2) return 'Two classes are needed to tell one from the other.';
  if (form.needsGroups) {
    const who = form.objectives.find((one) => one.needsGroups)!.title;
    if (attributes.length === 0)
      return `${who} needs groups, and no picture has an attribute to make them of.`;
    if (form.groupBy === undefined || !attributes.includes(form.groupBy))
      return `${who} needs groups: choose an attribute to group by.`;
  }
  const { modelInfo, sizePx } = form;
  if (modelInfo && (sizePx < modelInfo.inputSizesPx.min || sizePx > modelInfo.inputSizesPx.max))
    return `${modelInfo.title} takes pictures of ${modelInfo.inputSizesPx.min} to ${modelInfo.inputSizesPx.max} px.`;
  return null;
}

/** Adam at the learning rates of SGD hardly ever learns. */
const HIGH_FOR_ADAM = 0.01;
/** On 1000 pictures, what trains on the worst picture of a ball stayed at chance from scratch (docs/results.md). */
const FEW_FOR_SEARCHES = 2000;
/** As the length of a whole change this is nothing, and 8/255, which is much in every value, is below it. */
const SHORT_IN_L2 = 0.1;

/** What can be started, and will probably not do what was meant. */
export function warningsOf(form: NewRun, trainedOn: TrainedOn | null): string[] {
  const warnings: string[] = [];
  const { settings } = form;
  const boxAware = form.objectives.find(({ family }) => family === 'regions');
  if (trainedOn && trainedOn.train > 0 && trainedOn.withRegion === 0) {
    if (boxAware)
      warnings.push(
        `No training picture has a box or mask, so ${boxAware.title} learns from the labels alone.`,
      );
    if (settings['outside'] !== 'none')
      warnings.push('No training picture has a box or mask, so background augmentation does nothing.');
  }
  if (settings['optimiser'] !== 'sgd' && Number(settings['learningRate']) >= HIGH_FOR_ADAM)
    warnings.push(
      `A learning rate of ${settings['learningRate']} is high for Adam; 0.001 is where most start.`,
    );
  if (settings['freeze'] === 'backbone' && !form.start)
    warnings.push('The frozen layers have random weights: start from trained weights.');
  const searching = form.objectives.find(({ params }) => params.some(({ role }) => role === 'epsilon'));
  if (searching && !form.start && trainedOn && trainedOn.train > 0 && trainedOn.train < FEW_FOR_SEARCHES)
    warnings.push(
      `On few pictures ${searching.title} learns little from scratch: start from a run that is trained already.`,
    );
  for (const one of form.objectives) {
    const { norm, eps } = form.paramsOf(one);
    if (norm === 'l2' && Number(eps) < SHORT_IN_L2)
      warnings.push(`An epsilon of ${eps} is very small in L2: 0.5 is usual at 32 px.`);
  }
  if (form.needsGroups && settings['sampling'] !== 'balanced')
    warnings.push('Shuffled batches have few pictures of small groups: choose balanced sampling.');
  if (trainedOn && trainedOn.train > 0 && form.batch > trainedOn.train)
    warnings.push(`A batch of ${form.batch} is more than the ${trainedOn.train} training pictures.`);
  return warnings;
}
