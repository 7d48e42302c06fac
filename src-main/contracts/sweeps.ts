// Sweeps: box-aware training over a grid of its two weights, with its baselines, several times, and the best weights
// chosen for each measure (KC & Zhang 2021). What a sweep trains follows from its configuration alone, so that client
// and core say the same of it.

import { z } from 'zod';
import { none, reads, writesProject } from './call.ts';
import type { ErrorRecord } from './errors.ts';
import { sweepIdSchema, type JobId, type RunId, type SweepId } from './ids.ts';
import type { MeasureInfo } from './methods.ts';
import { measuresAskedSchema } from './metrics.ts';
import { runConfigSchema, type RunConfig, type RunState } from './runs.ts';

/** 0 and `count` values from 0.1 to 1000, evenly in the logarithm. */
const logspaced = (count: number): number[] => [
  0,
  ...Array.from({ length: count }, (_, i) => Number((10 ** (-1 + (4 * i) / (count - 1))).toPrecision(5))),
];

/** Grids by name, the same for both weights. Their values are meant in the paper's reduction. */
export const namedGrids = {
  /** Every third value of the paper's. */
  coarse: logspaced(5),
  /** KC & Zhang's code: {0} and logspace(-1, 3, 13). */
  paper: logspaced(13),
} as const;
export type GridName = keyof typeof namedGrids;

const axisSchema = z
  .array(z.number().min(0).max(1e6))
  .min(1)
  .max(50)
  .refine((values) => new Set(values).size === values.length, 'a value is there twice');

const gridSchema = z.object({ lambdaInside: axisSchema, lambdaOutside: axisSchema });
/** The parameters that are swept: the weights of box-aware's two penalties. */
export const swept = Object.keys(gridSchema.shape) as (keyof z.infer<typeof gridSchema>)[];

export const sweepConfigSchema = z.object({
  /** All but the swept parameters; its seed is that of the first repetition, the next ones follow. */
  run: runConfigSchema.extend({ objective: z.literal('box-aware') }),
  grid: gridSchema,
  repeat: z.int().min(1).max(20).default(3),
  /** The usual ones if absent. */
  measures: measuresAskedSchema.min(1).optional(),
});
export type SweepConfigInput = z.input<typeof sweepConfigSchema>;
/** With every default filled in. */
export type SweepConfig = Required<z.output<typeof sweepConfigSchema>>;

/** What is trained under one name: standard training, blackout, or box-aware with two weights. */
export interface SweepPoint {
  objective: 'standard' | 'blackout' | 'box-aware';
  /** 0 for the other two objectives. */
  lambdaInside: number;
  lambdaOutside: number;
}

/** Standard, blackout, then the pairs of the grid. Without any weight box-aware training is standard training. */
export function sweepPoints({ grid }: Pick<SweepConfig, 'grid'>): SweepPoint[] {
  const pairs = grid.lambdaInside.flatMap((lambdaInside) =>
    grid.lambdaOutside.map((lambdaOutside) => ({ lambdaInside, lambdaOutside })),
  );
  return [
    { objective: 'standard', lambdaInside: 0, lambdaOutside: 0 },
    { objective: 'blackout', lambdaInside: 0, lambdaOutside: 0 },
    ...pairs
      .filter((pair) => pair.lambdaInside > 0 || pair.lambdaOutside > 0)
      .map((pair): SweepPoint => ({ objective: 'box-aware', ...pair })),
  ];
}

/** Every run of a sweep in order: all points once, then all again with the next seed. */
export function sweepPlan(
  config: Pick<SweepConfig, 'grid' | 'repeat' | 'run'>,
): { point: number; seed: number }[] {
  const points = sweepPoints(config);
  return Array.from({ length: config.repeat }, (_, repetition) =>
    points.map((_, point) => ({ point, seed: (config.run.seed + repetition) >>> 0 })),
  ).flat();
}

export const sweepFamilies = ['standard', 'blackout', 'equal', 'all'] as const;
/** 'equal': the same weight inside and outside, which is double backprop. 'all': every pair of the grid. */
export type SweepFamily = (typeof sweepFamilies)[number];

/** Places of a family's points in `sweepPoints`. */
export function familyPoints(config: Pick<SweepConfig, 'grid'>, family: SweepFamily): number[] {
  const { grid } = config;
  const hasNone = grid.lambdaInside.includes(0) && grid.lambdaOutside.includes(0);
  return sweepPoints(config).flatMap((point, index) => {
    const isPair = point.objective === 'box-aware' || (point.objective === 'standard' && hasNone);
    const belongs = {
      standard: point.objective === 'standard',
      blackout: point.objective === 'blackout',
      equal: isPair && point.lambdaInside === point.lambdaOutside,
      all: isPair,
    };
    return belongs[family] ? [index] : [];
  });
}

/** What a point's run of one seed is trained with. */
export function runOfPoint(
  { run }: Pick<SweepConfig, 'run'>,
  { objective, ...weights }: SweepPoint,
  seed: number,
): RunConfig {
  return { ...run, objective, params: objective === 'box-aware' ? { ...run.params, ...weights } : {}, seed };
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
  /** Runs that diverged or were cancelled: they have no figures, and are not trained again. */
  lost: number;
  jobId: JobId | null;
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
  /** By measure, once every repetition has a figure. */
  tuning: Record<string, SweepMetricValue>;
  test: Record<string, SweepMetricValue>;
}

/** The best point of a family for one measure. */
export interface SweepChoice {
  family: SweepFamily;
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
  /** Pictures to train on, to choose epochs by, to choose weights by, and to report on. */
  pictures: { train: number; selection: number; tuning: number; test: number };
  measures: SweepMeasure[];
  cells: SweepCell[];
  choices: SweepChoice[];
}

export const sweepCalls = {
  /** Newest first. */
  'sweeps.list': reads<Sweep[]>()(none),
  'sweeps.get': reads<SweepResult>()(z.object({ id: sweepIdSchema })),
  /** Its runs are ordinary runs, started one after the other by the sweep's job; cancelling that pauses the sweep. */
  'sweeps.start': writesProject<Sweep>()(sweepConfigSchema),
  /** Goes on where it stood: nothing is trained twice. */
  'sweeps.resume': writesProject<Sweep>()(z.object({ id: sweepIdSchema })),
};
