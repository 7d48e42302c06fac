// What a sweep trains: every combination of the values that are varied, or some that are drawn, for each objective. A
// parameter that an objective does not have makes no difference to it, so it is left out of its points.

import { AppError } from '../contracts/errors.ts';
import { fieldsOf, type ParamField, type ParamValue } from '../contracts/methods.ts';
import { runConfigSchema } from '../contracts/runs.ts';
import { settingsSchema } from '../contracts/settings.ts';
import {
  LAMBDA,
  variedFields,
  type SweepAxis,
  type SweepConfig,
  type SweepPoint,
} from '../contracts/sweeps.ts';
import { models } from '../engine/nn/models/index.ts';
import { randomFromSeed, type Random } from '../engine/nn/random.ts';
import { checkParams } from '../engine/nn/registry.ts';
import { objectiveById } from '../engine/objectives/index.ts';

type Asked = Pick<SweepConfig, 'run' | 'objectives' | 'vary' | 'samples' | 'starts'>;

const MOST_POINTS = 10_000;

/**
 * In order of the objectives, then of the values as they are written, the last parameter changing fastest. Training
 * whose penalties all have the weight 0 is standard training, and is left out where that is one of the objectives.
 * @throws AppError 'bad-input' for a parameter that none of the objectives has, and for a value that it does not take
 */
export function sweepPointsOf(asked: Asked): SweepPoint[] {
  const { objectives, vary, samples, run } = asked;
  const settings = fieldsOf(settingsSchema);
  const known = objectives.map((id) => ({
    id,
    method: objectiveById(id),
    fields: fieldsOf(objectiveById(id).schema),
  }));
  refuseUnknown(
    asked,
    settings,
    known.flatMap(({ fields }) => fields),
  );
  const random = randomFromSeed(run.seed).fork('sweep');

  const points = known.flatMap(({ id, method, fields }): SweepPoint[] => {
    const weights = fields.filter(({ role }) => role === 'penalty-weight').map(({ name }) => name);
    const isLambda = !fields.some(({ name }) => name === LAMBDA) && weights.length > 0;
    const own = vary.filter(
      ({ name }) =>
        isOfRun(name, settings) ||
        fields.some((field) => field.name === name) ||
        (name === LAMBDA && isLambda),
    );
    const combinations =
      samples === undefined ? combinationsOf(own) : drawn(own, samples, random.fork(id), fields);
    const usual = Object.fromEntries(
      Object.entries(run.params).filter(([name]) => fields.some((field) => field.name === name)),
    );
    return combinations.flatMap((values) => {
      const named = Object.entries(values).flatMap(([name, value]) =>
        name === LAMBDA && isLambda
          ? weights.map((weight) => [weight, value] as const)
          : fields.some((field) => field.name === name)
            ? [[name, value] as const]
            : [],
      );
      const params = checkParams(method, { ...usual, ...Object.fromEntries(named) }) as SweepPoint['params'];
      refuseSettings(values, params);
      const isStandard =
        id !== 'standard' && weights.length > 0 && weights.every((name) => params[name] === 0);
      const isThere =
        objectives.includes('standard') && weights.some((name) => named.some(([one]) => one === name));
      return isStandard && isThere ? [] : [{ objective: id, values, params }];
    });
  });
  if (points.length > MOST_POINTS)
    throw new AppError(
      'bad-input',
      `a sweep has at most ${MOST_POINTS} points, and these are ${points.length}`,
      {
        place: 'vary',
      },
    );
  return withoutTwins(points);
}

const isOfRun = (name: string, settings: readonly ParamField[]): boolean =>
  (variedFields as readonly string[]).includes(name) || settings.some((field) => field.name === name);

/** Values of parameters that must be the same in all runs of a sweep, since its parts are dealt out by them. */
const FIXED = ['labels'];

function refuseUnknown(
  { vary, run, starts }: Asked,
  settings: readonly ParamField[],
  fields: readonly ParamField[],
): void {
  const names = new Set(fields.map(({ name }) => name));
  const hasWeight = fields.some(({ role }) => role === 'penalty-weight');
  for (const { name } of vary) {
    if (FIXED.includes(name))
      throw new AppError('bad-input', `${name} cannot be varied within a sweep`, { place: name });
    if (name in run.params)
      throw new AppError('bad-input', `${name} is swept: its values stand in the grid`, { place: name });
    if (!isOfRun(name, settings) && !names.has(name) && !(name === LAMBDA && hasWeight))
      throw new AppError('bad-input', `none of the objectives has a parameter "${name}"`, {
        place: name,
        reason: `known are ${[...new Set([...names, ...variedFields, ...settings.map((one) => one.name)])].join(', ')}`,
      });
  }
  for (const { settings: own } of Object.values(starts ?? {})) {
    const parsed = settingsSchema.partial().strict().safeParse(own);
    if (!parsed.success)
      throw new AppError('bad-input', `starts: ${parsed.error.issues[0].message}`, { place: 'starts' });
  }
  const stray = Object.keys(run.params).find((name) => !names.has(name));
  if (stray !== undefined)
    throw new AppError('bad-input', `none of the objectives has a parameter "${stray}"`, { place: stray });
}

