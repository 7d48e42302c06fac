// Sweeps: runs over any parameters of objective, network, augmentation, optimiser, data and seed, several times each,
// and the best of them chosen for each measure on pictures set apart for it. What a sweep trains stands in its
// configuration, point by point, so that client and core say the same of it.

import { z } from 'zod';
import { none, reads, writesProject } from './call.ts';
import type { ErrorRecord } from './errors.ts';
import { fileRefSchema, sweepIdSchema, type JobId, type RunId, type SweepId } from './ids.ts';
import { paramsSchema, type MeasureInfo, type ParamValue } from './methods.ts';
import { measuresAskedSchema } from './metrics.ts';
import { runConfigSchema, startSchema, type RunConfig, type RunState } from './runs.ts';
import { settingsSchema } from './settings.ts';

/** 0 and `count` values from 0.1 to 1000, evenly in the logarithm. */
const logspaced = (count: number): number[] => [
  0,
  ...Array.from({ length: count }, (_, i) => Number((10 ** (-1 + (4 * i) / (count - 1))).toPrecision(5))),
];

/** Grids by name, the same for both weights of box-aware. Their values are meant in the paper's reduction. */
export const namedGrids = {
  /** Every third value of the paper's. */
  coarse: logspaced(5),
  /** KC & Zhang's code: {0} and logspace(-1, 3, 13). */
  paper: logspaced(13),
} as const;
export type GridName = keyof typeof namedGrids;

const valueSchema = z.union([z.number(), z.boolean(), z.string().max(64)]);
const nameSchema = z.string().min(1).max(64);

/** One parameter and its values; or, to draw from, the ends of a range, evenly on its scale. */
export const sweepAxisSchema = z.union([
  z.strictObject({
    name: nameSchema,
    values: z
      .array(valueSchema)
      .min(1)
      .max(1000)
      .refine((values) => new Set(values).size === values.length, 'a value is there twice'),
  }),
  z
    .strictObject({ name: nameSchema, low: z.number(), high: z.number(), scale: z.enum(['linear', 'log']) })
    .refine(({ low, high }) => low < high, 'the range has to rise')
    .refine(({ low, scale }) => scale === 'linear' || low > 0, 'a range in the logarithm is above 0'),
]);
export type SweepAxis = z.infer<typeof sweepAxisSchema>;

export const sweepConfigSchema = z.object({
  /**
   * All but what is varied. Its objective is not looked at; its parameters go to each objective that has them. Its seed
   * is that of the first repetition, the next ones follow.
   */
  run: runConfigSchema,
  objectives: z
    .array(z.string().min(1).max(64))
    .min(1)
    .max(50)
    .refine((ids) => new Set(ids).size === ids.length, 'an objective is there twice'),
  /**
   * Every combination is trained; a parameter that an objective does not have is left out of its combinations. "lambda"
   * is the weight of a penalty, whatever it is called, and where there are several all of them.
   */
  vary: z
    .array(sweepAxisSchema)
    .max(16)
    .refine(
      (axes) => new Set(axes.map(({ name }) => name)).size === axes.length,
      'a parameter is there twice',
    )
    .default([]),
  /** So many combinations of each objective, drawn with the seed of the run, in place of all. */
  samples: z.int().min(1).max(10_000).optional(),
  /**
   * Successive halving: after so many epochs, and again after `eta` times as many, the best of `eta` go on. The others
   * keep what they have.
   */
  halving: z
    .object({ firstEpochs: z.int().min(1).max(10_000), eta: z.int().min(2).max(10).default(3) })
    .optional(),
  /** No run is started after so much time; resuming gives as much again. */
  budgetSeconds: z.number().positive().max(1e8).optional(),
  repeat: z.int().min(1).max(50).default(3),
  /** The usual ones if absent. */
  measures: measuresAskedSchema.min(1).optional(),
  /** What runs start from by their model, in place of the run's own, and the settings that suit it. */
  starts: z
    .record(
      z.string().max(64),
      z.object({ start: startSchema.optional(), settings: paramsSchema.default({}) }),
    )
    .optional(),
});
export type SweepConfigInput = z.input<typeof sweepConfigSchema>;
type SweepAsked = z.output<typeof sweepConfigSchema>;

/** What is trained under one name, once for each seed. */
export interface SweepPoint {
  objective: string;
  /** Of the parameters that are varied, those that it has. */
  values: Record<string, ParamValue>;
  /** Of the objective, all of them. */
  params: Record<string, ParamValue>;
}

/** With every default filled in, and all points. */
export type SweepConfig = SweepAsked & Required<Pick<SweepAsked, 'measures'>> & { points: SweepPoint[] };

