// The core: every call of the boundary, checked on arrival and answered without ever throwing. Shell, host
// and command line each make one and put it behind their own door.

import type { z } from 'zod';
import { api, type Input, type Method, type Output } from '../contracts/api.ts';
import { AppError, toErrorRecord, type Answer } from '../contracts/errors.ts';
import { issueLine } from '../contracts/issues.ts';
import type { DeviceInfo, DeviceChoice } from '../contracts/devices.ts';
import type { FileRef, JobId } from '../contracts/ids.ts';
import type { Job } from '../contracts/jobs.ts';
import { makeFolder } from '../files/write-file.ts';
import { storageError } from '../storage/database.ts';
import { annotationHandlers } from './annotations.ts';
import { appHandlers } from './app.ts';
import { classHandlers } from './classes.ts';
import { comparisonHandlers } from './comparisons.ts';
import type { Context, CoreOptions, Handlers } from '../core/context.ts';
import { chooseDevice, devices, doctorHandlers, type ChosenDevice } from './doctor.ts';
import { evaluationHandlers } from './evaluations.ts';
import { explanationHandlers } from './explanations.ts';
import { exportHandlers } from './exports.ts';
import { allowedRoots, openFiles } from '../core/file-refs.ts';
import { imageHandlers, mediaOf, type Media } from './images.ts';
import { importHandlers } from './imports.ts';
import { openJobs } from '../core/jobs.ts';
import { methodHandlers } from './methods.ts';
import { modelExportHandlers } from './model-exports.ts';
import { openPreferences } from '../core/preferences.ts';
import { closeCurrent, projectHandlers } from './projects.ts';
import { openRecentProjects } from '../core/recent-projects.ts';
import { runHandlers } from './runs.ts';
import { sampleHandlers } from './sample.ts';
import { splitHandlers } from './splits.ts';
import { sweepHandlers } from './sweeps.ts';
import { weightsHandlers } from './weights.ts';
import { openWorkers } from '../core/worker-pool.ts';

export type { CoreOptions } from '../core/context.ts';
export type { Media } from './images.ts';

export interface Core {
  /** Answers any call; whatever goes wrong is an answer, too. */
  handle(method: unknown, input: unknown): Promise<Answer<unknown>>;
  /** The same for callers of this process, typed. @throws AppError */
  call<M extends Method>(method: M, input: Input<M>): Promise<Output<M>>;
  /** The file behind a picture's address; null if there is none. */
  media(kind: 'image' | 'thumbnail', id: number): Promise<Media | null>;
  /** A reference to a path that a person chose in a native dialog or typed in a terminal. */
  refer(path: string): FileRef;
  /** A job once it has ended. */
  jobEnded(id: JobId): Promise<Job>;
  /** Tries every device. */
  devices(): Promise<DeviceInfo[]>;
  /** What training on `asked` would use. @throws AppError 'unavailable' */
  chooseDevice(asked: DeviceChoice, before?: string): Promise<ChosenDevice>;
  /** What other parts of the composition need of it. */
  context: Context;
  /** Ends workers and closes the project. Runs that were going on can be resumed. */
  close(): Promise<void>;
}

const handlers: Handlers = {
  ...annotationHandlers,
  ...appHandlers,
  ...classHandlers,
  ...comparisonHandlers,
  ...doctorHandlers,
  ...evaluationHandlers,
  ...explanationHandlers,
  ...exportHandlers,
  ...imageHandlers,
  ...importHandlers,
  ...methodHandlers,
  ...modelExportHandlers,
  ...projectHandlers,
  ...runHandlers,
  ...sampleHandlers,
  ...splitHandlers,
  ...sweepHandlers,
  ...weightsHandlers,
};

export function createCore(options: CoreOptions): Core {
  makeFolder(options.dataFolder);
  const { emit } = options;
  const context: Context = {
    options,
    emit,
    files: openFiles(allowedRoots(options.dataFolder)),
    recent: openRecentProjects(options.dataFolder),
    preferences: openPreferences(options.dataFolder),
    jobs: openJobs(emit, { training: options.trainers ?? 1 }),
    workers: openWorkers(options.worker, options.trainers),
    current: null,
    project() {
      if (!context.current)
        throw new AppError('conflict', 'no project is open', { reason: 'open or make one first' });
      return context.current;
    },
  };

  const answer = async (method: unknown, input: unknown): Promise<unknown> => {
    if (typeof method !== 'string' || !Object.hasOwn(api, method))
      throw new AppError('bad-input', `there is no call ${JSON.stringify(method)?.slice(0, 80)}`);
    const parsed = api[method as Method].input.safeParse(input ?? undefined);
    if (!parsed.success)
      throw new AppError('bad-input', `${method}: ${inOneLine(parsed.error)}`, {
        place: parsed.error.issues[0].path.join('.'),
      });
    const handler = handlers[method as Method] as (context: Context, input: unknown) => unknown;
    return handler(context, parsed.data);
  };

  return {
    context,
    async handle(method, input) {
      try {
        return { ok: true, value: await answer(method, input) };
      } catch (thrown) {
        const error = toErrorRecord(storageError(thrown));
        // A bug leaves its trace where the person who reports it can find it.
        if (error.code === 'internal') console.error(thrown);
        return { ok: false, error };
      }
    },
    async call(method, input) {
      try {
        return (await answer(method, input)) as Output<typeof method>;
      } catch (thrown) {
        throw storageError(thrown);
      }
    },
    media: (kind, id) => mediaOf(context, kind, id),
    refer: (path) => context.files.refer(path),
    jobEnded: (id) => context.jobs.ended(id),
    devices: () => devices(context),
    chooseDevice: (asked, before) => chooseDevice(context, asked, before),
    async close() {
      context.workers.close();
      for (const job of context.jobs.active()) context.jobs.cancel(job.id);
      context.current?.store.runs.interruptAll();
      closeCurrent(context);
    },
  };
}

/** "limit must be 500 or less"; the first three of them. */
const inOneLine = (error: z.ZodError): string => error.issues.slice(0, 3).map(issueLine).join('; ');