/** @throws AppError 'bad-input' naming what of the run cannot have its value */
function refuseSettings(values: SweepPoint['values'], params: SweepPoint['params']): void {
  for (const [name, value] of Object.entries(values)) {
    if (name in params || name === LAMBDA) continue;
    const isField = (variedFields as readonly string[]).includes(name);
    const schema = isField ? runConfigSchema.shape[name as 'batch'] : settingsSchema.shape[name as 'flip'];
    const parsed = schema.safeParse(value);
    const isModel = name !== 'model' || models.some(({ id }) => id === value);
    if (!parsed.success || !isModel)
      throw new AppError('bad-input', `${name} cannot be ${String(value)}`, {
        place: name,
        reason: isModel
          ? parsed.error!.issues[0].message
          : `there is no such model; known are ${models.map(({ id }) => id).join(', ')}`,
      });
  }
}

function combinationsOf(axes: readonly SweepAxis[]): Record<string, ParamValue>[] {
  return axes.reduce<Record<string, ParamValue>[]>(
    (before, axis) => {
      if (!('values' in axis))
        throw new AppError('bad-input', `${axis.name} has a range, of which values can only be drawn`, {
          place: axis.name,
          reason: 'say how many combinations to draw, or how many values the range has',
        });
      if (before.length * axis.values.length > MOST_POINTS)
        throw new AppError('bad-input', `a sweep has at most ${MOST_POINTS} points`, { place: axis.name });
      return before.flatMap((values) => axis.values.map((value) => ({ ...values, [axis.name]: value })));
    },
    [{}],
  );
}

/** Each axis from a stream of its own, so that another axis more does not change what is drawn of it. */
function drawn(
  axes: readonly SweepAxis[],
  samples: number,
  random: Random,
  fields: readonly ParamField[],
): Record<string, ParamValue>[] {
  const streams = axes.map((axis) => random.fork(axis.name));
  const isWhole = (name: string): boolean =>
    ['sizePx', 'epochs', 'batch', 'seed'].includes(name) ||
    [...fields, ...fieldsOf(settingsSchema)].some((field) => field.name === name && field.kind === 'integer');
  return Array.from({ length: axes.length === 0 ? 1 : samples }, () =>
    Object.fromEntries(axes.map((axis, i) => [axis.name, drawFrom(axis, streams[i], isWhole(axis.name))])),
  );
}

function drawFrom(axis: SweepAxis, random: Random, isWhole: boolean): ParamValue {
  if ('values' in axis) return axis.values[random.below(axis.values.length)];
  const { low, high, scale } = axis;
  const share = random.uniform();
  const value =
    scale === 'log' ? Math.exp(Math.log(low) + share * Math.log(high / low)) : low + share * (high - low);
  return isWhole ? Math.round(value) : Number(value.toPrecision(6));
}

/** Without points that another one is already: an objective that lacks what is varied has but one. */
function withoutTwins(points: readonly SweepPoint[]): SweepPoint[] {
  const seen = new Set<string>();
  return points.filter((point) => {
    const key = JSON.stringify(point);
    return !seen.has(key) && seen.add(key);
  });
}

/**
 * One point of each kind: those of a kind differ in numbers only, which each schema has checked, and so have networks and
 * steps of one form.
 */
export function kindsOf(points: readonly SweepPoint[]): SweepPoint[] {
  const settings = fieldsOf(settingsSchema);
  const kinds = new Map<string, SweepPoint>();
  for (const point of points) {
    const { objective, values, params } = point;
    const isNumber = new Set(
      [...settings, ...fieldsOf(objectiveById(objective).schema)]
        .filter(({ kind }) => kind === 'number')
        .map(({ name }) => name),
    );
    const form = Object.entries({ ...values, ...params }).filter(
      ([name]) => !isNumber.has(name) && !['lambda', 'seed', 'epochs'].includes(name),
    );
    const key = JSON.stringify([objective, form]);
    if (!kinds.has(key)) kinds.set(key, point);
  }
  return [...kinds.values()];
}
