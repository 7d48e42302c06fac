// What every use case is given, and the form of a use case: a function from checked input to output.

import type { Method, Output, Parsed } from '../contracts/api.ts';
import type { ExplainOutcome } from '../contracts/worker-protocol.ts';
import type { Devices } from './devices.ts';
import type { Emit } from './events.ts';
import type { Files } from './file-refs.ts';
import type { Jobs } from './jobs.ts';
import type { OpenProject } from './open-project.ts';
import type { Preferences } from './preferences.ts';
import type { KnownProjects } from './known-projects.ts';
import type { RecentProjects } from './recent-projects.ts';
import type { SharedWork } from './shared-work.ts';
import type { Workers } from './worker-pool.ts';

export interface CoreOptions {
  /** Absolute; made if absent. Holds preferences, the list of recent projects, and new projects. */
  dataFolder: string;
  /** Node to run workers with, and the worker's entry file. */
  worker: { node: string; entry: string };
  /** Holds the weights that come with the app. */
  weightsFolder: string;
  /** Runs that are trained side by side, each on its share of the threads. */
  trainers?: number;
  emit: Emit;
  version: string;
  shell: 'electron' | 'browser';
  mediaPrefix: string;
  mediaSuffix: string;
  /** Absolute; folders that may be listed beside the usual ones. */
  roots?: readonly string[];
  /** Native dialog; null in the browser. Gives an absolute path, or null if the person closed it. */
  pick: ((kind: 'folder' | 'file', title: string) => Promise<string | null>) | null;
}

export interface Context {
  options: CoreOptions;
  emit: Emit;
  files: Files;
  recent: RecentProjects;
  known: KnownProjects;
  preferences: Preferences;
  jobs: Jobs;
  workers: Workers;
  devices: Devices;
  /** Heat maps that are being made. */
  explaining: SharedWork<ExplainOutcome>;
  /** Thumbnails and copies that are being made, by file. */
  converting: SharedWork<void>;
  /** The open project, if there is one. */
  current: OpenProject | null;
  /** The open project; AppError 'conflict' if none is. */
  project(): OpenProject;
}

/** @param signal  aborted when nobody waits for the answer any more */
type Handler<M extends Method> = (
  context: Context,
  input: Parsed<M>,
  signal: AbortSignal,
) => Output<M> | Promise<Output<M>>;
export type Handlers<M extends Method = Method> = { [K in M]: Handler<K> };
