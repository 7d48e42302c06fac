// Choosing files and folders: the folder browser of the host and the native dialog of the shell.

import { AppError } from '../contracts/errors.ts';
import type { Handlers } from './context.ts';

export const fileHandlers: Handlers<'files.browse' | 'files.pick'> = {
  'files.browse': ({ files }, { folder }) => files.browse(folder),
  'files.pick': async ({ files, options }, { kind, title }) => {
    if (!options.pick)
      throw new AppError('unavailable', 'there is no native dialog here', { reason: 'running in a browser' });
    const chosen = await options.pick(kind, title);
    return chosen === null ? null : files.refer(chosen);
  },
};
