// Long work, as calls.

import type { Handlers } from './context.ts';

export const jobHandlers: Handlers<'jobs.list' | 'jobs.cancel'> = {
  'jobs.list': ({ jobs }) => jobs.list(),
  'jobs.cancel': ({ jobs }, { id }) => {
    jobs.cancel(id);
    return null;
  },
};
