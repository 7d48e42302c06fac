// What `fovea sweep` is asked for: `--grid`, a grid of box-aware's two weights with its baselines; or `--objectives` and
// `--vary`, any parameters.

import { AppError } from '../contracts/errors.ts';
import { type Methods, methodNamed, type ParamValue } from '../contracts/methods.ts';
import type { RunConfigInput } from '../contracts/runs.ts';
import {
  boxGrid,
  namedGrids,
  type BoxWeight,
  type GridName,
  type SweepConfigInput,
} from '../contracts/sweeps.ts';
import { readAxis } from '../contracts/sweep-axes.ts';
import { measuresAskedFor } from './evaluate.ts';
import { presetOf, readSet } from './set-values.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';
import { configOf, obstaclesFor, type RunOptions } from './train.ts';
import { withStart } from './weights.ts';

export interface SweepOptions extends RunOptions {
  grid?: string;
  /** With commas between. */
  objectives?: string;
  vary: string[];
  samples?: number;
  /** FIRST or FIRST:ETA */
  halving?: string;
  /** 90, 30m, 2h, 1d */
  budget?: string;
  repeat: number;
  seeds?: number;
  measures?: string;
}

export async function sweepAsked(
  session: Session,
  terminal: Terminal,
  options: SweepOptions,
): Promise<SweepConfigInput> {
  const methods = await session.core.call('app.methods', {});
  // "measure.parameter" is a measure's, as for `evaluate`; the rest is the run's, as for `train`.
  const isOfMeasure = (text: string): boolean =>
    methods.measures.some(({ id }) => text.split('=')[0].startsWith(`${id}.`));
  const set = options.set.filter((text) => !isOfMeasure(text));
  const isGeneral = options.objectives !== undefined || options.vary.length > 0;
  const asked = isGeneral
    ? await anyAsked(session, { ...options, set }, methods)
    : await gridAsked(session, { ...options, set }, methods);
  const ofMeasures = options.set.filter(isOfMeasure);
  const chosen =
    options.measures === undefined && ofMeasures.length === 0
      ? undefined
      : await measuresOf(session, terminal, methods, asked.run, {
          measures: options.measures,
          set: ofMeasures,
        });
  return {
    ...asked,
    repeat: options.seeds ?? options.repeat,
    ...(options.budget !== undefined && { budgetSeconds: secondsOf(options.budget) }),
    ...(options.halving !== undefined && { halving: halvingOf(options.halving) }),
    ...(chosen && { measures: chosen }),
  };
}

type Asked = Pick<SweepConfigInput, 'run' | 'objectives' | 'vary' | 'samples' | 'starts'>;

async function gridAsked(session: Session, options: SweepOptions, methods: Methods): Promise<Asked> {
  if (options.objective !== 'box-aware')
    throw new AppError('bad-input', `a sweep is of box-aware, not of "${options.objective}"`, {
      reason: 'standard training and blackout are among its families anyway; name others with --objectives',
    });
  if (options.samples !== undefined)
    throw new AppError('bad-input', '--samples draws from what --vary says, and there is none');
  const grid = readGrid(options.grid ?? 'coarse');
  const given = options.set
    .map((text) => text.split('=')[0])
    .find((name) => name === 'lambdaInside' || name === 'lambdaOutside');
  if (given !== undefined)
    throw new AppError('bad-input', `${given} is swept`, { reason: 'write its values into --grid' });
  const run = await withStart(session, configOf(options, methods), options.start);
  return {
    ...boxGrid(grid.values.lambdaInside, grid.values.lambdaOutside),
    run: { ...run, params: { ...grid.params, ...run.params } },
  };
}

