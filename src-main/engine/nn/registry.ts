// What the registries (objectives, saliency methods, attacks, measures, models) have in common: look one up by
// its id, describe all of them for forms, flags and docs, and check the parameters somebody sent.

import type { z } from 'zod';
import { AppError } from '../../contracts/errors.ts';
import { mustBe } from '../../contracts/issues.ts';
import { fieldsOf, type MethodInfo, type Preset } from '../../contracts/methods.ts';

/** The part of a method that can be told without building anything. */
interface Described {
  readonly id: string;
  readonly title: string;
  /** One sentence in plain words. */
  readonly summary: string;
  readonly citation: string;
}

export interface Parametrised extends Described {
  /** Flat: numbers, booleans and enums, each with a default and `ParamMeta`. */
  readonly schema: z.ZodObject;
  readonly presets: readonly Preset[];
}

/** The member of `list` called `id`; 'bad-input' naming the known ids if there is none. `kind` is for the message. */
export function findById<T extends Described>(kind: string, list: readonly T[], id: string): T {
  const found = list.find((one) => one.id === id);
  if (found) return found;
  throw new AppError(
    'bad-input',
    `there is no ${kind} "${id}"; known are: ${list.map((one) => one.id).join(', ')}`,
  );
}

export function describe(list: readonly (Described | Parametrised)[]): MethodInfo[] {
  return list.map((one) => ({
    id: one.id,
    title: one.title,
    summary: one.summary,
    citation: one.citation,
    params: 'schema' in one ? fieldsOf(one.schema) : [],
    presets: 'presets' in one ? [...one.presets] : [],
  }));
}

/** Parameters with defaults filled in; 'bad-input' naming the parameter if one is unknown or out of range. */
export function checkParams<S extends z.ZodObject>(
  method: { readonly id: string; readonly schema: S },
  params: unknown,
): z.output<S> {
  const parsed = method.schema.strict().safeParse(params);
  if (parsed.success) return parsed.data as z.output<S>;
  const [issue] = parsed.error.issues;
  const place = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const [name] = issue.keys;
    const known = Object.keys(method.schema.shape);
    throw new AppError('bad-input', `${method.id} has no parameter "${name.slice(0, 80)}"`, {
      place: name,
      reason: known.length > 0 ? `known are ${known.join(', ')}` : 'it has none',
    });
  }
  const given = (params as Record<string, unknown> | null)?.[place];
  const value = typeof given === 'number' || typeof given === 'string' ? `, not ${given}` : '';
  const words = mustBe(issue);
  const reason = `${words ?? issue.message}${value}`;
  const what = place === '' ? reason : words === null ? `${place}: ${reason}` : `${place} ${reason}`;
  throw new AppError('bad-input', `${method.id}: ${what}`, { place, reason });
}
