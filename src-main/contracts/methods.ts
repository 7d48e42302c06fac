// How a method of the four registries looks from outside: the UI's forms, the CLI's flags, the run
// record and docs/methods.md are all made from this.

import { z } from 'zod';

export type ParamValue = number | boolean | string;

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

/** What a parameter says of itself; attach with `.meta()`. */
export interface ParamMeta {
  title: string;
  help: string;
  unit?: string;
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
    const { title, help, unit, main, minimum, maximum } = property;
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
      ...(property.enum && { choices: property.enum.map(String) }),
      main: main ?? false,
    };
  });
}
