// Calls of the running app itself: what it is and can do, choosing files and folders, long work, and preferences of
// the window.

import { AppError } from '../contracts/errors.ts';
import type { AppInfo } from '../contracts/app.ts';
import type { Context, Handlers } from '../core/context.ts';

export const appHandlers: Handlers<
  | 'app.info'
  | 'devices.list'
  | 'devices.choose'
  | 'files.browse'
  | 'files.pick'
  | 'jobs.list'
  | 'jobs.cancel'
  | 'settings.get'
  | 'settings.set'
> = {
  'app.info': (context) => info(context),
  'devices.list': ({ devices }) => devices.all(),
  'devices.choose': ({ devices }, { device, before }) => devices.choose(device, before),

  // The folder browser of the host and the native dialog of the shell.
  'files.browse': ({ files }, { folder }) => files.browse(folder),
  'files.pick': async ({ files, options }, { kind, title }) => {
    if (!options.pick)
      throw new AppError('unavailable', 'there is no native dialog here', { reason: 'running in a browser' });
    const chosen = await options.pick(kind, title);
    return chosen === null ? null : files.refer(chosen);
  },

  'jobs.list': ({ jobs }) => jobs.list(),
  'jobs.cancel': ({ jobs }, { id }) => {
    jobs.cancel(id);
    return null;
  },

  'settings.get': ({ preferences }) => preferences.all(),
  'settings.set': async ({ preferences }, { key, value }) => {
    await preferences.set(key, value);
    return null;
  },
};

function info({ options, devices }: Context): AppInfo {
  const { version, shell, mediaPrefix, mediaSuffix } = options;
  return {
    version,
    node: process.versions.node,
    shell,
    mediaPrefix,
    mediaSuffix,
    // The window asks for this before it draws anything, so it does not wait for the trials.
    devices: devices.known(),
  };
}
