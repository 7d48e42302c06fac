// Long work. A job lives in the core, so it survives a reload of the window.

import { z } from 'zod';
import { none, reads } from './call.ts';
import type { ErrorRecord } from './errors.ts';
import { jobIdSchema, type JobId, type RunId } from './ids.ts';

export type JobKind =
  'import' | 'export' | 'weights' | 'train' | 'evaluate' | 'sample' | 'report' | 'download' | 'sweep';
type JobState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';

export interface Job {
  id: JobId;
  kind: JobKind;
  /** What a person would call it: "Import of tiny-imagenet-10", "Run 5". */
  title: string;
  state: JobState;
  done: number;
  /** 0 while unknown. */
  total: number;
  /** What `done` counts: "pictures", "epochs". */
  unit: string;
  /** What is happening now, or the last word when it ended. */
  note: string;
  startedAt: number;
  /** Estimated; null while unknown or ended. */
  secondsLeft: number | null;
  error: ErrorRecord | null;
  runId: RunId | null;
  /** What the job was for, once done: ImportResult of an import, {projectId} of a sample. */
  result: unknown;
}

export const jobCalls = {
  'jobs.list': reads<Job[]>()(none),
  'jobs.cancel': reads<null>()(z.object({ id: jobIdSchema })),
};
