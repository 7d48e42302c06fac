// What core and worker processes say to each other (child_process IPC, structured clone). The worker is
// plain Node; it never writes what the core keeps: the core sends it all it needs and stores
// all it answers. Only whole databases are checked, copied and restored there, over connections of their own.
// Maps and weights travel as typed arrays.

import type { Box, Shape } from './geometry.ts';
import type { ErrorRecord } from './errors.ts';
import type { Exported, Loss } from './exports.ts';
import type { StartFit } from './weights.ts';
import type { DeviceId, DeviceInfo } from './devices.ts';
import type { FittedAnnotation, ImportedImage } from './imported.ts';
import type { Detection, ImportResult, ImportWarning, LeftOut, PreviewImage } from './imports.ts';
import type { EpochMetrics, LiveStep, RunConfig } from './runs.ts';
import type { Metric } from './metrics.ts';
import type { WaterbirdsSpec } from './waterbirds-like.ts';
import type { HeatMap } from './explanations.ts';
import type { ParamValue } from './methods.ts';

/**
 * A picture as the worker needs it. `regions` are those of the picture's own class (or without class); in training
 * with several classes a picture, those of all its classes.
 */
export interface LabelledImage {
  imageId: number;
  /** Absolute path. */
  file: string;
  /** Of the file's bytes, hex; names the cache entry. */
  contentHash: string;
  widthPx: number;
  heightPx: number;
  /** Index into the run's class list; of several classes the one whose evidence is looked at when measuring. */
  classIndex: number;
  /** All of its classes, in order; absent where a picture has one, empty for one of no class of the run. */
  classIndices?: number[];
  regions: Shape[];
  /** Index into the spec's `groups`; absent where the picture has none. */
  group?: number;
}

export interface ProbeResult {
  contentHash: string;
  /** After EXIF orientation. */
  widthPx: number;
  heightPx: number;
  sizeBytes: number;
  format: string;
  /** What was done to make it a picture of 8 bits and three colours, where something was. */
  notes?: ImageNote[];
}

/** The text completes "3 pictures: …". */
export interface ImageNote {
  code: 'stretched-values' | 'first-page' | 'first-channels';
  text: string;
}

export interface TrainSpec {
  runId: number;
  /** Where to train; the processor if absent. `config.device` is only what was asked for. */
  device?: DeviceId;
  config: RunConfig;
  /** Objective parameters with defaults filled in. */
  params: Record<string, ParamValue>;
  classes: string[];
  /** Names of the groups of `config.groupBy`; empty without. */
  groups: string[];
  train: LabelledImage[];
  selection: LabelledImage[];
  /** Where decoded pictures are cached, shared by runs. */
  cacheFolder: string;
  /** Where checkpoints go: `last.ckpt` each epoch, `best.ckpt`. */
  runFolder: string;
  /** Continue from `last.ckpt` of runFolder. */
  resume: boolean;
  /** Epoch after which it pauses. */
  until?: number;
  /** Pictures whose heat maps are redrawn each epoch (at most eight of the selection split). */
  pinned: number[];
  /** Weights file of `config.start`, absolute. */
  startFile?: string;
  /** Where this computer's fastest convolution algorithms are kept, absolute; by the rules without. */
  autotuneFile?: string;
}

export interface TrainOutcome {
  epochs: number;
  best: { epoch: number; accuracy: number } | null;
  device: string;
  seconds: number;
  ended: 'finished' | 'stopped' | 'patience' | 'paused' | 'cancelled';
}

export interface TrialOutcome {
  /** Of one epoch with its validation, all pictures read. */
  secondsOfEpoch: number;
  /** Of both checkpoints. */
  bytes: number;
}

export interface ModelRef {
  config: RunConfig;
  classes: string[];
  checkpoint: string;
}

export interface EvaluateSpec {
  /** The processor if absent. */
  device?: DeviceId;
  model: ModelRef;
  images: LabelledImage[];
  cacheFolder: string;
  measures: { id: string; params: Record<string, ParamValue> }[];
  /** Names of the groups that the pictures' `group` counts in; empty without. */
  groups: string[];
  /** Pictures of another kind, for measures that compare; classes and regions are not looked at. */
  against: LabelledImage[];
  seed: number;
}

export interface EvaluateOutcome {
  /** With its value of each of `images`, null where there is none. */
  metrics: (Metric & { ofImages: (number | null)[] | null })[];
  confusion: number[][];
  images: {
    imageId: number;
    predictedIndex: number;
    trueScore: number;
    predictedScore: number;
    /** Share of the picture inside its region; null without one. */
    areaShare: number | null;
  }[];
}

