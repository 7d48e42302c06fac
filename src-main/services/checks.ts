// Which process checks a configuration: the one that is to train it, unless that is busy with another run.

import type { WorkerCalls } from '../contracts/worker-protocol.ts';
import type { Context } from '../core/context.ts';

type Check = 'checkConfig' | 'obstacles' | 'fit';

export const workerForChecks =
  (context: Context) =>
  <C extends Check>(check: C, input: WorkerCalls[C]['input']): Promise<WorkerCalls[C]['output']> => {
    const isBusy = context.jobs.active().some(({ kind }) => kind === 'train' || kind === 'evaluate');
    return context.workers.call(isBusy ? 'interactive' : 'training', check, input).value;
  };