/** What of a run can be varied beside its settings and the parameters of its objective. */
export const variedFields = ['model', 'sizePx', 'epochs', 'batch', 'seed'] as const;
/** The weight of a penalty by whatever name. */
export const LAMBDA = 'lambda';

/** Standard, blackout, and box-aware over a grid of its two weights, as KC & Zhang (2021) have it. */
export const boxGrid = (
  lambdaInside: readonly number[],
  lambdaOutside: readonly number[],
): Pick<SweepAsked, 'objectives' | 'vary'> => ({
  objectives: ['standard', 'blackout', 'box-aware'],
  vary: [
    { name: 'lambdaInside', values: [...lambdaInside] },
    { name: 'lambdaOutside', values: [...lambdaOutside] },
  ],
});

/** The two axes of such a sweep; null for any other. */
export function boxGridOf({
  objectives,
  vary,
  samples,
}: Pick<SweepConfig, 'objectives' | 'vary' | 'samples'>): Record<BoxWeight, number[]> | null {
  const [inside, outside, ...more] = vary;
  const isGrid =
    objectives.join() === 'standard,blackout,box-aware' &&
    more.length === 0 &&
    samples === undefined &&
    inside?.name === 'lambdaInside' &&
    outside?.name === 'lambdaOutside' &&
    'values' in inside &&
    'values' in outside;
  return isGrid
    ? { lambdaInside: inside.values as number[], lambdaOutside: outside.values as number[] }
    : null;
}
export type BoxWeight = 'lambdaInside' | 'lambdaOutside';

/** A weight of a point of such a sweep; the other two objectives have none. */
export const weightOf = ({ values }: Pick<SweepPoint, 'values'>, name: BoxWeight): number =>
  Number(values[name] ?? 0);

/** Every run of a sweep in order: all points once, then all again with the next seed. */
export function sweepPlan({
  points,
  repeat,
  run,
}: Pick<SweepConfig, 'points' | 'repeat' | 'run'>): { point: number; seed: number }[] {
  return Array.from({ length: repeat }, (_, repetition) =>
    points.map(({ values }, point) => ({
      point,
      seed: (Number(values.seed ?? run.seed) + repetition) >>> 0,
    })),
  ).flat();
}

/** What a point's run of one seed is trained with. */
export function runOfPoint(
  { run, starts }: Pick<SweepConfig, 'run' | 'starts'>,
  { objective, values, params }: SweepPoint,
  seed: number,
): RunConfig {
  const fields = Object.fromEntries(
    variedFields.flatMap((name) => (name in values ? [[name, values[name]]] : [])),
  );
  const settings = Object.fromEntries(
    Object.entries(values).filter(([name]) => Object.hasOwn(settingsSchema.shape, name) && !(name in params)),
  );
  const { start: usual, ...others } = run;
  const own = starts?.[String(fields.model ?? run.model)];
  const start = own ? own.start : usual;
  return {
    ...others,
    ...fields,
    objective,
    params,
    seed,
    settings: { ...run.settings, ...own?.settings, ...settings },
    ...(start && { start }),
  };
}

/** Points that are chosen from together. */
export interface SweepFamily {
  /** 'any', the objective that all of its points have, or 'equal' and 'all' for the pairs of weights of box-aware. */
  id: string;
  /** Places among the sweep's points. */
  points: number[];
}

/**
 * Of a grid of box-aware's weights: standard, blackout, pairs of equal weights, which is double backprop, and all pairs;
 * no weights at all is standard training. Else one an objective, and all together.
 */
export function sweepFamilies(
  config: Pick<SweepConfig, 'objectives' | 'vary' | 'samples' | 'points'>,
): SweepFamily[] {
  const { objectives, points } = config;
  const grid = boxGridOf(config);
  const where = (id: string, belongs: (point: SweepPoint) => boolean): SweepFamily => ({
    id,
    points: points.flatMap((point, index) => (belongs(point) ? [index] : [])),
  });
  const families = objectives.map((id) => where(id, ({ objective }) => objective === id));
  if (!grid) return objectives.length === 1 ? families : [...families, where('any', () => true)];
  const hasNone = grid.lambdaInside.includes(0) && grid.lambdaOutside.includes(0);
  const isPair = ({ objective }: SweepPoint) =>
    objective === 'box-aware' || (objective === 'standard' && hasNone);
  return [
    ...families.filter(({ id }) => id !== 'box-aware'),
    where(
      'equal',
      (point) => isPair(point) && weightOf(point, 'lambdaInside') === weightOf(point, 'lambdaOutside'),
    ),
    where('all', isPair),
  ];
}

