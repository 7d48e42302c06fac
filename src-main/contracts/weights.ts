// Trained weights that a run can start from: files a person brought, what other runs have learnt, and the entries of a
// small catalogue.

import { z } from 'zod';

/** What a run started from, in its record: the hash says which file, whatever it is called later. */
export const startSchema = z.object({
  name: z.string().min(1).max(200),
  /** Of the weights file, hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type Start = z.infer<typeof startSchema>;

export interface WeightsInfo {
  name: string;
  origin: 'catalogue' | 'file' | 'run';
  /** Models that can start from it. */
  models: string[];
  /** Of the file; about, for one that is not here yet. */
  sizeBytes: number;
  /** As whoever published it says; null for a person's own. */
  licence: string | null;
  /** Null until it is here. */
  sha256: string | null;
}

/** How a weights file fits the model of a run. Names of tensors. */
export interface StartFit {
  loaded: number;
  /** Parts of the model that start anew, such as the classifier for other classes. */
  fresh: string[];
  /** Tensors of the file that the model has no use for. */
  skipped: string[];
}