export interface ExplainSpec {
  /** The processor if absent. */
  device?: DeviceId;
  model: ModelRef;
  image: LabelledImage;
  /** Regions of each of its classes, where it has several: those of the explained one count in place of the picture's. */
  regionsByClass?: Record<number, Shape[]>;
  method: string;
  params: Record<string, ParamValue>;
  /** Class index explained, or the predicted one. */
  target: number | 'predicted';
  /** Class index that the target is held against: the difference of both is explained. */
  versus?: number;
  /** Training pictures, for a method that compares with some. */
  references?: LabelledImage[];
  cacheFolder: string;
  /** Which attack comes first, FGSM unless given, and how far it may go; epsilon 0 for none. */
  attack?: { id: string; params: Record<string, ParamValue> };
  eps: number;
  /** The network that the picture is attacked with, if another: a transfer attack. */
  source?: ModelRef;
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
  measuredBox: HeatMap['measuredBox'];
  /** PNG of the picture that the model saw, after the attack; null when eps is 0. */
  attackedPng: Uint8Array | null;
  /** Whether the attack changed anything; absent without one. */
  changed?: boolean;
}

export type ModelFormat = 'onnx' | 'safetensors';

export interface ExportSpec {
  model: ModelRef;
  format: ModelFormat;
  /** File to write, absolute. */
  out: string;
  /** What the file says of where it comes from. */
  metadata: Record<string, string>;
  /** On which the file's answers are compared with the app's. */
  images: LabelledImage[];
  cacheFolder: string;
}

export interface ExportOutcome {
  sizeBytes: number;
  sha256: string;
  /** Pictures at a time that the file takes; null for weights alone. */
  batch: 'any' | 'one' | null;
  /** How many it was checked on. */
  pictures: number;
  /** Largest difference of a logit from the app's, as a share of the largest logit; null for weights alone. */
  logitDifference: number | null;
  /** Mean difference of the predicted class's probability when the file stretches whole pictures itself. */
  probabilityDifference: number | null;
}

export interface AttackSpec {
  device?: DeviceId;
  model: ModelRef;
  /** The network that the pictures are made with, if another: a transfer attack. */
  source?: ModelRef;
  images: LabelledImage[];
  cacheFolder: string;
  /** With defaults filled in. */
  attack: { id: string; params: Record<string, ParamValue> };
  /** In the attack's norm; the pixel range is 1. */
  eps: number;
  seed: number;
}

export interface AttackOutcome {
  /** In the order of the pictures. */
  images: {
    imageId: number;
    wasRight: boolean;
    isRight: boolean;
    /** Of any value, and of the whole change; 0 for a picture that was left alone. */
    largestChange: number;
    length: number;
    /**
     * What is left of the heat after an attack on it: share of the hottest pixels that stay the hottest, and Kendall's
     * tau-b over all. Null where it was not attacked, or its class is lost to the network that judges.
     */
    heat?: { overlap: number; tau: number } | null;
  }[];
  /** Of an attack on the heat: which heat it is, and how many of the hottest pixels are compared. */
  heat?: { map: string; score: string; topPixels: number };
}

/** A picture as the project knew it when it was last looked at. */
export interface KnownImage extends ProbeResult {
  modifiedMs: number;
}

export interface LookAtOutcome {
  probe: ProbeResult;
  modifiedMs: number;
  /** In the picture, as they are to be kept. */
  annotations: FittedAnnotation[];
  warnings: ImportWarning[];
}

export interface ReadSetOutcome {
  format: string;
  title: string;
  /** Absolute, links resolved. */
  root: string;
  /** That `nextImages` will hand out. */
  images: number;
  /** Classes in the order in which the source lists them, where it does. */
  classes: string[];
  seen: ImportResult['seen'];
  annotationFiles: number;
  /** Of the files of the source. */
  left: LeftOut[];
  warnings: ImportWarning[];
  /** Warnings beyond those. */
  moreWarnings: number;
}

export interface HeatDrawing {
  file: string;
  widthPx: number;
  heightPx: number;
  /** Drawn pixels a pixel of the picture. */
  scale: number;
  maps: { heat: Float32Array; widthPx: number; heightPx: number; regionBox: Box | null }[];
  /** Of a Gaussian, in pixels of the map; 0 leaves it as it is. */
  smoothedBy: number;
}

type NetworkConfig = Pick<RunConfig, 'model' | 'sizePx' | 'settings'>;

export interface CheckSpec {
  /** Its parameters checked against the objective's schema. */
  config: NetworkConfig & Pick<RunConfig, 'objective' | 'params' | 'batch'>;
  classes: number;
}

export interface MeasuringSpec {
  config: NetworkConfig;
  /** Their parameters checked. */
  measures: EvaluateSpec['measures'];
}

export interface FitSpec {
  config: NetworkConfig;
  classes: number;
  /** Of weights, absolute. */
  file: string;
  name: string;
}