/** Epochs after which a sweep with halving compares its points; none without. */
export function rungsOf({ halving, run }: Pick<SweepConfig, 'halving' | 'run'>): number[] {
  const rungs: number[] = [];
  if (halving)
    for (let epochs = halving.firstEpochs; epochs < run.epochs; epochs *= halving.eta) rungs.push(epochs);
  return rungs;
}

export interface Sweep {
  id: SweepId;
  config: SweepConfig;
  createdAt: number;
  /** 'stopped': not all of it is done, and nobody is at it. */
  state: 'running' | 'stopped' | 'done';
  /** Runs in all. */
  planned: number;
  /** Runs that are trained and measured. */
  measured: number;
  /** Runs that diverged or were cancelled, and those of points that have lost one: they have no figures. */
  lost: number;
  /** Runs that halving has ended early. */
  halved: number;
  jobId: JobId | null;
  /** That it was written out as; null for one that is trained here. */
  tasks: number | null;
  /** Why it stopped, unless a person stopped it. */
  error: ErrorRecord | null;
}

/** One row of a result: a measure, or one epsilon of a curve. */
export interface SweepMeasure extends Pick<MeasureInfo, 'direction' | 'unit'> {
  /** The measure's key, with "@" and the epsilon for one of a curve. */
  key: string;
  title: string;
}

/** Over repetitions. */
export interface SweepMetricValue {
  mean: number;
  /** Sample standard deviation; null for one repetition. */
  std: number | null;
}

export interface SweepCell extends SweepPoint {
  /** By repetition; those that have not begun are left out. */
  runs: { runId: RunId; seed: number; state: RunState; isMeasured: boolean }[];
  /** Validation accuracy at each rung, once every repetition has been there. */
  rungs: { epoch: number; accuracy: SweepMetricValue }[];
  /** Whether halving has ended it early. */
  isHalved: boolean;
  /** By measure, once every repetition has a figure. */
  tuning: Record<string, SweepMetricValue>;
  test: Record<string, SweepMetricValue>;
}

/** The best point of a family for one measure. */
export interface SweepChoice {
  family: string;
  /** Key of a SweepMeasure. */
  measure: string;
  /** Index into the cells; null while no point of the family has a figure. */
  cell: number | null;
  /** What it was chosen by. */
  tuning: SweepMetricValue | null;
  test: SweepMetricValue | null;
  /** Points of the family that could be chosen, of how many. */
  measured: number;
  points: number;
}

export interface SweepResult {
  sweep: Sweep;
  /** Pictures to train on, to choose epochs by, to choose parameters by, and to report on. */
  pictures: { train: number; selection: number; tuning: number; test: number };
  measures: SweepMeasure[];
  families: SweepFamily[];
  cells: SweepCell[];
  choices: SweepChoice[];
  /** What a person is to know before taking a choice for more than it is. */
  warnings: string[];
}

/** What a sweep would train, and what that takes. */
export interface SweepPreview {
  points: SweepPoint[];
  runs: number;
  /** By a trial of two steps of each kind of run; null where none was made. */
  estimate: { seconds: number; bytes: number } | null;
}

/** What collecting has found in the folder of a plan. */
export interface CollectedTasks {
  sweepId: SweepId;
  tasks: number;
  /** Brought home by this call. */
  collected: number;
  /** That nobody has begun or holds. */
  missing: number;
  /** With the host, and what it last said. */
  running: { task: number; by: string }[];
  /** Results that are damaged or of something else. */
  refused: { task: number; message: string }[];
}

export const sweepCalls = {
  /** Newest first. */
  'sweeps.list': reads<Sweep[]>()(none),
  'sweeps.get': reads<SweepResult>()(z.object({ id: sweepIdSchema })),
  /** Trains two steps of each kind of run if `isTried`. */
  'sweeps.preview': reads<SweepPreview>()(z.object({ config: sweepConfigSchema, isTried: z.boolean() })),
  /** Its runs are ordinary runs, started one after the other by the sweep's job; cancelling that pauses the sweep. */
  'sweeps.start': writesProject<Sweep>()(sweepConfigSchema),
  /**
   * Writes a sweep out as tasks for other machines, into an empty folder; nothing is trained here. The job's result is
   * {sweepId, tasks}.
   */
  'sweeps.plan': writesProject<JobId>()(
    z.object({
      config: sweepConfigSchema,
      folder: fileRefSchema,
      images: z.enum(['copy', 'link']).default('copy'),
    }),
  ),
  /** Brings home what the tasks of a plan have done so far; the job's result is CollectedTasks. */
  'sweeps.collect': writesProject<JobId>()(z.object({ folder: fileRefSchema })),
  /** Goes on where it stood: nothing is trained twice. */
  'sweeps.resume': writesProject<Sweep>()(z.object({ id: sweepIdSchema })),
};
