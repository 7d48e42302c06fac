// Everything that use cases are given, made for one start of the app.

import { AppError } from '../contracts/errors.ts';
import { makeFolder, PRIVATE } from '../files/write-file.ts';
import type { Context, CoreOptions } from './context.ts';
import { openDevices } from './devices.ts';
import { allowedRoots, openFiles } from './file-refs.ts';
import { openJobs } from './jobs.ts';
import { openPreferences } from './preferences.ts';
import { openKnownProjects } from './known-projects.ts';
import { openRecentProjects } from './recent-projects.ts';
import { openSharedWork } from './shared-work.ts';
import { tidyUnfinished } from './unfinished.ts';
import { openWorkers } from './worker-pool.ts';

export function openContext(options: CoreOptions): Context {
  makeFolder(options.dataFolder, PRIVATE);
  tidyUnfinished(options.dataFolder);
  const { emit } = options;
  const workers = openWorkers(options.worker, options.trainers);
  const context: Context = {
    options,
    emit,
    files: openFiles(allowedRoots(options.dataFolder, options.roots)),
    recent: openRecentProjects(options.dataFolder),
    known: openKnownProjects(options.dataFolder),
    preferences: openPreferences(options.dataFolder),
    jobs: openJobs(emit, { training: options.trainers ?? 1 }),
    workers,
    devices: openDevices(workers),
    explaining: openSharedWork(),
    converting: openSharedWork(),
    current: null,
    project() {
      if (!context.current)
        throw new AppError('conflict', 'no project is open', { reason: 'open or make one first' });
      return context.current;
    },
  };
  return context;
}