async function anyAsked(session: Session, options: SweepOptions, methods: Methods): Promise<Asked> {
  if (options.grid !== undefined)
    throw new AppError('bad-input', '--grid is for box-aware alone', {
      reason: 'write its values as --vary lambdaInside=… --vary lambdaOutside=…',
    });
  const objectives = (options.objectives ?? options.objective).split(',').map((id) => id.trim());
  const chosen = objectives.map((id) => {
    const method = methodNamed(methods.objectives, id);
    if (method) return method;
    throw new AppError('bad-input', `there is no objective "${id}"`, {
      reason: `known are ${methods.objectives.map((one) => one.id).join(', ')}`,
    });
  });
  const fields = [...new Map(chosen.flatMap(({ params }) => params).map((one) => [one.name, one])).values()];
  const ofObjectives = (text: string): boolean => fields.some(({ name }) => name === text.split('=')[0]);
  if (options.preset !== undefined && chosen.length > 1)
    throw new AppError('bad-input', '--preset goes with one objective', {
      reason: `these are ${objectives.join(', ')}`,
    });
  const params = {
    ...(options.preset !== undefined && presetOf(chosen[0], options.preset).params),
    ...readSet(options.set.filter(ofObjectives), fields, objectives.join(', ')),
  };
  const vary = options.vary.map((text) => readAxis(text, [...fields, ...methods.settings]));
  const set = options.set.filter((text) => !ofObjectives(text));
  const whole = configOf({ ...options, objective: objectives[0], set }, methods);
  // The same on every machine, so that a sweep is the same wherever its runs are trained.
  const settings = { convolutions: 'rules' as const, ...whole.settings };
  const run: RunConfigInput = { ...whole, params, settings };
  const models = vary.find(({ name }) => name === 'model');
  const names = models && 'values' in models ? models.values.map(String) : [];
  const starts: NonNullable<Asked['starts']> = {};
  for (const model of names) {
    if (!methods.models.some(({ id }) => id === model))
      throw new AppError('bad-input', `there is no model "${model}"`, {
        reason: `known are ${methods.models.map(({ id }) => id).join(', ')}`,
      });
    const own = await withStart(session, { ...run, model }, options.start);
    starts[model] = {
      settings: own.settings as Record<string, ParamValue>,
      ...(own.start && { start: own.start }),
    };
  }
  return {
    objectives,
    vary,
    ...(options.samples !== undefined && { samples: options.samples }),
    ...(models
      ? { run: { ...run, model: names[0] ?? run.model }, starts }
      : { run: await withStart(session, run, options.start) }),
  };
}

async function measuresOf(
  session: Session,
  terminal: Terminal,
  methods: Methods,
  run: RunConfigInput,
  asked: { measures: string | undefined; set: string[] },
): Promise<SweepConfigInput['measures']> {
  const obstaclesTo = obstaclesFor(session, run);
  const chosen = await measuresAskedFor(terminal, methods, asked, async (wanted) => {
    const reasons = await obstaclesTo(wanted);
    return wanted.map(({ id }, index) =>
      methods.measures.find((one) => one.id === id)?.direction === 'none'
        ? 'neither more nor less of it is better'
        : reasons[index],
    );
  });
  return chosen.map(({ info, params }) => ({ id: info.id, params }));
}

/** "90", "90s", "30m", "2h", "1d" in seconds. */
export function secondsOf(text: string): number {
  const [, number, unit = 's'] = /^([0-9.]+)\s*(s|m|min|h|d)?$/.exec(text.trim()) ?? [];
  const seconds = Number(number) * { s: 1, m: 60, min: 60, h: 3600, d: 86_400 }[unit]!;
  if (!(seconds > 0))
    throw new AppError('bad-input', `--budget ${text} is no time`, { reason: 'write 90s, 30m, 2h or 1d' });
  return seconds;
}

function halvingOf(text: string): NonNullable<SweepConfigInput['halving']> {
  const [first, eta, ...more] = text.split(':').map(Number);
  if (!Number.isInteger(first) || first < 1 || more.length > 0 || (eta !== undefined && !(eta >= 2)))
    throw new AppError('bad-input', `--halving ${text} is not understood`, {
      reason:
        'write the epochs after which the first are left behind, as 3; or 3:4, to keep one of four instead of three',
    });
  return { firstEpochs: first, ...(eta !== undefined && { eta }) };
}

const weights: readonly BoxWeight[] = ['lambdaInside', 'lambdaOutside'];

/** A named grid, whose values are meant in the paper's reduction, or values in the reduction that the run has. */
function readGrid(text: string): { values: Record<BoxWeight, number[]>; params: Record<string, string> } {
  if (Object.hasOwn(namedGrids, text)) {
    const values = [...namedGrids[text as GridName]];
    return { values: { lambdaInside: values, lambdaOutside: values }, params: { reduction: 'paper' } };
  }
  const complain = (reason: string) =>
    new AppError('bad-input', `--grid ${text} is no grid`, {
      reason: `${reason}; write ${Object.keys(namedGrids).join(', ')}, or "lambdaInside=0,1,10;lambdaOutside=0,1,10"`,
    });
  const values: Record<string, number[]> = {};
  for (const part of text.split(';')) {
    const [name, list, ...more] = part.split('=').map((one) => one.trim());
    if (!weights.some((one) => one === name) || list === undefined || more.length > 0 || name in values)
      throw complain(`"${part.trim()}" does not give one of ${weights.join(', ')} its values`);
    values[name] = list.split(',').map((one) => (one.trim() === '' ? NaN : Number(one)));
    if (values[name].some((value) => !(value >= 0 && value < Infinity)))
      throw complain(`${name} has a value that is no number of at least 0`);
  }
  const missing = weights.find((name) => !(name in values));
  if (missing !== undefined) throw complain(`${missing} has no values`);
  return { values: values as Record<BoxWeight, number[]>, params: {} };
}
