// How a method of the four registries looks from outside: the UI's forms, the CLI's flags, the run
// record and docs/methods.md are all made from this.

import { z } from 'zod';
import { none, reads } from './call.ts';

export type ParamValue = number | boolean | string;

export const paramsSchema = z.record(
  z.string().max(64),
  z.union([z.number(), z.boolean(), z.string().max(64)]),
);

export interface ParamField {
  name: string;
  title: string;
  /** One sentence: what it does and what happens when it grows. */
  help: string;
  kind: 'number' | 'integer' | 'boolean' | 'choice';
  default: ParamValue;
  min?: number;
  max?: number;
  unit?: string;
  role?: ParamRole;
  /** What its values are spread over evenly; linearly unless given. */
  scale?: 'log';
  group?: SettingGroup;
  short?: string;
  choices?: string[];
  /** Shown at once; the rest is folded. */
  main: boolean;
}

export interface Preset {
  id: string;
  title: string;
  /** Why these values: the paper or code they come from. */
  source: string;
  params: Record<string, ParamValue>;
  /** Settings of the run that belong to it, for objectives. */
  settings?: Record<string, ParamValue>;
}

export interface MethodInfo {
  id: string;
  title: string;
  /** One sentence in plain words. */
  summary: string;
  citation: string;
  params: ParamField[];
  presets: Preset[];
}

/** What an objective works on beside the class labels. */
export type ObjectiveFamily = 'labels' | 'regions' | 'explanations' | 'smoothness' | 'attacks';

/** A way to train. */
export interface ObjectiveInfo extends MethodInfo {
  family: ObjectiveFamily;
  /** Whether the pictures must have groups. */
  needsGroups: boolean;
  /** What it brings to another one in "a+b": a penalty, a weighing of the pictures, or nothing, so that it only leads. */
  adds: 'penalty' | 'weighing' | 'nothing';
}

/** A way to make heat maps. */
export interface SaliencyInfo extends MethodInfo {
  /** 'many': it takes many forward passes of a picture, which last seconds. */
  passes: 'one' | 'many';
}

/** Epsilon of attacks that bound the change of each value, if no other is said. */
export const usualEps = 8 / 255;
/** What is wanted where the length of the whole change is bounded: one that is usual there lets hardly anything change. */
export const lengthWanted =
  'in l2 epsilon is the length of the whole change, so 8/255 is next to nothing: say how long, as 0.5 at 32 px or 3 at 224 px';

/** An attack on pictures. */
export interface AttackInfo extends MethodInfo {
  /** What it wants changed: the class that is said, or the heat map while the class stays. */
  aim: 'class' | 'explanation';
  /** With its default parameters, what epsilon bounds; null where the attack knows no epsilon. */
  norm: 'linf' | 'l2' | null;
}

/** A measure, as forms, flags, tables and docs need it. */
export interface MeasureInfo extends MethodInfo {
  /** Name in reports: the id in camelCase. */
  key: string;
  /** Which way is better; 'none' where neither is. */
  direction: 'higher' | 'lower' | 'none';
  /** Least and greatest value; null where it has no bound. */
  range: readonly [number | null, number | null];
  /** What the value is: 'share' of 1, 'nats', 'pictures'. */
  unit: string;
  /** What the value of one picture is, where that is something else. */
  imageUnit?: string;
  /** What the parts of the figure are, where that is something else. */
  partUnit?: string;
  /** What it varies along: the figure of the set has a curve. */
  curve?: 'epsilon' | 'share of pixels';
  /** One look at each picture, a gradient, an attack, or many looks. */
  cost: 'cheap' | 'gradient' | 'attack' | 'long';
  /** What pictures must have, or the person must name. */
  needs: readonly ('region' | 'groups' | 'against')[];
  /** Part of every evaluation that names no measures. */
  usual: boolean;
}

/** Name of a parameter of one part of an objective "a+b": those of the first part keep theirs. */
export const partName = (isFirst: boolean, part: string, name: string): string =>
  isFirst ? name : `${part}.${name}`;

/** The method of `list` called `id`, or for "a+b" what a and b are together; undefined where a part is unknown. */
export function methodNamed(list: readonly MethodInfo[], id: string): MethodInfo | undefined {
  const parts = id.split('+').map((part) => list.find((one) => one.id === part));
  if (!parts.every((part) => part !== undefined)) return undefined;
  const [first, ...added] = parts;
  if (added.length === 0) return first;
  return {
    id,
    title: parts.map(({ title }) => title).join(' + '),
    summary: [first.summary, ...added.map(({ summary }) => `And: ${summary}`)].join(' '),
    citation: parts.map(({ citation }) => citation).join('; '),
    params: parts.flatMap((part) =>
      part.params.map((field) => ({ ...field, name: partName(part === first, part.id, field.name) })),
    ),
    presets: [],
  };
}

/**
 * What a parameter is for, where somebody treats it by that: the weight of a penalty; steps of a search, which are
 * alike and each cost a pass; a share of the pixel range that people quote in steps of 1/255.
 */
type ParamRole = 'penalty-weight' | 'steps' | 'epsilon';

/** Where a run's setting stands: in a fold of its kind, or in the form itself, beside what it belongs to. */
export type SettingGroup = 'optimiser' | 'schedule' | 'images' | 'network' | 'form';

/** What a parameter says of itself; attach with `.meta()`. */
export interface ParamMeta {
  title: string;
  help: string;
  unit?: string;
  role?: ParamRole;
  /** What its values are spread over evenly; linearly unless given. */
  scale?: 'log';
  /** Of a setting. */
  group?: SettingGroup;
  /** What it is called in the title of a run, beside the method's name; its title unless given. */
  short?: string;
  main?: boolean;
}

interface JsonProperty extends Partial<ParamMeta> {
  type?: string;
  enum?: unknown[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
}

/** The fields of a flat zod object of numbers, booleans and enums, each with a default and `ParamMeta`. */
export function fieldsOf(schema: z.ZodObject): ParamField[] {
  const json = z.toJSONSchema(schema, { io: 'input' }) as { properties?: Record<string, JsonProperty> };
  return Object.entries(json.properties ?? {}).map(([name, property]) => {
    const { title, help, unit, role, scale, group, short, main, minimum, maximum } = property;
    if (title === undefined || help === undefined || property.default === undefined)
      throw new Error(`parameter ${name} needs a title, a help sentence and a default`);
    return {
      name,
      title,
      help,
      kind: property.enum ? 'choice' : (property.type as 'number' | 'integer' | 'boolean'),
      default: property.default as ParamValue,
      ...(minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER && { min: minimum }),
      ...(maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER && { max: maximum }),
      ...(unit !== undefined && { unit }),
      ...(role !== undefined && { role }),
      ...(scale !== undefined && { scale }),
      ...(group !== undefined && { group }),
      ...(short !== undefined && { short }),
      ...(property.enum && { choices: property.enum.map(String) }),
      main: main ?? false,
    };
  });
}

export interface ModelInfo {
  id: string;
  title: string;
  summary: string;
  citation: string;
  params: ParamField[];
  parameterCount: number;
  inputSizesPx: { min: number; max: number };
}

export interface Methods {
  objectives: ObjectiveInfo[];
  models: ModelInfo[];
  saliency: SaliencyInfo[];
  attacks: AttackInfo[];
  measures: MeasureInfo[];
  formats: { id: string; title: string; canRead: boolean; canWrite: boolean }[];
  settings: ParamField[];
}

export const methodCalls = {
  'app.methods': reads<Methods>()(none),
};
