// How one call of the boundary is declared: the schema of its input, the type of its output, and what it changes.

import { z } from 'zod';

/**
 * What a call changes: nothing that is kept, what the open project keeps, or what the app keeps beside it (preferences,
 * the list of projects, weights). A project that is open to read only refuses calls that change it.
 */
type Effect = 'nothing' | 'project' | 'app';

interface Call<Input extends z.ZodType, Output> {
  effect: Effect;
  input: Input;
  /** A type only: the core that makes it is ours. */
  output: Output;
}

const declare =
  (effect: Effect) =>
  <Output>() =>
  <Input extends z.ZodType>(input: Input): Call<Input, Output> => ({
    effect,
    input,
    output: undefined as Output,
  });

/** A call whose output type is stated: `reads<Job>()(schema)`. */
export const reads = declare('nothing');
export const writesProject = declare('project');
export const writesApp = declare('app');

/** Of a call without input. */
export const none = z.object({}).default({});
