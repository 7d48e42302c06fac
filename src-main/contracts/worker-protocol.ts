// What core and worker processes say to each other (child_process IPC, structured clone). The worker is
// plain Node; it never opens the database: the core sends it all it needs and stores all it answers.
// Maps and weights travel as typed arrays.

import type { Box, Shape } from './geometry.ts';
import type { ErrorRecord } from './errors.ts';
import type { DeviceInfo } from './api.ts';
import type { EpochMetrics, LiveStep, Measures, RunConfig } from './runs.ts';
import type { ParamValue } from './methods.ts';

/** A picture as the worker needs it. `regions` are those of the picture's own class (or without class). */
export interface Picture {
  imageId: number;
  /** Absolute path. */
  file: string;
  /** Of the file's bytes, hex; names the cache entry. */
  contentHash: string;
  widthPx: number;
  heightPx: number;
  /** Index into the run's class list. */
  classIndex: number;
  regions: Shape[];
}

export interface ProbeResult {
  contentHash: string;
  /** After EXIF orientation. */
  widthPx: number;
  heightPx: number;
  sizeBytes: number;
  format: string;
}

export interface TrainSpec {
  runId: number;
  config: RunConfig;
  /** Objective parameters with defaults filled in. */
  params: Record<string, ParamValue>;
  classes: string[];
  train: Picture[];
  selection: Picture[];
  /** Where decoded pictures are cached, shared by runs. */
  cacheFolder: string;
  /** Where checkpoints go: `last.ckpt` each epoch, `best.ckpt`. */
  runFolder: string;
  /** Continue from `last.ckpt` of runFolder. */
  resume: boolean;
  /** Pictures whose heat maps are redrawn each epoch (at most eight of the selection split). */
  pinned: number[];
}

export interface TrainOutcome {
  epochs: number;
  best: { epoch: number; accuracy: number } | null;
  device: string;
  seconds: number;
  ended: 'finished' | 'stopped' | 'patience' | 'paused' | 'cancelled';
}

export interface ModelRef {
  config: RunConfig;
  classes: string[];
  checkpoint: string;
}

export interface EvaluateSpec {
  model: ModelRef;
  pictures: Picture[];
  cacheFolder: string;
  /** Fractions of the full range; FGSM in pixel space. */
  fgsmEps: number[];
  seed: number;
}

export interface EvaluateOutcome {
  measures: Measures;
  confusion: number[][];
  images: {
    imageId: number;
    predictedIndex: number;
    trueScore: number;
    predictedScore: number;
    energyInBox: number | null;
    pointingHit: boolean | null;
    iou: number | null;
    saliencyMetric: number | null;
  }[];
}

export interface ExplainSpec {
  model: ModelRef;
  picture: Picture;
  method: string;
  params: Record<string, ParamValue>;
  /** Class index explained, or the predicted one. */
  target: number | 'predicted';
  cacheFolder: string;
  /** FGSM before explaining; 0 for none. */
  eps: number;
}

export interface ExplainOutcome {
  widthPx: number;
  heightPx: number;
  /** Row-major, >= 0, sums to 1 unless empty. */
  values: Float32Array;
  targetIndex: number;
  scores: number[];
  energyInBox: number | null;
  pointingHit: boolean | null;
  /** In picture pixels. */
  regionBox: Box | null;
  /** PNG of the picture that the model saw, after the attack; null when eps is 0. */
  attackedPng: Uint8Array | null;
}

/** Calls that a worker answers. */
export interface WorkerCalls {
  probe: { input: { file: string }; output: ProbeResult };
  /** Writes a WebP whose longer side is at most `sidePx`. */
  thumbnail: { input: { file: string; out: string; sidePx: number }; output: null };
  /** Upright picture as a JPEG or PNG that any browser shows, for files it cannot show itself. */
  convert: { input: { file: string; out: string }; output: null };
  train: { input: TrainSpec; output: TrainOutcome };
  evaluate: { input: EvaluateSpec; output: EvaluateOutcome };
  explain: { input: ExplainSpec; output: ExplainOutcome };
  doctor: { input: Record<string, never>; output: DeviceInfo[] };
}
export type WorkerCall = keyof WorkerCalls;

export type Control = 'pause' | 'stop' | 'cancel';

export type ToWorker =
  | { [C in WorkerCall]: { id: number; call: C; input: WorkerCalls[C]['input'] } }[WorkerCall]
  /** Read between steps. */
  | { id: number; control: Control };

export type WorkerEvent =
  | { kind: 'progress'; done: number; total: number; note: string }
  | { kind: 'step'; step: LiveStep }
  /** Sent after the epoch's checkpoint is on disk. */
  | { kind: 'epoch'; metrics: EpochMetrics; best: { epoch: number; accuracy: number } | null }
  | { kind: 'pinned'; epoch: number; imageId: number; map: ExplainOutcome };

export type FromWorker =
  | { ready: true }
  | { id: number; ok: true; value: unknown }
  | { id: number; ok: false; error: ErrorRecord }
  | { id: number; event: WorkerEvent };
