// The whole boundary: every call that the renderer (or any client of the host) can make, and every event
// that the core sends. Inputs are checked against these schemas on arrival; outputs are types only,
// since the core that makes them is ours. Each noun declares its own calls.

import type { z } from 'zod';
import { annotationCalls } from './annotations.ts';
import { appCalls } from './app.ts';
import { attackCalls } from './attacks.ts';
import { classCalls } from './classes.ts';
import { comparisonCalls } from './comparisons.ts';
import { demoCalls } from './demo.ts';
import { deviceCalls } from './devices.ts';
import type { Answer } from './errors.ts';
import { evaluationCalls } from './evaluations.ts';
import { explanationCalls } from './explanations.ts';
import { exportCalls } from './exports.ts';
import { fileCalls } from './files.ts';
import type { ProjectId, RunId } from './ids.ts';
import { imageCalls } from './images.ts';
import { importCalls } from './imports.ts';
import { jobCalls, type Job } from './jobs.ts';
import { methodCalls } from './methods.ts';
import { metricCalls } from './metrics.ts';
import { projectCalls } from './projects.ts';
import { runCalls, type EpochMetrics, type LiveStep, type Run } from './runs.ts';
import { splitCalls } from './splits.ts';
import { sweepCalls } from './sweeps.ts';
import { weightsCalls } from './weights.ts';

export const api = {
  ...appCalls,
  ...deviceCalls,
  ...methodCalls,
  ...fileCalls,
  ...projectCalls,
  ...importCalls,
  ...exportCalls,
  ...imageCalls,
  ...annotationCalls,
  ...classCalls,
  ...splitCalls,
  ...runCalls,
  ...evaluationCalls,
  ...metricCalls,
  ...explanationCalls,
  ...attackCalls,
  ...comparisonCalls,
  ...sweepCalls,
  ...weightsCalls,
  ...demoCalls,
  ...jobCalls,
};

type Api = typeof api;
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
  project: {
    id: ProjectId;
    what: 'images' | 'classes' | 'splits' | 'runs' | 'comparisons' | 'sweeps' | 'damage';
  };
  /** An edit was committed: the status bar says so. */
  saved: { at: number };
}
export type EventName = keyof Events;

/** One message of the transport, in either direction. Ids are the client's, each given once. */
export type ClientMessage =
  | { id: number; method: Method; input: unknown }
  /** Nobody waits for this call any more: it ends soon, and its answer is the error 'cancelled'. */
  | { cancel: number };
export type ServerMessage = { id: number; answer: Answer<unknown> } | { event: EventName; data: unknown };
