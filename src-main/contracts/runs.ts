// Training runs: what one is asked for, its record, and what it says while it goes on.

import { z } from 'zod';
import { none, reads, writesProject } from './call.ts';
import { deviceSchema } from './devices.ts';
import type { ErrorRecord } from './errors.ts';
import type { EvaluationSummary } from './evaluations.ts';
import type { HeatMap } from './explanations.ts';
import { runIdSchema, type ClassId, type ImageId, type JobId, type RunId } from './ids.ts';
import { paramsSchema } from './methods.ts';
import { measuresAskedSchema } from './metrics.ts';
import { settingsSchema } from './settings.ts';

/** What a run started from, in its record: the hash says which file, whatever it is called later. */
export const startSchema = z.object({
  name: z.string().min(1).max(200),
  /** Of the weights file, hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type Start = z.infer<typeof startSchema>;

/** Of convolutions that are not computed as the rules say: the algorithm by kind and shapes. */
export const algorithmsSchema = z.record(z.string().max(300), z.string().max(60));
export type Algorithms = z.infer<typeof algorithmsSchema>;

export const runConfigSchema = z.object({
  objective: z.string().min(1).max(64),
  /** Parameters of the objective; checked against its own schema. */
  params: paramsSchema.default({}),
  model: z.string().min(1).max(64),
  sizePx: z.int().min(16).max(1024),
  epochs: z.int().min(1).max(10_000),
  batch: z.int().min(2).max(4096),
  seed: z.int().min(0).max(0xffff_ffff),
  device: deviceSchema.default('auto'),
  /** Attribute of the pictures that, with their class, makes their group; for objectives and measures of groups. */
  groupBy: z.string().min(1).max(200).optional(),
  settings: settingsSchema.prefault({}),
  /** Convolution algorithms of an earlier run, to repeat it bit for bit; without, as `settings.convolutions` says. */
  algorithms: algorithmsSchema.optional(),
  /** Weights it starts from; from scratch without. */
  start: startSchema.optional(),
  /** What its best weights are measured by on the test part when it is done; the usual measures if absent. */
  measures: measuresAskedSchema.optional(),
});
export type RunConfig = z.infer<typeof runConfigSchema>;
export type RunConfigInput = z.input<typeof runConfigSchema>;

export type RunState = 'waiting' | 'running' | 'paused' | 'interrupted' | 'done' | 'failed' | 'cancelled';

/** One epoch's figures. Fractions 0..1; null where nothing could be measured. */
export interface EpochMetrics {
  epoch: number; // 1-based
  /** Mean over the epoch's steps of each term of the loss, 'total' among them, weighted as it enters the total. */
  loss: Record<string, number>;
  trainAccuracy: number;
  accuracy: number | null; // on the selection split
  energyInBox: number | null; // on the selection split, input gradient
  learningRate: number;
  seconds: number;
  picturesPerSecond: number;
}

export interface BestEpoch {
  epoch: number;
  accuracy: number;
}

export interface Run {
  id: RunId;
  number: number;
  config: RunConfig;
  state: RunState;
  createdAt: number;
  epochsDone: number;
  /** Wall time spent training, over all its sessions. */
  seconds: number;
  device: string;
  best: BestEpoch | null;
  /** On the selection split at the best epoch. */
  energyInBox: number | null;
  error: ErrorRecord | null;
  jobId: JobId | null;
  trainedOn: TrainedOn;
  /** Number of the sweep it belongs to. */
  sweep?: number;
  /** On the test split; null until evaluated. */
  evaluated: EvaluationSummary | null;
}

/** What a run trains on, or would. Pictures without a region contribute only cross-entropy. */
export interface TrainedOn {
  classes: {
    classId: ClassId;
    name: string;
    train: number;
    withRegion: number;
    selection: number;
    test: number;
  }[];
  train: number;
  withRegion: number;
  selection: number;
  test: number;
  /** Pictures left out for want of a class. */
  unclassed: number;
  /** Set apart from selection by a sweep, to choose parameters by. */
  tuning?: number;
  snapshotId: number | null;
  warnings: string[];
}

/** Step-wise figures while a run is going on; not stored. */
export interface LiveStep {
  runId: RunId;
  epoch: number;
  epochs: number;
  step: number;
  steps: number;
  loss: Record<string, number>;
  picturesPerSecond: number;
  secondsLeft: number | null;
  patienceLeft: number | null;
}

export const runCalls = {
  'runs.list': reads<Run[]>()(none),
  'runs.get': reads<Run>()(z.object({ id: runIdSchema })),
  /** What a run with these labels would train on. */
  'runs.preview': reads<TrainedOn>()(settingsSchema.pick({ labels: true })),
  'runs.start': writesProject<Run>()(runConfigSchema),
  'runs.pause': writesProject<null>()(z.object({ id: runIdSchema })),
  /** Goes on from the last checkpoint: after pause, a crash or a kill. */
  'runs.resume': writesProject<Run>()(z.object({ id: runIdSchema })),
  /** Ends after the current step and keeps the best epoch. */
  'runs.stopAndKeep': writesProject<null>()(z.object({ id: runIdSchema })),
  'runs.cancel': writesProject<null>()(z.object({ id: runIdSchema })),
  'runs.delete': writesProject<null>()(z.object({ id: runIdSchema })),
  'runs.metrics': reads<EpochMetrics[]>()(z.object({ id: runIdSchema })),
  /** Heat maps of the pinned pictures after each epoch, newest last. */
  'runs.pinned': reads<{ epoch: number; imageId: ImageId; map: HeatMap }[]>()(z.object({ id: runIdSchema })),
};