/** Calls that a worker answers. */
export interface WorkerCalls {
  probe: { input: { file: string }; output: ProbeResult };
  /** Hex SHA-256 of its bytes; it is not decoded. */
  contentHash: { input: { file: string }; output: string };
  /**
   * What an import keeps of a picture: its probe, taken anew unless size and time of change are those that are known,
   * and its annotations at its true size.
   */
  lookAt: { input: { image: ImportedImage; known: KnownImage | null }; output: LookAtOutcome };
  /** A small WebP of a picture and the outlines of its annotations, for looking before it is imported. */
  previewImage: {
    input: { image: ImportedImage; sidePx: number };
    output: Omit<PreviewImage, 'name' | 'thumbnail'> & { thumbnail: Uint8Array };
  };
  /** Writes a WebP whose longer side is at most `sidePx`. */
  thumbnail: { input: { file: string; out: string; sidePx: number }; output: null };
  /** Upright picture as a JPEG or PNG that any browser shows, for files it cannot show itself. */
  convert: { input: { file: string; out: string }; output: null };
  /** A copy for other programs: upright by its pixels alone. */
  copyUpright: { input: { file: string; out: string }; output: null };
  /** Which format a folder or file is of. */
  detectSet: { input: { place: string; images: string | null }; output: Detection };
  /** Reads a whole annotation set, of the format or 'auto', and keeps it for `nextImages`. */
  readSet: { input: { place: string; format: string; images: string | null }; output: ReadSetOutcome };
  /** The next pictures of the set that this process has read, a few at a time; none when all were handed out. */
  nextImages: { input: null; output: ImportedImage[] };
  /** What an annotation format would not hold of a project, whose database is only read. */
  exportLosses: {
    input: { project: string; exported: Exported };
    output: { images: number; annotations: number; losses: Loss[] };
  };
  /** Writes a project in an annotation format into a folder. Sends 'progress' in pictures, and 'copy' for each of them. */
  writeSet: {
    input: { project: string; exported: Exported; out: string };
    output: { images: number; annotations: number };
  };
  /** The answer to a 'copy'; it is done if there is no error. */
  copied: { input: { ticket: number; error: ErrorRecord | null }; output: null };
  /** Heat maps over their picture, as PNG files; maps that are drawn together share a scale. */
  drawHeat: { input: HeatDrawing; output: { image: Uint8Array; drawn: Uint8Array[] } };
  /** The generated sample, as a folder to import. Sends 'progress' in pictures. */
  writeSample: { input: { folder: string; seed: number }; output: null };
  /** Objects on two kinds of ground, as a folder to import. Sends 'progress' in pictures. */
  writeWaterbirdsLike: { input: WaterbirdsSpec; output: { grounds: string[] } };
  /** Throws what keeps a configuration from being trained. */
  checkConfig: { input: CheckSpec; output: null };
  /** Why each measure cannot be taken of such a network; null where it can. */
  obstacles: { input: MeasuringSpec; output: (string | null)[] };
  /** How weights fit the model of a run. */
  fit: { input: FitSpec; output: StartFit };
  train: { input: TrainSpec; output: TrainOutcome };
  /** What a run would take, by two steps of it. Its folder is to be thrown away. */
  trial: { input: TrainSpec; output: TrialOutcome };
  evaluate: { input: EvaluateSpec; output: EvaluateOutcome };
  /** Sends 'progress' in pictures. */
  exportModel: { input: ExportSpec; output: ExportOutcome };
  explain: { input: ExplainSpec; output: ExplainOutcome };
  /** Sends 'progress' in pictures. */
  attack: { input: AttackSpec; output: AttackOutcome };
  /** Trains a little on one device. */
  tryDevice: { input: { device: DeviceId }; output: DeviceInfo };
  /** What SQLite finds wrong with a database; empty if nothing is. */
  checkDatabase: { input: { file: string }; output: { problems: string[] } };
  /** A copy of a database that may be in use. */
  backUpDatabase: { input: { file: string; out: string }; output: null };
  /** Puts a backup in the place of the database of a project that is closed. */
  restoreDatabase: { input: { folder: string; name: string }; output: null };
}
export type WorkerCall = keyof WorkerCalls;

export type Control = 'pause' | 'stop' | 'cancel';

export type ToWorker =
  | { [C in WorkerCall]: { id: number; call: C; input: WorkerCalls[C]['input'] } }[WorkerCall]
  /** Read between steps. */
  | { id: number; control: Control };

export type WorkerEvent =
  /** Total 0: there is nothing to count. */
  | { kind: 'progress'; done: number; total: number; note: string }
  /** A picture is to be copied, upright, by a process that may be ended by it. */
  | { kind: 'copy'; ticket: number; file: string; out: string }
  /** Something that a person is to know of the run, beside its figures; one line. */
  | { kind: 'warning'; message: string }
  | { kind: 'step'; step: LiveStep }
  /** A run was taken up: all its finished epochs, in place of whatever is kept of them. */
  | { kind: 'resumed'; metrics: EpochMetrics[]; best: { epoch: number; accuracy: number } | null }
  /** Sent after the epoch's checkpoint is on disk. */
  | { kind: 'epoch'; metrics: EpochMetrics; best: { epoch: number; accuracy: number } | null }
  | { kind: 'pinned'; epoch: number; imageId: number; map: ExplainOutcome };

export type FromWorker =
  | { ready: true }
  | { id: number; ok: true; value: unknown }
  | { id: number; ok: false; error: ErrorRecord }
  | { id: number; event: WorkerEvent };
