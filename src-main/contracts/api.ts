// The whole boundary: every call that the renderer (or any client of the host) can make, and every event
// that the core sends. Inputs are checked against these schemas on arrival; outputs are types only,
// since the core that makes them is ours.

import { z } from 'zod';
import {
  classNameSchema,
  editSchema,
  imageQuerySchema,
  splitSchema,
  type Annotation,
  type ClassRecord,
  type ImageRecord,
  type Split,
} from './dataset.ts';
import {
  classIdSchema,
  comparisonIdSchema,
  fileRefSchema,
  imageIdSchema,
  jobIdSchema,
  projectIdSchema,
  runIdSchema,
  sweepIdSchema,
  type ComparisonId,
  type FileRef,
  type ImageId,
  type JobId,
  type ProjectId,
  type RunId,
  type SweepId,
} from './ids.ts';
import type { Answer } from './errors.ts';
import type { Job } from './jobs.ts';
import type { AttackInfo, MeasureInfo, ObjectiveInfo, ParamField, SaliencyInfo } from './methods.ts';
import {
  deviceSchema,
  mapRequestSchema,
  measuresAskedSchema,
  paramsSchema,
  runConfigSchema,
  settingsSchema,
  type ComparisonRecord,
  type EpochMetrics,
  type EvaluatedImage,
  type EvaluationSummary,
  type HeatMap,
  type LiveStep,
  type Run,
  type TrainedOn,
} from './runs.ts';
import { sweepConfigSchema, type Sweep, type SweepResult } from './sweeps.ts';
import { startSchema, type StartFit, type WeightsInfo } from './weights.ts';

export interface AppInfo {
  version: string;
  node: string;
  /** Where the app runs, and so whether native dialogs exist. */
  shell: 'electron' | 'browser';
  /** Prefix of pictures' addresses: `${mediaPrefix}/image/<id>${mediaSuffix}`, `…/thumbnail/<id>…`. */
  mediaPrefix: string;
  mediaSuffix: string;
  devices: DeviceInfo[];
}

export interface DeviceInfo {
  id: string;
  title: string;
  available: boolean;
  /** Why it is out, or how it was tried. */
  reason: string;
  /** In a training step of a small network; null where it was not measured. */
  picturesPerSecond: number | null;
}

export interface ProjectSummary {
  id: ProjectId;
  name: string;
  /** Where it lies, for people; shortened with ~. */
  place: string;
  openedAt: number;
  images: number;
  annotated: number;
  boxes: number;
  runs: number;
  lastRun: { number: number; title: string; accuracy: number | null; energyInBox: number | null } | null;
  /** Pictures to show as its face, at most five. Thumbnails are reachable while the project is open or not. */
  faces: ImageId[];
  missing: boolean;
}

export interface ProjectState {
  id: ProjectId;
  name: string;
  place: string;
  classes: ClassRecord[];
  counts: ProjectCounts;
  /** Attributes that pictures came with, by which they can be put into groups. */
  attributes: string[];
  /** Where the person was. */
  lastImageId: ImageId | null;
}

export interface ProjectCounts {
  images: number;
  annotated: number;
  boxes: number;
  masks: number;
  unclassed: number;
  missing: number;
  bySplit: Record<Split | 'none', number>;
}

export interface FolderListing {
  ref: FileRef | null;
  /** Full place, for people. Null at the list of roots. */
  label: string | null;
  parent: FileRef | null;
  entries: { ref: FileRef; name: string; kind: 'folder' | 'file'; sizeBytes: number; project: boolean }[];
  /** How many entries were left out, beyond the first thousand. */
  left: number;
}

export interface ImportWarning {
  code: string;
  file: string;
  message: string;
}

export interface Detection {
  format: string;
  title: string;
  /** Other formats that would read it too. */
  others: { format: string; title: string }[];
  /** What led to the guess. */
  reason: string;
}

export interface ImportResult {
  format: string;
  images: number;
  annotations: number;
  classes: number;
  /** Already there and left alone. */
  unchanged: number;
  warnings: ImportWarning[];
}

export interface ImageDetail extends ImageRecord {
  annotations: Annotation[];
  sizeBytes: number;
  canUndo: boolean;
  canRedo: boolean;
  /** What the best finished run says, if any evaluated it. */
  said: {
    runNumber: number;
    classId: number;
    score: number;
    correct: boolean;
    energyInBox: number | null;
  } | null;
}

