// Trained weights that a run can start from: those that come with the app, files a person brought, what other runs have
// learnt, and the entries of a small catalogue.

import { z } from 'zod';
import { none, reads, writesApp } from './call.ts';
import { fileRefSchema, runIdSchema, type JobId } from './ids.ts';
import { runConfigSchema, startSchema } from './runs.ts';
import type { Settings } from './settings.ts';

export interface WeightsInfo {
  name: string;
  /** 'bundled': comes with the app. */
  origin: 'bundled' | 'catalogue' | 'file' | 'run';
  /** Models that can start from it. */
  models: string[];
  /** Of the file; about, for one that is not here yet. */
  sizeBytes: number;
  /** As whoever published it says; null for a person's own. */
  licence: string | null;
  /** Null until it is here. */
  sha256: string | null;
  /** What a run that starts from them is set to where nothing else is said. */
  settings?: Partial<Settings>;
}

/** What runs of a model start from where nothing else is said: weights that come with the app; scratch without. */
export const usualStart = (weights: readonly WeightsInfo[], model: string): WeightsInfo | undefined =>
  weights.find(({ origin, models }) => origin === 'bundled' && models.includes(model));

/** How a weights file fits the model of a run. Names of tensors. */
export interface StartFit {
  loaded: number;
  /** Parts of the model that start anew, such as the classifier for other classes. */
  fresh: string[];
  /** Tensors of the file that the model has no use for. */
  skipped: string[];
}

export const weightsCalls = {
  /** What comes with the app, the catalogue, then what was taken in. */
  'weights.list': reads<WeightsInfo[]>()(none),
  /** Downloads an entry of the catalogue; the job's result is its WeightsInfo. */
  'weights.get': writesApp<JobId>()(
    z.object({ name: z.string().min(1).max(200), sha256: startSchema.shape.sha256.optional() }),
  ),
  'weights.import': writesApp<WeightsInfo>()(z.object({ file: fileRefSchema })),
  /** Takes in what a run of this project has learnt; the job's result is its WeightsInfo. */
  'weights.ofRun': writesApp<JobId>()(z.object({ runId: runIdSchema })),
  /** Which tensors a run of this model would start from; an error says what does not fit. */
  'weights.fit': reads<StartFit>()(
    z.object({
      start: startSchema,
      config: runConfigSchema.pick({ model: true, sizePx: true, settings: true }),
      classes: z.int().min(1).max(100_000),
    }),
  ),
};