/** The state of one picture after an edit, undo or redo; written to disk before it is sent. */
export interface EditOutcome {
  imageId: ImageId;
  annotations: Annotation[];
  canUndo: boolean;
  canRedo: boolean;
  counts: ProjectCounts;
}

export interface ModelInfo {
  id: string;
  title: string;
  summary: string;
  citation: string;
  params: ParamField[];
  parameterCount: number;
  inputSizesPx: { min: number; max: number };
}

export interface Methods {
  objectives: ObjectiveInfo[];
  models: ModelInfo[];
  saliency: SaliencyInfo[];
  attacks: AttackInfo[];
  measures: MeasureInfo[];
  formats: { id: string; title: string; canRead: boolean; canWrite: boolean }[];
  settings: ParamField[];
}

export interface CompareRow {
  imageId: ImageId;
  name: string;
  a: EvaluatedImage;
  b: EvaluatedImage;
}

function call<Input extends z.ZodType, Output>(input: Input): { input: Input; output: Output } {
  return { input, output: undefined as Output };
}
/** A call table entry whose output type is stated: `out<Job>()(schema)`. */
const out =
  <Output>() =>
  <Input extends z.ZodType>(input: Input) =>
    call<Input, Output>(input);

const none = z.object({}).default({});

const attackedMapSchema = mapRequestSchema.extend({
  eps: z.number().min(0).max(100),
  attack: z.string().min(1).max(64).default('fgsm'),
  attackParams: paramsSchema.default({}),
  /** The run whose network the picture is made with, if another: this one only judges it. */
  from: runIdSchema.optional(),
});
export interface AttackedMap {
  /** PNG as a data URL. */
  picture: string;
  map: HeatMap;
  /** Whether the attack changed anything: some leave alone what is wrong already, or find nothing. */
  changed: boolean;
  /** Whether the class of the highest score is the picture's, or one of its own. */
  correct: boolean;
}

export const api = {
  'app.info': out<AppInfo>()(none),
  'app.methods': out<Methods>()(none),
  'settings.get': out<Record<string, unknown>>()(none),
  /** Small preferences of the window: theme, panel widths, key preset. */
  'settings.set': out<null>()(z.object({ key: z.string().min(1).max(64), value: z.json() })),

  'files.browse': out<FolderListing>()(z.object({ folder: fileRefSchema.nullable() })),
  /** Native dialog; `unavailable` in the browser, where `files.browse` serves. */
  'files.pick': out<FileRef | null>()(
    z.object({ kind: z.enum(['folder', 'file']), title: z.string().max(200) }),
  ),

  'projects.recent': out<ProjectSummary[]>()(none),
  /** Makes a folder `name` for the project inside `parent` (null: the app's own projects folder) and opens it. */
  'projects.create': out<ProjectState>()(
    z.object({ name: z.string().trim().min(1).max(100), parent: fileRefSchema.nullable().default(null) }),
  ),
  'projects.open': out<ProjectState>()(
    z.union([z.object({ id: projectIdSchema }), z.object({ folder: fileRefSchema })]),
  ),
  'projects.close': out<null>()(none),
  /** Removes it from the list; nothing is deleted. */
  'projects.forget': out<null>()(z.object({ id: projectIdSchema })),
  /** Closes the open project and deletes it, if nothing ever came into it: one made for an import that was cancelled. */
  'projects.discard': out<null>()(z.object({ id: projectIdSchema })),
  /** The open project; null when none is. */
  'projects.current': out<ProjectState | null>()(none),
  'projects.seen': out<null>()(z.object({ imageId: imageIdSchema })),
  /** Pictures that lie elsewhere now: the old folder of the project is looked for in `folder`. */
  'projects.relink': out<{ found: number; missing: number }>()(z.object({ folder: fileRefSchema })),
  /** Makes, imports and opens the generated sample as a job; its result is {projectId}. */
  'sample.open': out<JobId>()(z.object({ seed: z.int().min(0).max(0xffff_ffff).default(0) })),

  'imports.detect': out<Detection>()(z.object({ source: fileRefSchema })),
  'imports.start': out<JobId>()(
    z.object({ source: fileRefSchema, format: z.string().max(40).default('auto') }),
  ),
  /**
   * Writes a run's network into a folder, as a file other programs read. An ONNX file is checked on pictures of the
   * project first. Nothing is written over. The job's result holds an ExportOutcome.
   */
  'exports.model': out<JobId>()(
    z.object({
      runId: runIdSchema,
      format: z.enum(['onnx', 'safetensors']).default('onnx'),
      folder: fileRefSchema,
      name: z
        .string()
        .min(1)
        .max(200)
        .regex(/^[^/\\.][^/\\]*\.(onnx|safetensors)$/, 'the file name ends in .onnx or .safetensors'),
    }),
  ),
  'exports.start': out<JobId>()(z.object({ format: z.string().max(40), folder: fileRefSchema })),

  'images.count': out<{ images: number }>()(imageQuerySchema),
  'images.page': out<ImageRecord[]>()(
    imageQuerySchema.extend({ offset: z.int().min(0), limit: z.int().min(1).max(500) }),
  ),
  'images.get': out<ImageDetail>()(z.object({ id: imageIdSchema })),
  /** Place of a picture in a query, or of the next one without an annotation after it; -1 if there is none. */
  'images.indexOf': out<{ index: number }>()(
    imageQuerySchema.extend({ id: imageIdSchema, nextUnlabelled: z.boolean().default(false) }),
  ),
  'images.setClass': out<ImageDetail>()(z.object({ id: imageIdSchema, classId: classIdSchema.nullable() })),

  'annotations.edit': out<EditOutcome>()(
    z.object({ imageId: imageIdSchema, edits: z.array(editSchema).min(1).max(5000) }),
  ),
  'annotations.undo': out<EditOutcome | null>()(z.object({ imageId: imageIdSchema })),
  'annotations.redo': out<EditOutcome | null>()(z.object({ imageId: imageIdSchema })),

  'classes.create': out<ProjectState>()(z.object({ name: classNameSchema })),
  'classes.rename': out<ProjectState>()(z.object({ id: classIdSchema, name: classNameSchema })),
  /** Refused while anything has the class. */
  'classes.delete': out<ProjectState>()(z.object({ id: classIdSchema })),

  /** Deals out train / selection / test by class; an imported test part stays the test part unless `fresh`. */
  'splits.make': out<ProjectState>()(
    z.object({
      seed: z.int().min(0),
      selection: z.number().min(0).max(0.9).default(0.15),
      test: z.number().min(0).max(0.9).default(0.2),
      fresh: z.boolean().default(false),
    }),
  ),

  'runs.list': out<Run[]>()(none),
  'runs.get': out<Run>()(z.object({ id: runIdSchema })),
  /** What a run with these labels would train on. */
  'runs.preview': out<TrainedOn>()(settingsSchema.pick({ labels: true })),
  'runs.start': out<Run>()(runConfigSchema),
  'runs.pause': out<null>()(z.object({ id: runIdSchema })),
  /** Goes on from the last checkpoint: after pause, a crash or a kill. */
  'runs.resume': out<Run>()(z.object({ id: runIdSchema })),
  /** Ends after the current step and keeps the best epoch. */
  'runs.stopAndKeep': out<null>()(z.object({ id: runIdSchema })),
  'runs.cancel': out<null>()(z.object({ id: runIdSchema })),
  'runs.delete': out<null>()(z.object({ id: runIdSchema })),
  'runs.metrics': out<EpochMetrics[]>()(z.object({ id: runIdSchema })),
  /** Heat maps of the pinned pictures after each epoch, newest last. */
  'runs.pinned': out<{ epoch: number; imageId: ImageId; map: HeatMap }[]>()(z.object({ id: runIdSchema })),

  'evaluations.start': out<JobId>()(
    z.object({
      runId: runIdSchema,
      split: splitSchema.default('test'),
      /** The usual ones if absent; what was measured before of the same weights stays. */
      measures: measuresAskedSchema.optional(),
      /** Attribute that makes the groups, in place of the run's own. */
      groupBy: z.string().min(1).max(200).optional(),
      /** Where it is computed; where the run was trained unless given. */
      device: deviceSchema.optional(),
      /** Folder of pictures, or of a project, to compare with. */
      against: fileRefSchema.optional(),
    }),
  ),
  'evaluations.summary': out<EvaluationSummary | null>()(
    z.object({ runId: runIdSchema, split: splitSchema.default('test') }),
  ),
  'evaluations.images': out<EvaluatedImage[]>()(
    z.object({ runId: runIdSchema, split: splitSchema.default('test') }),
  ),

  'explanations.map': out<HeatMap>()(mapRequestSchema),
  /** The picture after an attack with this epsilon (the pixel range is 1), what is said of it, and its heat. */
  'explanations.attack': out<AttackedMap>()(attackedMapSchema),
  /** Nobody waits for this map any more: it ends soon, and the call that asked for it with 'cancelled'. Epsilon 0: no attack. */
  'explanations.cancel': out<null>()(
    attackedMapSchema.extend({ eps: attackedMapSchema.shape.eps.default(0) }),
  ),

  'comparisons.rows': out<CompareRow[]>()(
    z.object({ runA: runIdSchema, runB: runIdSchema, split: splitSchema.default('test') }),
  ),
  'comparisons.list': out<ComparisonRecord[]>()(none),
  'comparisons.save': out<ComparisonRecord>()(
    z.object({
      runA: runIdSchema,
      runB: runIdSchema,
      imageId: imageIdSchema,
      method: z.string().max(64),
      params: paramsSchema.default({}),
      classId: classIdSchema,
      versus: mapRequestSchema.shape.versus,
      note: z.string().trim().min(1, 'a finding needs a note').max(4000),
    }),
  ),
  'comparisons.delete': out<null>()(z.object({ id: comparisonIdSchema })),

  /** Newest first. */
  'sweeps.list': out<Sweep[]>()(none),
  'sweeps.get': out<SweepResult>()(z.object({ id: sweepIdSchema })),
  /** Its runs are ordinary runs, started one after the other by the sweep's job; cancelling that pauses the sweep. */
  'sweeps.start': out<Sweep>()(sweepConfigSchema),
  /** Goes on where it stood: nothing is trained twice. */
  'sweeps.resume': out<Sweep>()(z.object({ id: sweepIdSchema })),

  /** The catalogue, then what was taken in. */
  'weights.list': out<WeightsInfo[]>()(none),
  /** Downloads an entry of the catalogue; the job's result is its WeightsInfo. */
  'weights.get': out<JobId>()(
    z.object({ name: z.string().min(1).max(200), sha256: startSchema.shape.sha256.optional() }),
  ),
  'weights.import': out<WeightsInfo>()(z.object({ file: fileRefSchema })),
  /** Takes in what a run of this project has learnt; the job's result is its WeightsInfo. */
  'weights.ofRun': out<JobId>()(z.object({ runId: runIdSchema })),
  /** Which tensors a run of this model would start from; an error says what does not fit. */
  'weights.fit': out<StartFit>()(
    z.object({
      start: startSchema,
      config: runConfigSchema.pick({ model: true, sizePx: true, settings: true }),
      classes: z.int().min(1).max(100_000),
    }),
  ),

  'jobs.list': out<Job[]>()(none),
  'jobs.cancel': out<null>()(z.object({ id: jobIdSchema })),
};

export type Api = typeof api;
export type Method = keyof Api;
export type Input<M extends Method> = z.input<Api[M]['input']>;
export type Parsed<M extends Method> = z.output<Api[M]['input']>;
export type Output<M extends Method> = Api[M]['output'];

/** News from the core. A client that was away asks anew; no event is needed to be right. */
export interface Events {
  job: Job;
  step: LiveStep;
  epoch: { runId: RunId; metrics: EpochMetrics };
  run: Run;
  /** Something of the open project changed beyond the caller's own answer. */
  project: { id: ProjectId; what: 'images' | 'classes' | 'splits' | 'runs' | 'comparisons' | 'sweeps' };
  /** An edit was committed: the status bar says so. */
  saved: { at: number };
}
export type EventName = keyof Events;

/** One message of the transport, in either direction. */
export type ClientMessage = { id: number; method: Method; input: unknown };
export type ServerMessage = { id: number; answer: Answer<unknown> } | { event: EventName; data: unknown };

export type { ComparisonId, FileRef, ImageId, JobId, ProjectId, RunId, SweepId };
